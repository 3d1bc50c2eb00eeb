"""Judgements and corrections are the same on PostgreSQL: a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from service.db import migrate
from service.db.base import Base
from service.db.queries import corrections, load, moods, scores
from service.db.session import Database, open_database
from tests.jobs.test_postgres import server
from tests.service.scored import AT, FIRST, LAST, SECOND, THIRD, judge, model, scored, topic

__all__ = ["server"]


@pytest.fixture
def other(server: str) -> Iterator[Database]:
    """Yield a migrated database on the server."""
    database = open_database(server)
    migrate.upgrade(database)
    yield database
    database.close()


def answers(database: Database) -> list[Any]:
    """Judge, correct and judge again; return what every query says."""
    with database.write() as session:
        models = list(scored(session))
        topic(session, [FIRST, THIRD])
        for post, label, sampled in ((FIRST, "negative", True), (LAST, "neutral", False)):
            corrections.add(session, post, "sentiment", label, "eve", "why", sampled, AT)
        corrections.add(session, FIRST, "sentiment", "positive", "zoe", None, True, AT)
        new = model(session, "sentiment", "2", AT + timedelta(hours=1))
        judge(session, "sentiment", new, {SECOND: (0, 0, 1), LAST: (0, 1, 0)})
        load.drop_judgements(session, [THIRD])
    with database.read() as session:
        pending = scores.pending_texts(session, models, models, 4)
        hashes = [post.content_hash for post in pending]
        known = scores.known_scores(session, models, hashes)
        mood = [
            moods.probabilities(session, "sentiment", since=AT, until=None, **more)
            for more in ({}, {"channel": "help"}, {"topic": 1})
        ]
        return [
            scores.pending_count(session, models),
            scores.pending_sets(session, models),
            [post.post_id for post in pending],
            [post.post_id for post in scores.pending_texts(session, models, models, 9, pending[1])],
            {key: {of: value[:2] for of, value in held.items()} for key, held in known.items()},
            scores.of_posts(session, range(1, 9)),
            scores.counts(session),
            [(one.posts.tolist(), one.corrected.tolist()) for one in mood if one],
            [one.probabilities.tolist() for one in mood if one],
            [one.created_at.tolist() for one in mood if one],
            corrections.history(session, FIRST),
            corrections.latest(session, "sentiment"),
            corrections.sampled_count(session, "sentiment"),
            corrections.agreement(session, "sentiment"),
            [corrections.sample(session, "sentiment", 9, seed) for seed in (0, 1, 2**40)],
        ]


@pytest.mark.slow
def test_postgres_judges_as_sqlite_does(database: Database, other: Database) -> None:
    here, there = answers(database), answers(other)
    assert here == there
    assert here[0] == 6
    assert here[7] == [([1, 2, 8], [2, -1, 1])] * 2 + [([1], [2])]


@pytest.mark.slow
def test_the_migrations_make_the_same_tables(other: Database) -> None:
    with other.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
