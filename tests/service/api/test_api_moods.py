"""Moods over HTTP: what service.mood tells, as it tells it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.service import http_store

PATH = "/api/v1/moods"


def told(client: TestClient, **params: Any) -> dict[str, Any]:
    answer = client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_moods_by_topic_are_shares_with_intervals(client: TestClient) -> None:
    body = told(client)
    facts = {name: value for name, value in body.items() if name != "data"}
    assert facts == {
        "next_cursor": None, "as_of": "2026-02-28T12:00:00Z", "data_as_of": "2026-02-28T09:46:00Z",
        "task": "sentiment", "model": "test-sentiment", "model_version": "1", "version": "mood-2",
        "level": 0.9, "by": "topic", "weeks": 4, "judged": 84, "corrected": 0, "unread": 0,
        "too_small": 1,
    }  # fmt: skip
    themes, editor = body["data"]
    assert (themes["id"], themes["name"], themes["posts"]) == (3, "Colour themes", 28)
    assert (editor["id"], editor["posts_before"]) == (2, 28)
    for row, most in ((themes, "positive"), (editor, "neutral")):
        shares = {share["label"]: share for share in row["shares"]}
        assert list(shares) == ["negative", "neutral", "positive"]
        assert sum(share["share"] for share in shares.values()) == pytest.approx(1, abs=2e-4)
        assert max(shares.values(), key=lambda share: share["share"])["label"] == most
        assert all(share["low"] <= share["share"] <= share["high"] for share in shares.values())
        assert all(share["direction"] is None for share in shares.values())  # nothing changed


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"by": "channel"}, ["editor", "themes"]),
        ({"by": "channel", "limit": 1}, ["editor"]),
        ({"by": "all"}, ["all"]),
        ({"by": "week"}, ["2026-02-28T12:00:00+00:00"]),
        ({"as_of": "2020-01-01"}, []),
    ],
)
def test_moods_by_other_things(client: TestClient, params: dict[str, Any], ids: list[Any]) -> None:
    assert [row["id"] for row in told(client, **params)["data"]] == ids


def test_what_people_say_counts(own: TestClient) -> None:
    before = told(own, by="all")["data"][0]["shares"][0]["share"]
    for post in (180, 181, 182, 183):
        own.put(f"/api/v1/posts/{post}/judgements/sentiment", json={"label": "negative"})
    body = told(own, by="all")
    assert body["corrected"] == 4
    assert body["data"][0]["shares"][0]["share"] > before + 0.03


@pytest.mark.parametrize("params", [{"by": "mood"}, {"weeks": 0}, {"weeks": 53}, {"as_of": "x"}])
def test_moods_that_cannot_be(client: TestClient, params: dict[str, Any]) -> None:
    answer = client.get(PATH, params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_before_a_run_there_is_no_mood(tmp_path) -> None:
    http_store.empty(tmp_path).close()
    with http_store.open_client(tmp_path) as client:
        answer = client.get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_run")
        assert client.get("/api/v1/judgements").json()["data"] == []
