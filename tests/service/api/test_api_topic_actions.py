"""What people decide about topics over HTTP: who may, repeated and at once, undone and audited."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from service import auth
from service.db.session import open_database
from tests.service import http_store
from tests.service.conftest import open_client

API = "/api/v1/topics"


def listed(client: TestClient, **params: Any) -> list[int]:
    return [row["id"] for row in client.get(API, params=params).json()["data"]]


def post(client: TestClient, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    answer = client.post(f"{API}{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def patch(client: TestClient, topic: int, **body: Any) -> dict[str, Any]:
    answer = client.patch(f"{API}/{topic}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_name_is_what_a_topic_is_called_everywhere(own: TestClient) -> None:
    done = patch(own, 1, name="Sync trouble")
    assert (done["changed"], done["posts"]) == (True, 0)
    assert (done["topics"][0]["label"], done["topics"][0]["machine_label"]) == (
        "Sync trouble", "Offline sync on the phone",
    )  # fmt: skip
    assert not patch(own, 1, name="Sync trouble")["changed"]
    one = own.get(f"{API}/1").json()
    assert one["lineage"][0]["told"] == "named “Sync trouble”, by local"
    assert one["lineage"][0]["undoable"]
    posts = own.get("/api/v1/posts", params={"topic": 1}).json()["data"]
    assert {row["topic"]["label"] for row in posts} == {"Sync trouble"}
    related = own.get(f"{API}/2").json()["related"]
    assert "Sync trouble" in {row["label"] for row in related}
    moods = own.get("/api/v1/moods").json()["data"]
    assert "Offline sync on the phone" not in {row["name"] for row in moods}
    assert "Sync trouble" in own.get("/topics/1").text
    patch(own, 1, name=None)
    assert own.get(f"{API}/1").json()["label"] == "Offline sync on the phone"


def test_hidden_topics_are_in_no_list(own: TestClient) -> None:
    assert patch(own, 3, hidden=True)["topics"][0]["hidden"]
    assert listed(own) == [2, 1]
    assert listed(own, hidden=True) == [2, 3, 1]
    assert own.get(f"{API}/3").json()["hidden"]
    assert 3 not in {row["id"] for row in own.get(f"{API}/1").json()["related"]}
    assert 3 not in {row["id"] for row in own.get("/api/v1/moods").json()["data"]}
    areas = own.get(f"{API}/areas").json()["data"]
    assert [area["topics"] for area in areas] == [[2], [1]]
    assert "Somebody hid this topic" in own.get("/topics/3").text


def test_pinned_topics_come_first(own: TestClient) -> None:
    patch(own, 2, pinned=False)
    both = patch(own, 1, pinned=True, name="First")
    assert [event["kind"] for event in both["events"]] == ["renamed", "pinned"]
    assert listed(own) == [1, 2, 3]
    first = own.get(API, params={"limit": 1}).json()
    assert first["data"][0]["pinned"]
    assert listed(own, cursor=first["next_cursor"]) == [2, 3]


def test_topics_of_an_area(client: TestClient) -> None:
    areas = client.get(f"{API}/areas").json()["data"]
    assert [(area["label"], area["topics"], area["posts"]) for area in areas] == [
        ("Writing", [2, 3], 138), ("Apps", [1], 23),
    ]  # fmt: skip
    assert listed(client, area=1) == [1]
    assert client.get(API, params={"area": 2}).json()["data"][0]["area"] == {
        "id": 2, "label": "Writing",
    }  # fmt: skip


def test_a_merge_and_its_undoing(own: TestClient) -> None:
    before = own.get(API).json()["data"]
    done = post(own, "/2/merge", {"other": 1})
    assert [row["id"] for row in done["topics"]] == [2, 1]
    assert done["topics"][0]["posts"] == 92
    assert not post(own, "/2/merge", {"other": 1})["changed"]
    assert listed(own) == [2, 3]
    gone = own.get(f"{API}/1").json()
    assert (gone["merged_into"], gone["posts"]) == (2, 0)
    assert "merged into <a" in own.get("/topics/1").text
    assert own.get(f"{API}/2").json()["lineage"][0]["kind"] == "merged"
    undone = post(own, f"/events/{done['events'][0]['id']}/undo")
    assert undone["events"][0]["kind"] == "undone"
    assert own.get(API).json()["data"] == before


def test_a_split_with_a_key_is_done_once(own: TestClient) -> None:
    first = post(own, "/2/split", {"posts": [1, 5]}, **{"Idempotency-Key": "split-1"})
    again = post(own, "/2/split", {"posts": [1, 5]}, **{"Idempotency-Key": "split-1"})
    assert first == again
    assert len(listed(own)) == 4
    child = first["topics"][1]
    assert child["posts"] == 2
    assert own.get(f"{API}/{child['id']}").json()["parent"] == 2
    other = own.post(f"{API}/2/split", json={"posts": [1]}, headers={"Idempotency-Key": "split-1"})
    assert other.json()["code"] == "conflict"


def test_posts_are_moved_and_taken_out(own: TestClient) -> None:
    done = post(own, "/1/posts", {"posts": [1, 2]})
    assert (done["posts"], done["topics"][0]["id"]) == (2, 1)
    assert "places" not in done["events"][0]["evidence"]
    assert own.get("/api/v1/posts/1").json()["topic"]["id"] == 1
    out = post(own, "/1/posts", {"posts": [1], "outside": True})
    assert out["changed"]
    assert own.get("/api/v1/posts/1").json()["topic"] is None
    assert own.post(f"{API}/1/posts", json={"posts": [6], "outside": True}).status_code == 422
    post(own, f"/events/{out['events'][0]['id']}/undo")
    assert own.get("/api/v1/posts/1").json()["topic"]["id"] == 1


def test_what_cannot_be_is_refused(own: TestClient) -> None:
    for body in ({}, {"name": ""}, {"name": "x" * 121}, {"pinned": 1}, {"color": "red"}):
        assert own.patch(f"{API}/1", json=body).status_code == 422, body
    for path, body, status in (
        ("/1/merge", {"other": 1}, 409), ("/1/merge", {"other": "2"}, 422),
        ("/1/merge", {"other": 99}, 404), ("/99/split", {}, 404), ("/1/posts", {"posts": []}, 422),
        ("/events/1/undo", None, 409), ("/events/99/undo", None, 404),
    ):  # fmt: skip
        assert own.post(f"{API}{path}", json=body).status_code == status, path


def test_who_may_only_read_changes_nothing(store: Path) -> None:
    database = open_database(http_store.settings(store).url)
    with database.write() as session:
        reader = auth.make_key(session, "reader", ["read"], http_store.NOW)
        writer = auth.make_key(session, "writer", ["read", "write"], http_store.NOW)
    database.close()
    with open_client(store) as client:
        for path, body in (("/1/merge", {"other": 2}), ("/1/split", {}), ("/events/2/undo", None)):
            answer = client.post(f"{API}{path}", json=body,
                                 headers={"Authorization": f"Bearer {reader}"})  # fmt: skip
            assert answer.status_code == 403
        headers = {"Authorization": f"Bearer {writer}"}
        done = client.patch(f"{API}/1", json={"name": "Ours"}, headers=headers).json()
        assert done["events"][0]["actor"] == "writer"


def test_decisions_are_in_the_audit(own: TestClient) -> None:
    done = patch(own, 1, name="Sync")
    newest = own.get("/api/v1/audit").json()["data"][0]
    assert (newest["action"], newest["target"]) == ("topic.renamed", "topic 1")
    assert newest["detail"]["event"] == done["events"][0]["id"]


def test_merges_at_once_are_one_merge(own: TestClient) -> None:
    def merge(_: int) -> bool:
        return bool(post(own, "/2/merge", {"other": 1})["changed"])

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(merge, range(4))) == 1
    assert own.get(f"{API}/2").json()["posts"] == 92
