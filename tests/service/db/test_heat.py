"""What is kept of heat, and what goes with its thread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from service.db.models import Flag, Post, ThreadHeat
from service.db.queries import flags, heat, load
from service.db.session import Database, open_database
from service.insights.heat.rank import standing
from tests.service import http_store

AT = http_store.NOW


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    found = open_database(http_store.settings(store).url)
    yield found
    found.close()


def row(thread: int, **values: Any) -> dict[str, Any]:
    return {
        "thread_id": thread, "version": "heat-2", "heat": 0.5, "peak": 0.6, "posts": 3,
        "newest_post_id": 9, "turning_post_id": None, "curve": [[9, 0.5]],
        "state": "abc", "at": AT + timedelta(hours=1), **values,
    }  # fmt: skip


def test_heat_is_written_over_what_was_there_of_its_version(database: Database) -> None:
    with database.write() as session:
        heat.put_heats(session, [])
        heat.put_heats(session, [row(2), row(5)])
        heat.put_heats(session, [row(2, heat=0.75, state="def")])
    with database.read() as session:
        rows = session.scalars(select(ThreadHeat).where(ThreadHeat.version == "heat-2"))
        found = {row.thread_id: row for row in rows}
        assert {thread: one.state for thread, one in found.items()} == {2: "def", 5: "abc"}
        assert {thread: one.heat for thread, one in found.items()} == {2: 0.75, 5: 0.5}
        assert found[5].curve == [[9, 0.5]]
        newest, older = heat.newest(session, 2), heat.newest(session, 3)
        assert newest is not None
        assert older is not None
        assert (newest.version, older.version) == ("heat-2", "heat-1")
        assert heat.newest(session, 6) is None
    with database.write() as session:
        heat.drop_others(session, "heat-2")
        assert set(session.scalars(select(ThreadHeat.thread_id))) == {2, 5}
        heat.drop(session, [2], "heat-2")
        assert list(session.scalars(select(ThreadHeat.thread_id))) == [5]


def test_a_thread_that_goes_takes_its_heat_and_leaves_what_people_said(
    database: Database,
) -> None:
    with database.write() as session:
        session.execute(update(Post).where(Post.thread_id == 3).values(thread_id=2))
        load.span_threads(session, [3])
        assert heat.newest(session, 3) is None
        assert [one.thread_id for one in flags.verdicts(session)] == [3]


def test_the_database_itself_keeps_one_flag_that_waits(database: Database) -> None:
    with database.write() as session:
        row = session.get_one(Flag, 2)
        row.thread_id, row.status = 2, "escalated"
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


def test_flags_follow_their_threads_without_a_new_revision(database: Database) -> None:
    with database.write() as session:
        flags.keep(session, [])
        flags.keep(session, [{"id": 1, "heat": 0.3, "peak": 0.9}])
    with database.read() as session:
        found = flags.unresolved(session)
        assert sorted(found) == [2, 4, 20]
        assert (found[2].heat, found[2].peak, found[2].revision) == (0.3, 0.9, 1)


def test_what_was_put_aside_comes_back_as_new_whatever_a_run_writes(database: Database) -> None:
    until = AT + timedelta(days=2)
    with database.write() as session:
        flag = session.get_one(Flag, 1)
        flag.status, flag.snoozed_until = "snoozed", until
        session.flush()
        flags.keep(session, [{"id": 1, "heat": 0.4, "rank": 7}, {"id": 4, "rank": 8}])
    with database.read() as session:
        assert session.get_one(Flag, 1).rank == standing(0.4, 2, True, until)
        assert session.get_one(Flag, 4).rank == 8


def test_a_run_takes_a_flag_back_with_its_evidence(database: Database) -> None:
    with database.write() as session:
        flag = flags.unresolved(session, held=True)[2]
        flags.withdraw(session, flag, AT, {"heat": 0.1}, post_id=150)
    with database.read() as session:
        [review] = flags.reviews(session, 1)
        assert (review.actor, review.action, review.evidence) == ("run", "withdraw", {"heat": 0.1})
        assert (review.revision, review.post_id) == (2, 150)
        assert flags.settled(session, [2])[2] == flags.Settled("withdrawn", AT, 150)
        assert flags.verdicts(session)[0].flag_id == 2
