"""The ledger is the same on PostgreSQL: a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from jobs.encode import encode
from jobs.load import load
from jobs.topics import update_topics
from nlp.encoders import load as load_encoder
from service import topics
from service.db import migrate
from service.db.models import PostTopic, Topic, TopicEvent, TopicMove
from service.db.session import Database, open_database
from service.errors import Conflict
from service.settings import Settings
from service.topic_split import split
from tests.jobs.community import records, write
from tests.jobs.test_postgres import server

__all__ = ["server"]


@pytest.fixture
def other(server: str) -> Iterator[Database]:
    """Yield a migrated database on the server."""
    database = open_database(server)
    migrate.upgrade(database)
    yield database
    database.close()


def answers(database: Database, settings: Settings, folder: Path, now: datetime) -> list[Any]:
    """Import, run, decide, run, undo and run; return what the ledger holds."""
    encoder = load_encoder("hashing")
    rows = records()

    def go(count: int, day: int, **options: Any) -> Any:
        path = write(folder / "a.jsonl", rows[:count])
        load(database, "jsonl", path, settings, now=now, source="a", actor="test")
        at = now + timedelta(days=day)
        encode(database, encoder.card, lambda: encoder, now=at)
        return update_topics(database, encoder.card, lambda: encoder, now=at, **options)

    done = [go(len(rows) - 40, 1), go(len(rows), 2)]
    with database.write() as session:
        topics.rename(session, 1, "Mine", now, "ann")
        merged = topics.merge(session, 3, 2, now, "ann")
        topics.move(session, [1, 2, 3], 1, now, "ann")
        topics.hide(session, 4, True, now, "ann")
        split(session, 1, now, "ann")
    done.append(go(len(rows), 3, refit=True))
    with database.write() as session:
        topics.undo(session, merged.event or 0, now, "ann")
    done.append(go(len(rows), 4, refit=True))
    with database.read() as session:
        said = select(Topic.id, Topic.label, Topic.name, Topic.merged_into_id, Topic.retired_at,
                      Topic.hidden_at, Topic.parent_id).order_by(Topic.id)  # fmt: skip
        events = select(TopicEvent.topic_id, TopicEvent.other_id, TopicEvent.kind, TopicEvent.actor)
        places = select(PostTopic.post_id, PostTopic.topic_id, PostTopic.via_id)
        moves = select(TopicMove.post_id, TopicMove.topic_id).order_by(TopicMove.post_id)
        return [
            done,
            *[
                list(map(tuple, session.execute(query)))
                for query in (said, events.order_by(TopicEvent.id), moves)
            ],
            sorted(map(tuple, session.execute(places))),
        ]


@pytest.mark.slow
def test_postgres_keeps_the_ledger_as_sqlite_does(
    database: Database, other: Database, settings: Settings, tmp_path: Path, now: datetime
) -> None:
    here, there = (answers(one, settings, tmp_path, now) for one in (database, other))
    assert here == there
    assert here[0][2].fitted
    _at_once(other, now)


def _at_once(database: Database, now: datetime) -> None:
    """Decide the same and the contrary from several connections: one wins, none fails."""

    def merge(pair: tuple[int, int]) -> bool:
        try:
            with database.write() as session:
                return topics.merge(session, *pair, now, "ann").changed
        except Conflict:
            return False

    def move(topic: int) -> bool:
        with database.write() as session:
            return topics.move(session, [5, 6, 7], topic, now, "ann").changed

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(merge, [(2, 3), (3, 2), (2, 3), (3, 2)])) == 1
        assert any(pool.map(move, [1, 4, 1, 4]))
    with database.read() as session:
        rows = select(PostTopic.topic_id).where(PostTopic.post_id.in_([5, 6, 7])).distinct()
        assert len(session.scalars(rows).all()) == 1
