from __future__ import annotations

import pytest
from starlette.testclient import TestClient


def ids(answer) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


def walk(client: TestClient, path: str, **params) -> list[int]:
    found: list[int] = []
    while True:
        answer = client.get(path, params=params)
        found += ids(answer)
        params["cursor"] = answer.json()["next_cursor"]
        if params["cursor"] is None:
            return found


def test_posts_come_newest_first_and_hidden_ones_never(client: TestClient) -> None:
    answer = client.get("/api/v1/posts", params={"limit": 3})
    body = answer.json()
    assert [row["id"] for row in body["data"]] == [196, 195, 194]
    assert body["data_as_of"] == "2026-02-28T09:46:00Z"
    assert body["data"][0]["author"] == {"id": 9, "name": "Ivo"}
    assert body["data"][0]["topic"] == {"id": 1, "label": "Offline sync on the phone"}
    every = walk(client, "/api/v1/posts", limit=200)
    assert 197 not in every  # in a private thread
    assert 198 not in every  # deleted


@pytest.mark.parametrize("limit", [1, 7, 50, 200])
def test_pages_join_to_the_whole_list_without_repeats(client: TestClient, limit: int) -> None:
    found = walk(client, "/api/v1/posts", limit=limit)
    assert len(found) == len(set(found)) == 196


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"channel": "lounge"}, 35),
        ({"source": "chat"}, 35),
        ({"author": "Ada"}, 16),
        ({"author": "ada"}, 0),
        ({"topic": 2}, 69),
        ({"topic": 99}, 0),
        ({"after": "2026-02-28"}, 12),
        ({"after": "2026-02-28T09:40:00Z", "before": "2026-02-28"}, 7),
        ({"before": "2025-12-22"}, 4),
        ({"before": "2025-12-22T00:00:00Z"}, 0),
        ({"after": "2025-12-22T10:03:00 01:00", "before": "2025-12-22"}, 2),
        ({"channel": "sync", "author": "Bo", "after": "2026-02-28"}, 1),
    ],
)
def test_filters(client: TestClient, filters: dict[str, object], count: int) -> None:
    assert len(walk(client, "/api/v1/posts", **filters)) == count


def test_a_post_has_its_reactions_and_what_it_answers(client: TestClient) -> None:
    first = client.get("/api/v1/posts/1").json()
    assert first["reactions"] == [{"name": "heart", "count": 4}, {"name": "tada", "count": 2}]
    second = client.get("/api/v1/posts/2").json()
    assert second["reply_to"] == 1
    assert second["edited_at"] == "2025-12-23T00:00:00Z"


@pytest.mark.parametrize("post", [197, 198, 999])
def test_hidden_posts_are_not_found(client: TestClient, post: int) -> None:
    answer = client.get(f"/api/v1/posts/{post}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_a_post_added_between_pages_moves_nothing(own: TestClient, store) -> None:
    from tests.service import http_store

    first = own.get("/api/v1/posts", params={"limit": 60}).json()
    http_store.double(store)
    rest = walk(own, "/api/v1/posts", limit=60, cursor=first["next_cursor"])
    seen = [row["id"] for row in first["data"]] + rest
    assert len(seen) == len(set(seen))
    assert set(range(1, 197)) <= set(seen)
