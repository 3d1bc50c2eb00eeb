"""The moderators' queue over HTTP: what is listed to whom, and who came between."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update
from starlette.testclient import TestClient

from service import auth
from service.db.models import Flag, Post, Thread
from service.db.queries import flags
from service.db.session import Database, open_database
from tests.service import http_store
from tests.service.conftest import open_client

API = "/api/v1/conflicts"
NOW = http_store.NOW


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    found = open_database(http_store.settings(store).url)
    yield found
    found.close()


def listed(client: TestClient, **params: Any) -> list[int]:
    answer = client.get(API, params=params)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


def post(client: TestClient, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
    answer = client.post(f"{API}{path}", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_queue_is_in_the_order_in_which_to_read_it(client: TestClient) -> None:
    rows = client.get(API).json()["data"]
    assert [(row["id"], row["status"]) for row in rows] == [(1, "open"), (4, "claimed")]
    # 0.8 x (1 + 2 x 0.25 + 0.5), two days and two and a half hours old.
    assert rows[0]["priority"] == pytest.approx(1.6 * 2 ** (-50.5 / 24), abs=1e-4)
    assert rows[0]["reasons"] == [{
        "name": "you", "words": "A sentence begins with “you”.", "weight": 1.25, "post_id": 180,
        "start": 0, "end": 5, "sentence": "Which",
    }]  # fmt: skip
    assert client.get(API).json()["counts"] == {"claimed": 1, "dismissed": 1, "open": 1}


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"status": "any"}, [1, 2, 4]),
        ({"status": "dismissed"}, [2]),
        ({"status": "snoozed"}, []),
        ({"channel": "editor"}, [1]),
        ({"topic": 3, "status": "any"}, [2]),
        ({"claimed_by": "ann"}, [4]),
        ({"since": "2026-02-27"}, []),
        ({"since": "2026-02-26", "status": "any"}, [1, 2, 4]),
    ],
)
def test_filters(client: TestClient, params: dict[str, Any], ids: list[int]) -> None:
    assert sorted(listed(client, **params)) == ids


def test_pages_follow_each_other(client: TestClient) -> None:
    found, cursor = [], None
    while True:
        params = {"status": "any", "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = client.get(API, params=params).json()
        found += [row["id"] for row in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == listed(client, status="any")
    assert client.get(API, params={"cursor": "bm8"}).json()["code"] == "bad_cursor"


def test_a_flag_tells_why_and_what_is_like_it(client: TestClient) -> None:
    one = client.get(f"{API}/1").json()
    assert (one["raising_post"]["id"], one["turning_post"]["id"]) == (180, 1)
    assert one["curve"] == [{"post": 1, "heat": 0.25}, {"post": 180, "heat": 0.8}]
    assert [(row["id"], row["reason"]) for row in one["similar"]] == [(2, "technical")]
    assert (one["reviews"], one["changes"]) == ([], None)
    two = client.get(f"{API}/2").json()
    assert two["reviews"][0]["told"] == (
        "dismissed as a technical dispute by ann on 2026-02-28 11:00 UTC"
    )
    assert two["changes"] == {
        "since": "2026-02-28T11:00:00Z", "posts": 0, "edited": 0, "deleted": 0,
    }  # fmt: skip


def test_what_happened_after_a_verdict_shows(own: TestClient, database: Database) -> None:
    with database.write() as session:
        row = session.get_one(Post, 181)
        row.text = row.plain = "Softer words."
        row.edited_at = NOW
        session.get_one(Post, 2).deleted_at = NOW
        session.get_one(Post, 4).thread_id = row.thread_id
        session.get_one(Post, 196).thread_id = row.thread_id
    shown = own.get(f"{API}/2").json()
    counts = {name: shown["changes"][name] for name in ("posts", "edited", "deleted")}
    assert counts == {"posts": 1, "edited": 1, "deleted": 1}
    reason = shown["reasons"][0]
    assert (reason["sentence"], reason["start"], reason["end"]) == (None, 0, 0)
    assert shown["turning_post"] is None  # it was deleted
    assert [point["post"] for point in shown["curve"]] == [181]


def test_private_threads_are_left_out(client: TestClient, own: TestClient) -> None:
    assert client.get(f"{API}/3").json()["code"] == "not_found"
    assert client.get(f"{API}/3/reviews").status_code == 404
    assert 3 not in listed(client, status="any")
    for path, body in (
        ("/3/claim", {"revision": 1}), ("/3/reviews", {"revision": 1, "action": "confirm"}),
        ("/3/release", {"revision": 1}), ("/3/reviews/1/undo", None),
        ("/bulk", {"action": "claim", "flags": [1, 3]}),
    ):  # fmt: skip
        assert post(own, path, body, 404)["code"] == "not_found", path
    assert client.get(f"{API}/stats").json()["all"]["flags"] == 3


def test_a_thread_whose_posts_are_gone_is_left_out(own: TestClient, database: Database) -> None:
    with database.write() as session:
        for row in session.query(Post).filter_by(thread_id=2):
            row.deleted_at = NOW
        session.get_one(Thread, 3).visibility = "private"
    assert listed(own, status="any") == [4]
    assert own.get(f"{API}/1").status_code == 404


def test_who_came_between_is_told(own: TestClient) -> None:
    assert post(own, "/1/claim", {"revision": 1})["flag"]["revision"] == 2
    late = post(own, "/1/reviews", {"revision": 1, "action": "confirm"}, 409)
    assert (late["code"], late["title"]) == ("stale", "Changed meanwhile")
    assert "claimed by local on 2026-02-28 12:00 UTC" in late["detail"]
    done = post(own, "/1/reviews", {"revision": 2, "action": "dismiss", "reason": "banter"})
    assert (done["flag"]["status"], done["flag"]["reason"]) == ("dismissed", "banter")
    undone = post(own, f"/1/reviews/{done['review']['id']}/undo")
    assert (undone["flag"]["status"], undone["flag"]["claimed_by"]) == ("claimed", "local")
    assert post(own, "/1/release", {"revision": 4})["flag"]["status"] == "open"


def test_a_withdrawal_says_by_which_heat(own: TestClient, database: Database) -> None:
    evidence = {"heat": 0.125, "threshold": 0.5, "posts": 3, "post_id": 180}
    with database.write() as session:
        flags.withdraw(session, session.get_one(Flag, 1), NOW, evidence)
    [review] = own.get(f"{API}/1/reviews").json()["data"]
    assert review["evidence"] == {"heat": 0.125, "threshold": 0.5, "posts": 3}
    assert review["told"].endswith("by a run on 2026-02-28 12:00 UTC (heat 0.12, threshold 0.50)")
    assert own.get(f"{API}/2/reviews").json()["data"][0]["evidence"] is None
    done = post(own, "/1/reviews", {"revision": 1, "action": "confirm"})
    assert (done["withdrawn"], done["review"]["evidence"]) == (True, None)


def test_an_older_archive_is_shown_as_of_its_newest_post(
    own: TestClient, database: Database
) -> None:
    with database.write() as session:
        for model in (Post.created_at, Flag.newest_at):
            old = model.class_
            session.execute(update(old).values({model.key: datetime(2015, 3, 1, tzinfo=UTC)}))
        for row in session.scalars(select(Flag)):
            row.rank = flags.rank_of(row)
    rows = own.get(API).json()["data"]
    assert [row["priority"] for row in rows] == pytest.approx([1.6, 1.05], abs=1e-3)
    claimed = post(own, "/1/claim", {"revision": 1})["flag"]
    assert claimed["priority"] == own.get(f"{API}/1").json()["priority"] == rows[0]["priority"]


def test_a_flag_of_somebody_else_is_theirs(own: TestClient) -> None:
    said = post(own, "/4/reviews", {"revision": 2, "action": "confirm"}, 409)
    assert said["code"] == "conflict"
    assert "claimed by ann" in said["detail"]
    assert "release it first" in said["detail"]


def test_a_snoozed_flag_comes_back(own: TestClient, database: Database) -> None:
    until = (NOW + timedelta(hours=1)).isoformat()
    post(own, "/1/reviews", {"revision": 1, "action": "snooze", "until": until})
    assert (listed(own), listed(own, status="snoozed")) == ([4], [1])
    with database.write() as session:
        session.get_one(Flag, 1).snoozed_until = NOW
    assert (listed(own), listed(own, status="snoozed")) == ([1, 4], [])
    assert own.get(f"{API}/1").json()["status"] == "open"
    assert own.get(API).json()["counts"]["open"] == 1


def test_many_at_once_after_a_preview(own: TestClient) -> None:
    step = {"action": "dismiss", "reason": "technical", "flags": [1, 2, 4]}
    shown = post(own, "/bulk", step)
    assert not shown["applied"]
    assert [row["after"] for row in shown["data"]] == ["dismissed", "dismissed", "claimed"]
    assert listed(own) == [1, 4]
    done = post(own, "/bulk", step | {"token": shown["token"]})
    assert done["applied"]
    assert done["data"][0]["review"] is not None
    assert "claimed by ann" in done["data"][2]["refused"]
    assert listed(own) == [4]
    again = post(own, "/bulk", step | {"token": shown["token"]}, 409)
    assert (again["code"], "dismissed" in again["detail"]) == ("stale", True)
    assert post(own, "/bulk", step | {"token": "x"}, 422)["code"] == "invalid_input"


def test_a_key_makes_it_safe_to_send_again(own: TestClient) -> None:
    body, key = {"revision": 1, "action": "confirm"}, {"Idempotency-Key": "c-1"}
    first = post(own, "/1/reviews", body, **key)
    post(own, f"/1/reviews/{first['review']['id']}/undo")
    assert post(own, "/1/reviews", body, **key) == first
    assert own.get(f"{API}/1").json()["status"] == "open"
    assert post(own, "/1/reviews", body | {"revision": 3}, 409, **key)["code"] == "conflict"


def test_what_cannot_be_is_refused(own: TestClient) -> None:
    for path, body in (
        ("/1/reviews", {"revision": 1, "action": "burn"}), ("/1/reviews", {"action": "confirm"}),
        ("/1/reviews", {"revision": "1", "action": "confirm"}), ("/1/claim", {"revision": 0}),
        ("/1/reviews", {"revision": 1, "action": "snooze"}),
        ("/1/reviews", {"revision": 1, "action": "snooze", "until": "2026-03-05T00:00:00"}),
        ("/1/reviews", {"revision": 1, "action": "confirm", "reason": "banter"}),
        ("/1/reviews", {"revision": 1, "action": "confirm", "note": "x" * 501}),
        ("/bulk", {"action": "claim", "flags": list(range(1, 102))}),
    ):  # fmt: skip
        assert post(own, path, body, 422)["code"] == "invalid_input", (path, body)


def test_who_may_only_read_changes_nothing(store: Path, database: Database) -> None:
    with database.write() as session:
        reader = auth.make_key(session, "reader", ["read"], NOW)
        writer = auth.make_key(session, "writer", ["write"], NOW)
    with open_client(store) as client:
        for path in ("/1/claim", "/1/release", "/1/reviews", "/bulk", "/2/reviews/1/undo"):
            answer = client.post(
                f"{API}{path}", json={}, headers={"Authorization": f"Bearer {reader}"}
            )
            assert answer.status_code == 403, path
        done = post(client, "/1/claim", {"revision": 1}, Authorization=f"Bearer {writer}")
        assert done["flag"]["claimed_by"] == "writer"


def test_of_claims_at_once_one_wins(store: Path, database: Database) -> None:
    with database.write() as session:
        keys = [auth.make_key(session, name, ["write"], NOW) for name in ("ann", "bo", "cleo")]
    with open_client(store) as client, ThreadPoolExecutor(3) as pool:

        def claim(key: str) -> int:
            headers = {"Authorization": f"Bearer {key}"}
            answer = client.post(f"{API}/1/claim", json={"revision": 1}, headers=headers)
            return answer.status_code

        assert sorted(pool.map(claim, keys)) == [200, 409, 409]


def test_the_record_has_intervals(client: TestClient) -> None:
    found = client.get(f"{API}/stats").json()
    assert (found["all"]["flags"], found["all"]["dismissed"], found["all"]["waiting"]) == (3, 1, 2)
    assert (found["all"]["precision"], found["all"]["low"]) == (0.0, 0.0)
    assert found["all"]["high"] == pytest.approx(0.7301, abs=1e-4)
    assert found["dismissals"] == [{"reason": "technical", "flags": 1}]
    assert [row["week"] for row in found["weeks"]] == ["2026-02-23T00:00:00Z"]
    assert {row["channel"] for row in found["channels"]} == {"editor", "themes", "lounge"}
    # Up to the newest post, a second after which the record ends.
    assert found["until"] == "2026-02-28T09:46:01Z"
    assert found["rate"]["weeks"] == pytest.approx((5 + 35_161 / 86_400) / 7)
    assert client.get(f"{API}/stats", params={"channel": "editor"}).json()["all"]["flags"] == 1
    first = client.get(f"{API}/stats", params={"first": 2}).json()
    assert (first["all"]["flags"], first["all"]["dismissed"]) == (2, 0)
    none = client.get(f"{API}/stats", params={"since": "2026-02-28"}).json()
    assert (none["all"]["flags"], none["all"]["precision"], none["rate"]["flags"]) == (0, None, 0.0)


@pytest.mark.parametrize(("path", "most"), [(f"{API}?status=any", 5), (f"{API}/1", 14)])
def test_statements_do_not_grow_with_the_flags(
    own: TestClient, database: Database, path: str, most: int
) -> None:
    own.get(path)  # looks at the schema once
    engine = own.app.state.services.database.engine  # type: ignore[attr-defined]
    counts = []
    for number in (5, 9):
        seen: list[str] = []

        def note(connection: Any, cursor: Any, said: str, *rest: Any, seen: Any = seen) -> None:
            seen.append(said)

        event.listen(engine, "before_cursor_execute", note)
        assert own.get(path).status_code == 200
        event.remove(engine, "before_cursor_execute", note)
        counts.append(sum(said.startswith("SELECT") for said in seen))
        with database.write() as session:
            old = session.get_one(Flag, 2)
            names = [column.key for column in Flag.__table__.columns if column.key != "id"]
            for thread in range(number, number + 4):
                values = {name: getattr(old, name) for name in names}
                session.add(Flag(**values | {"thread_id": thread}))
    assert counts[0] == counts[1] <= most
