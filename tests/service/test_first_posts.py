"""First posts out of a store: who is new, what counts as an answer, what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from service.db.models import Member, Post, Source, Thread
from service.db.session import Database, open_database
from service.first_posts import first_posts
from service.insights.heat.welcome import Kind
from tests.service import http_store, newcomers
from tests.service.newcomers import arrive, hostile, person, post, thread

NOW = http_store.NOW


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    found = open_database(http_store.settings(store).url)
    with found.write() as session:
        arrive(session)
    yield found
    found.close()


def cold(session: Session, as_of: datetime = NOW, **options: Any) -> dict[int, Kind]:
    return {row.post_id: row.kind for row in first_posts(session, as_of, **options).rows}


def test_who_was_left_cold(database: Database) -> None:
    with database.read() as session:
        found = first_posts(session, NOW)
    assert (found.arrived, found.since) == (2, NOW - timedelta(days=14))
    mia, noa = found.rows
    assert (mia.post_id, mia.kind, mia.hours, mia.asks) == (1001, Kind.UNANSWERED, 72.0, True)
    assert (mia.why, mia.answers) == ("Nobody has answered for 3 days.", [])
    assert (noa.post_id, noa.kind, noa.hours) == (1002, Kind.CURT, 24.0)
    [answer] = noa.answers
    assert (answer.post_id, answer.hostile) == (1003, pytest.approx(0.95, abs=0.01))
    assert answer.negative is None


def test_the_time_that_is_looked_at(database: Database) -> None:
    with database.read() as session:
        assert cold(session, days=2) == {1002: Kind.CURT}
        assert cold(session, channel="help") == {1001: Kind.UNANSWERED, 1002: Kind.CURT}
        assert cold(session, channel="sync") == {}
        # At that moment nobody had answered Noa, who had waited for ten minutes.
        assert cold(session, NOW - timedelta(hours=23, minutes=50)) == {1001: Kind.UNANSWERED}
        assert cold(session, NOW + timedelta(days=400)) == {}


def test_any_word_of_a_person_is_an_answer_but_ones_own(database: Database) -> None:
    with database.write() as session:
        post(session, 1004, 31, 31, NOW - timedelta(days=2), "Anybody?")
        session.add(Member(id=40, name="robot", created_at=NOW, is_bot=True))
        post(session, 1005, 31, 40, NOW - timedelta(days=2), "Welcome!")
        post(session, 1006, 31, 2, NOW - timedelta(days=1), "Sync them.", deleted_at=NOW)
        post(session, 1007, 32, 2, NOW, "The export needs a folder.")  # not before NOW
        found = first_posts(session, NOW)
        assert [(row.post_id, row.more) for row in found.rows] == [(1001, 1), (1002, 0)]
        assert cold(session, NOW + timedelta(hours=1)) == {1001: Kind.UNANSWERED}
        post(session, 1008, 31, 2, NOW - timedelta(hours=1), "Yes.")
        assert cold(session) == {1002: Kind.CURT}


def test_what_a_person_says_of_an_answer_counts(database: Database) -> None:
    from service.db.queries import corrections

    with database.write() as session:
        corrections.add(session, 1003, "hostility", "civil", "ann", None, False, NOW)
        assert 1002 not in cold(session)


@pytest.mark.parametrize(
    ("change", "values"),
    [
        (Post, {"deleted_at": NOW}), (Post, {"parent_external_id": "p1"}),
        (Post, {"text": "@ada how is it?", "plain": "ada how is it?"}),
        (Post, {"text": "(deleted)", "plain": "(deleted)"}), (Thread, {"resolved": True}),
        (Thread, {"visibility": "private"}), (Member, {"is_bot": True}),
        (Member, {"is_staff": True}),
    ],
)  # fmt: skip
def test_who_is_left_out(database: Database, change: type, values: dict[str, Any]) -> None:
    number = 1001 if change is Post else 31
    with database.write() as session:
        row = session.get_one(change, number)
        for name, value in values.items():
            setattr(row, name, value)
        session.flush()
        assert cold(session) == {1002: Kind.CURT}


def test_whoever_wrote_before_is_not_new(database: Database) -> None:
    with database.write() as session:
        post(session, 900, 20, 31, NOW - timedelta(days=40), "a private word", deleted_at=NOW)
        assert cold(session) == {1002: Kind.CURT}


def test_a_post_in_a_thread_of_others(database: Database) -> None:
    with database.write() as session:
        thread(session, 33, NOW - timedelta(days=20))
        post(session, 1010, 33, 1, NOW - timedelta(days=20), "Which tablet is the best?")
        for number, name, text in (
            (33, "Ole", "Thanks, this helped me."),
            (34, "Pia", "Any news?"),
        ):
            person(session, number, name)
            post(session, 1000 + number, 33, number, NOW - timedelta(days=number - 30), text)
        # Ole wrote three days ago, after Pia, who asked after sixteen days of silence.
        assert cold(session) == {1001: Kind.UNANSWERED, 1002: Kind.CURT}
        session.delete(session.get_one(Post, 1033))
        session.flush()
        assert 1034 in cold(session)


def test_in_a_young_source_everybody_is_new(database: Database) -> None:
    with database.write() as session:
        session.add(Source(id=9, name="new", kind="jsonl", platform="new", created_at=NOW))
        for number, days in ((50, 20), (51, 10), (52, 4)):
            person(session, number, f"N{number}")
            thread(session, number, NOW - timedelta(days=days), source_id=9)
            made = NOW - timedelta(days=days)
            post(session, 1000 + number, number, number, made, "Hello there!", source_id=9)
        assert set(cold(session)) == {1001, 1002, 1052}


def test_two_first_posts_at_one_time_are_one(database: Database) -> None:
    with database.write() as session:
        thread(session, 35, NOW - timedelta(days=3))
        post(session, 1020, 35, 31, NOW - timedelta(days=3), newcomers.HELLO)
        assert cold(session) == {1001: Kind.UNANSWERED, 1002: Kind.CURT}


def test_an_empty_store_has_none(tmp_path: Path) -> None:
    database = http_store.empty(tmp_path)
    with database.read() as session:
        assert first_posts(session, NOW).rows == []
    database.close()


def test_statements_do_not_grow_with_the_posts(database: Database) -> None:
    seen: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    with database.write() as session:
        counts = []
        for more in (0, 20):
            for number in range(60, 60 + more):
                person(session, number, f"P{number}")
                thread(session, number, NOW - timedelta(days=4))
                post(session, 2000 + number, number, number, NOW - timedelta(days=4), "Hi all?")
                post(session, 3000 + number, number, 1, NOW - timedelta(days=3), "Read the rules.")
                hostile(session, 3000 + number)
            seen.clear()
            assert len(cold(session)) == 2 + more
            counts.append(sum(said.startswith("SELECT") for said in seen))
    assert counts[0] == counts[1] <= 8
