"""What stands around the queue, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from service.db.models import Thread
from service.db.session import Database, open_database
from tests.service import http_store
from tests.service.conftest import open_client
from tests.service.newcomers import arrive, hostile, person, post, thread

API = "/api/v1/conflicts"
NOW = http_store.NOW


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    found = open_database(http_store.settings(store).url)
    with found.write() as session:
        arrive(session)
    yield found
    found.close()


@pytest.fixture
def own(store: Path, database: Database) -> Iterator[TestClient]:
    with open_client(store) as client:
        yield client


def get(client: TestClient, path: str, **params: Any) -> dict[str, Any]:
    answer = client.get(f"{API}{path}", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_first_posts(own: TestClient) -> None:
    found = get(own, "/first-posts", as_of="2026-02-28T12:00:00Z")
    assert [(row["post"]["id"], row["kind"]) for row in found["data"]] == [
        (1001, "unanswered"), (1002, "curt"),
    ]  # fmt: skip
    assert (found["arrived"], found["found"], found["since"]) == (2, 2, "2026-02-14T12:00:00Z")
    mia, noa = found["data"]
    assert (mia["why"], mia["hours"], mia["asks"]) == ("Nobody has answered for 3 days.", 72, True)
    assert [row["post"]["text"] for row in noa["answers"]] == ["Learn to read the manual."]
    assert noa["answers"][0]["hostile"] == pytest.approx(0.95, abs=0.01)
    first = get(own, "/first-posts", limit=1)
    assert [row["post"]["id"] for row in first["data"]] == [1001]
    assert first["found"] == 2
    assert get(own, "/first-posts", asks=False)["data"] == []
    assert get(own, "/first-posts", days=2)["found"] == 1
    assert get(own, "/first-posts", channel="sync")["data"] == []


def test_copies(own: TestClient) -> None:
    found = get(own, "/copies", channel="sync")
    [group] = found["data"]
    assert (group["posts"], group["threads"], group["channels"]) == (3, 3, ["sync"])
    assert group["post_ids"] == [152, 166, 179]
    assert group["excerpt"].startswith("The phone app will not sync my notebook")
    assert {row["name"] for row in group["accounts"]} == {"Cleo", "Eve", "Hana"}
    assert (found["found"], found["next_cursor"]) == (1, None)


@pytest.mark.parametrize("path", ["/first-posts", "/copies"])
@pytest.mark.parametrize(
    "params", [{"days": 0}, {"days": 32}, {"as_of": "soon"}, {"limit": 201}, {"verdict": "x"}]
)
def test_what_cannot_be_is_refused(
    client: TestClient, path: str, params: dict[str, object]
) -> None:
    answer = client.get(f"{API}{path}", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


def test_private_threads_are_in_no_list(own: TestClient, database: Database) -> None:
    with database.write() as session:
        for number in (1, 5, 9, 31, 32):
            session.get_one(Thread, number).visibility = "private"
    assert get(own, "/first-posts")["data"] == []
    assert get(own, "/copies", channel="sync")["data"] == []
    assert get(own, "/stats")["patterns"]["hostile_channels"] == []


def test_patterns_are_beside_the_record(own: TestClient, database: Database) -> None:
    with database.write() as session:
        for number in range(6):
            made = http_store.START + timedelta(weeks=3 + number, hours=9)
            thread(session, 70 + number, made, channel="arena")
            post(session, 5000 + number, 70 + number, 1, made, "Nonsense!")
            hostile(session, 5000 + number)
    found = get(own, "/stats")["patterns"]
    [channel] = found["hostile_channels"]
    assert (channel["channel"], channel["hit"], channel["share"]) == ("arena", 6, 1.0)
    assert 0 < channel["low"] < channel["high"] == 1.0
    [hour] = found["hostile_hours"]
    assert (hour["weekday"], hour["hour"], hour["hit"]) == (0, 9, 6)
    assert found["until"] == "2026-02-28T12:00:00Z"
    assert get(own, "/stats", channel="sync")["patterns"]["hostile_channels"] == []


def test_a_store_without_posts_has_no_patterns(tmp_path: Path) -> None:
    http_store.empty(tmp_path).close()
    with open_client(tmp_path) as client:
        assert client.get(f"{API}/stats").json()["patterns"] is None
        for path in ("/first-posts", "/copies"):
            assert client.get(f"{API}{path}").json()["code"] == "not_run"


def test_people_are_in_a_flag_that_is_looked_at_only(own: TestClient) -> None:
    people = get(own, "/4")["people"]
    assert [set(row) for row in people] == [
        {"id", "name", "posts_here", "posts", "first_seen", "earlier"}
    ] * len(people)
    earlier = [flag for row in people for flag in row["earlier"]]
    assert {flag["id"] for flag in earlier} <= {1, 2}  # not 3, of a private thread
    [told] = {(flag["status"], flag["reason"]) for flag in earlier if flag["id"] == 2}
    assert told == ("dismissed", "technical")
    assert all("people" not in row for row in get(own, "", status="any")["data"])


@pytest.mark.parametrize(("path", "most"), [("/first-posts", 10), ("/copies", 4), ("/stats", 8)])
def test_statements_do_not_grow_with_the_posts(
    own: TestClient, database: Database, path: str, most: int
) -> None:
    get(own, path)  # looks at the schema once
    engine = own.app.state.services.database.engine  # type: ignore[attr-defined]
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    counts = []
    for start in (100, 120):
        seen.clear()
        get(own, path)
        counts.append(sum(said.startswith("SELECT") for said in seen))
        with database.write() as session:
            for number in range(start, start + 20):
                person(session, number, f"P{number}")
                thread(session, number, NOW - timedelta(days=4))
                post(session, 2000 + number, number, number, NOW - timedelta(days=4), "Hi all?")
                post(session, 3000 + number, number, 1, NOW - timedelta(days=3), "Read the rules.")
                hostile(session, 3000 + number)
    assert counts[0] == counts[1] <= most
