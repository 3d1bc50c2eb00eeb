from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.service import http_store
from tests.service.conftest import open_client


def test_topics_with_most_posts_come_first_and_shares_add_up(client: TestClient) -> None:
    body = client.get("/api/v1/topics").json()
    assert [(row["id"], row["posts"]) for row in body["data"]] == [(2, 69), (3, 69), (1, 23)]
    assert body["outliers"] == {"posts": 35, "share": 0.1786}
    assert sum(row["share"] for row in body["data"]) + 0.1786 == pytest.approx(1, abs=3e-4)
    assert body["fit"]["model"] == "test"
    assert body["data"][2]["last_post_at"] == "2026-02-28T09:46:00Z"
    posts = client.get("/api/v1/posts", params={"topic": 1, "limit": 200}).json()["data"]
    assert body["data"][2]["authors"] == len({post["author"]["id"] for post in posts})


def test_topics_come_in_pages(client: TestClient) -> None:
    first = client.get("/api/v1/topics", params={"limit": 2}).json()
    second = client.get("/api/v1/topics", params={"cursor": first["next_cursor"]}).json()
    assert [row["id"] for row in first["data"] + second["data"]] == [2, 3, 1]
    assert second["next_cursor"] is None


def test_a_topic_has_days_channels_neighbours_and_posts(client: TestClient) -> None:
    body = client.get("/api/v1/topics/1").json()
    assert len(body["series"]) == 56
    assert body["series"][-1] == {"day": "2026-02-28", "authors": 9}
    assert body["series"][0]["day"] == "2026-01-04"
    assert body["channels"][0]["channel"] == "sync"
    assert [row["id"] for row in body["related"]] == [2, 3]
    assert body["related"][0]["similarity"] == pytest.approx(0.36, abs=0.001)
    assert {row["topic"]["id"] for row in body["representatives"]} == {1}
    assert body["words"] == ["sync", "phone", "notebook"]


AS_OF = {"as_of": "2026-02-10"}


def test_topics_are_looked_at_as_of_a_day(client: TestClient) -> None:
    body = client.get("/api/v1/topics", params=AS_OF).json()
    # 51 days: on the editor and themes one a day, on sync every fifth day.
    assert [(row["id"], row["posts"]) for row in body["data"]] == [(2, 51), (3, 51), (1, 11)]
    assert body["outliers"] == {"posts": 26, "share": 0.1871}
    assert body["data"][0]["last_post_at"] == "2026-02-10T09:36:00Z"
    assert body["data_as_of"] == max(row["last_post_at"] for row in body["data"])
    paged = client.get("/api/v1/topics", params=AS_OF | {"limit": 2}).json()
    rest = client.get("/api/v1/topics", params=AS_OF | {"cursor": paged["next_cursor"]}).json()
    assert [row["id"] for row in rest["data"]] == [1]
    foreign = client.get("/api/v1/topics", params={"cursor": paged["next_cursor"]})
    assert foreign.json()["code"] == "bad_cursor"


def test_a_topic_is_looked_at_as_of_a_day(client: TestClient) -> None:
    body = client.get("/api/v1/topics/1", params=AS_OF).json()
    listed = client.get("/api/v1/topics", params=AS_OF).json()["data"][2]
    assert {name: body[name] for name in listed} == listed
    assert (body["series"][0]["day"], body["series"][-1]["day"]) == ("2025-12-17", "2026-02-10")
    assert sum(day["authors"] for day in body["series"]) == 11
    assert body["channels"] == [{"channel": "sync", "posts": 11}]
    made = [row["created_at"] for row in body["representatives"]]
    assert len(made) == 3
    early = client.get("/api/v1/topics/1", params={"as_of": made[1]}).json()
    assert [row["created_at"] for row in early["representatives"]] == made[:1]
    assert early["posts"] == 1
    noon = client.get("/api/v1/topics/1", params={"as_of": "2026-02-28T09:40:00Z"}).json()
    assert noon["series"][-1] == {"day": "2026-02-28", "authors": 2}


def test_as_of_before_every_post_there_is_nothing(client: TestClient) -> None:
    for as_of in ("1980-01-01", "2025-12-21"):
        params = {"as_of": as_of}
        body = client.get("/api/v1/topics", params=params).json()
        assert [row["posts"] for row in body["data"]] == [0, 0, 0]
        assert (body["outliers"], body["data_as_of"]) == ({"posts": 0, "share": 0}, None)
        one = client.get("/api/v1/topics/1", params=params).json()
        assert (one["posts"], one["first_post_at"], one["representatives"]) == (0, None, [])
        rising = client.get("/api/v1/topics/trending", params=params)
        assert (rising.status_code, rising.json()["data"]) == (200, [])


def test_a_missing_topic_is_not_found(client: TestClient) -> None:
    assert client.get("/api/v1/topics/99").status_code == 404


def test_before_a_run_the_answer_names_the_command(tmp_path: Path) -> None:
    http_store.empty(tmp_path).close()
    with open_client(tmp_path) as client:
        topics, trends = client.get("/api/v1/topics"), client.get("/api/v1/topics/trending")
        for answer, command in ((topics, "groundswell run"), (trends, "groundswell import")):
            assert (answer.status_code, answer.json()["code"]) == (503, "not_run")
            assert command in answer.json()["detail"]


def test_the_burst_is_what_rises(client: TestClient) -> None:
    body = client.get("/api/v1/topics/trending").json()
    first = body["data"][0]
    assert (first["topic_id"], first["observed"]) == (1, 9)
    assert first["expected"] < 2
    assert first["q"] < 0.1
    assert len(first["series"]) == 56
    assert first["people"]
    assert {post["topic"]["id"] for post in first["posts"]} == {1}
    assert body["data_as_of"].startswith("2026-02-28T09:")


def test_trends_are_looked_at_as_of_a_day(client: TestClient) -> None:
    body = client.get("/api/v1/topics/trending", params={"as_of": "2026-02-10"}).json()
    assert body["as_of"] == "2026-02-11T00:00:00Z"
