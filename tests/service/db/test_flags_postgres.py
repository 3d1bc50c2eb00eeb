"""Flags are the same on PostgreSQL: a real server on loopback, where writers do not queue."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from service import flag_bulk, flags
from service.db import migrate
from service.db.base import Base
from service.db.models import Flag, Member, Post, Source, Thread
from service.db.queries import conflicts, heat
from service.db.queries import flags as record
from service.db.queries.conflicts import FlagFilters
from service.db.session import Database, open_database
from service.errors import Conflict, Stale
from service.flags import Step
from service.insights.heat.rank import standing
from tests.jobs.test_postgres import server

__all__ = ["server"]

AT = datetime(2026, 2, 28, 12, tzinfo=UTC)


@pytest.fixture
def other(server: str) -> Iterator[Database]:
    """Yield a migrated database on the server, with nothing in it."""
    database = open_database(server)
    migrate.upgrade(database)
    with database.write() as session:
        tables = "source, member, thread, post, thread_heat, flag, flag_review"
        session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    yield database
    database.close()


def fill(database: Database) -> None:
    """Add three threads with two posts each, and a flag and the heat of each thread."""
    with database.write() as session:
        session.add(Source(id=1, name="forum", kind="jsonl", platform="forum", created_at=AT))
        session.add(Member(id=1, name="Ada", created_at=AT))
        session.flush()
        for number in (1, 2, 3):
            session.add(Thread(
                id=number, source_id=1, external_id=f"t{number}", channel="help",
                first_post_at=AT, last_post_at=AT,
            ))  # fmt: skip
        session.flush()
        for number in range(1, 7):
            session.add(Post(
                id=number, source_id=1, external_id=f"p{number}", thread_id=(number + 1) // 2,
                member_id=1, created_at=AT, text="x", plain="x", content_hash=bytes(16),
                record_hash=bytes(16),
            ))  # fmt: skip
        session.flush()
        for number in (1, 2, 3):
            assert record.raise_flag(session, values(number)) is not None
            heat.put_heats(session, [{
                "thread_id": number, "version": "1", "heat": 0.5, "peak": 0.6, "posts": 2,
                "newest_post_id": 2 * number, "turning_post_id": None, "curve": [],
                "state": "x", "at": AT,
            }])  # fmt: skip


def values(thread: int, post: int | None = None) -> dict[str, Any]:
    share = thread / 4
    return {
        "thread_id": thread, "raised_at": AT, "post_id": post or 2 * thread, "heat": share,
        "peak": share, "threshold": 0.25, "version": "1", "newest_at": AT, "reasons": [],
        "rank": standing(share, 0, False, AT), "turning_post_id": None, "features": {"a": share},
    }  # fmt: skip


def act(database: Database, flag: int, action: str, revision: int, **more: Any) -> flags.Done:
    actor = more.pop("actor", "ann")
    with database.write() as session:
        return flags.act(session, flag, action, revision=revision, actor=actor, now=AT, **more)


def answers(database: Database) -> list[Any]:
    """Decide and undo; return what every query says."""
    fill(database)
    done = [act(database, 1, "dismiss", 1, reason="banter"), act(database, 2, "claim", 1)]
    done.append(act(database, 3, "snooze", 1, until=AT + timedelta(days=1)))
    with database.write() as session:
        done.append(flags.undo(session, 2, done[1].review or 0, AT, "ann"))
        record.withdraw(session, session.get_one(Flag, 2), AT, {"heat": 0.0})
        shown = flag_bulk.preview(session, [1, 2, 3], Step("reopen"), "ann", AT)
        record.keep(session, [{"id": 3, "heat": 0.125}])
    with database.read() as session:
        pages = [
            [(row.flag.id, row.flag.rank, row.channel) for row in conflicts.ranked(
                session, FlagFilters(statuses), now, 2, after)]
            for statuses, now, after in (
                (None, AT, None), (("open",), AT, None), (("open",), AT + timedelta(days=1), None),
                (("snoozed",), AT, None), (None, AT, (values(2)["rank"], 2)),
            )
        ]  # fmt: skip
        return [
            done, shown, pages, conflicts.counts(session, AT),
            conflicts.counts(session, AT + timedelta(days=1)), record.verdicts(session),
            record.settled(session, range(40)), sorted(record.unresolved(session)),
            conflicts.drift(session, 1, 1, AT),
            [tuple(row) for row in conflicts.facts(session, None, AT + timedelta(1), "help")],
            [(row.actor, row.action, row.revision) for row in record.reviews(session, 2)],
        ]  # fmt: skip


def test_flags_are_the_same_there(database: Database, other: Database) -> None:
    with other.engine.connect() as connection:
        options = {"compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    assert answers(database) == answers(other)


def test_writers_at_once_never_overwrite_each_other(other: Database) -> None:
    fill(other)
    act(other, 1, "confirm", 1)
    act(other, 2, "dismiss", 1)
    start = Barrier(6)

    def decide(actor: str) -> str:
        start.wait()
        try:
            return act(other, 3, "dismiss", 1, actor=actor).status
        except Stale:
            return "stale"

    def reopen(flag: int) -> str:
        start.wait()
        try:
            return act(other, flag, "reopen", 2).status
        except Conflict:
            return "conflict"

    def flag_anew(thread: int) -> bool:
        start.wait()
        with other.write() as session:
            return record.raise_flag(session, values(thread, 9)) is not None

    with ThreadPoolExecutor(6) as pool:
        decided = [pool.submit(decide, actor) for actor in ("ann", "bo")]
        opened = [pool.submit(reopen, flag) for flag in (1, 2)]
        raised = [pool.submit(flag_anew, thread) for thread in (1, 2)]
    assert sorted(one.result() for one in decided) == ["dismissed", "stale"]
    for one, anew in zip(opened, raised, strict=True):
        assert (one.result(), anew.result()) in {("open", False), ("conflict", True)}
    with other.read() as session:
        assert sorted(record.unresolved(session)) == [1, 2]
