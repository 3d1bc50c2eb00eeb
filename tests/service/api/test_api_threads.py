from __future__ import annotations

import pytest
from starlette.testclient import TestClient


def test_threads_come_last_active_first_with_their_sizes(client: TestClient) -> None:
    body = client.get("/api/v1/threads", params={"limit": 2}).json()
    first, second = body["data"]
    assert (first["id"], second["id"]) == (12, 11)
    assert first["channel"] == "lounge"
    assert first["title"] is None
    assert first["last_post_at"] == "2026-02-28T00:00:00Z"
    rest = client.get("/api/v1/threads", params={"cursor": body["next_cursor"]}).json()
    assert [row["id"] for row in rest["data"]] == list(range(10, 0, -1))  # 20 is private
    assert rest["next_cursor"] is None
    sizes = [row["posts"] for row in body["data"] + rest["data"]]
    assert sum(sizes) == 196


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"channel": "editor"}, [10, 6, 2]),
        ({"source": "chat"}, [12, 8, 4]),
        ({"source": "chat", "channel": "editor"}, []),
    ],
)
def test_filters(client: TestClient, filters: dict[str, str], found: list[int]) -> None:
    body = client.get("/api/v1/threads", params=filters).json()
    assert [row["id"] for row in body["data"]] == found


def test_a_thread_comes_with_its_posts_oldest_first(client: TestClient) -> None:
    body = client.get("/api/v1/threads/2", params={"limit": 10}).json()
    assert body["thread"]["title"] == "Editor shortcuts, part 2"
    assert body["thread"]["people"] <= body["thread"]["posts"]
    rest = client.get("/api/v1/threads/2", params={"cursor": body["next_cursor"]}).json()
    times = [row["created_at"] for row in body["data"] + rest["data"]]
    assert times == sorted(times)
    assert len(times) == body["thread"]["posts"]
    assert {row["thread"]["id"] for row in body["data"]} == {2}


def test_a_cursor_of_one_thread_is_foreign_to_another(client: TestClient) -> None:
    cursor = client.get("/api/v1/threads/2", params={"limit": 1}).json()["next_cursor"]
    answer = client.get("/api/v1/threads/1", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("thread", [20, 999])
def test_private_and_missing_threads_are_not_found(client: TestClient, thread: int) -> None:
    assert client.get(f"/api/v1/threads/{thread}").status_code == 404
