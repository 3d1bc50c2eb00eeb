"""What stands around the queue is the same on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from service.copies import copies
from service.db import migrate
from service.db.models import Flag, Member, Source
from service.db.session import Database, open_database
from service.first_posts import first_posts
from service.flag_people import history
from service.patterns import habits
from tests.jobs.test_postgres import server
from tests.service import newcomers
from tests.service.newcomers import NOW, hostile, post, thread

__all__ = ["server"]

ADVERT = "Buy the cheapest notebook covers of the whole wide world at our little shop, number {}"


@pytest.fixture
def other(server: str) -> Iterator[Database]:
    """Yield a database on the server with two newcomers, an advert, and quarrels on Saturdays."""
    database = open_database(server)
    migrate.upgrade(database)
    with database.write() as session:
        tables = "source, member, thread, post, score, score_model, correction, flag, flag_review"
        session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        session.add(Source(id=1, name="forum", kind="jsonl", platform="forum", created_at=NOW))
        session.add(Member(id=1, name="Ada", created_at=NOW))
        session.flush()
        for week in range(7, 0, -1):
            made = NOW - timedelta(weeks=week)
            thread(session, week, made, channel="arena")
            post(session, week, week, 1, made, "Nonsense!")
            hostile(session, week)
            thread(session, 10 + week, made + timedelta(days=2), channel="calm")
            post(session, 10 + week, 10 + week, 1, made + timedelta(days=2), "The sun is out.")
        newcomers.arrive(session)
        for number in range(3):
            made = NOW - timedelta(hours=number + 1)
            post(session, 60 + number, 11 + number, 1, made, ADVERT.format(number))
    yield database
    database.close()


def test_lists_and_patterns(other: Database) -> None:
    with other.read() as session:
        found = first_posts(session, NOW)
        assert [(row.post_id, row.kind.value) for row in found.rows] == [
            (1001, "unanswered"), (1002, "curt"),
        ]  # fmt: skip
        [group] = copies(session, NOW).rows
        assert (group.posts, group.threads, group.post_ids) == (3, 3, [62, 61, 60])
        told = habits(session, NOW)
        assert [one.part for one in told.hostile_channels] == ["arena"]
        [hour] = told.hostile_hours
        assert (hour.part, hour.hit) == ((5, 12), 7)


def test_people(other: Database) -> None:
    values = {
        "heat": 0.8, "peak": 0.8, "threshold": 0.5, "version": "heat-1", "newest_at": NOW,
        "rank": 1, "reasons": [], "features": {}, "revision": 1,
    }  # fmt: skip
    with other.write() as session:
        for number, in_thread, status in ((1, 1, "dismissed"), (2, 32, "open")):
            session.add(Flag(
                id=number, thread_id=in_thread, status=status, raised_at=NOW, post_id=in_thread,
                **values,
            ))  # fmt: skip
    with other.read() as session:
        noa, ada = history(session, session.get_one(Flag, 2))
        assert (noa.name, noa.posts, noa.activity.posts, noa.earlier) == ("Noa", 1, 1, [])
        assert (ada.name, ada.posts, ada.activity.posts) == ("Ada", 1, 18)
        assert [(one.row.flag.id, one.posts) for one in ada.earlier] == [(1, 1)]
