"""Transactions of the database: one commit, foreign keys, times with a zone, waiting writers."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from service.db.models import Embedding, Post, Source
from service.db.queries import embeddings
from service.db.session import Database


def source(name: str, at: datetime) -> Source:
    return Source(name=name, kind="jsonl", created_at=at)


def test_a_write_that_raises_leaves_nothing(database: Database, now: datetime) -> None:
    def half() -> None:
        with database.write() as session:
            session.add(source("half", now))
            session.flush()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        half()
    with database.read() as session:
        assert session.query(Source).count() == 0


def test_foreign_keys_hold(database: Database) -> None:
    def orphan() -> None:
        with database.write() as session:
            session.add(Embedding(post_id=1, encoder_id=1, vector=np.zeros(2, np.float16)))

    with pytest.raises(IntegrityError):
        orphan()


def test_sqlite_keeps_a_log_ahead_and_syncs_fully(database: Database) -> None:
    with database.read() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA busy_timeout")) >= 10_000


def test_times_come_back_in_utc(database: Database) -> None:
    there = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as session:
        session.add(source("zones", there))
    with database.read() as session:
        found = session.query(Source).one().created_at
    assert found == there
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    def naive() -> None:
        with database.write() as session:
            session.add(source("naive", datetime(2024, 5, 1)))  # noqa: DTZ001

    with pytest.raises(StatementError, match="without a zone"):
        naive()


def test_writers_wait_for_each_other(database: Database, now: datetime) -> None:
    def add(number: int) -> None:
        with database.write() as session:
            assert session.query(Source).count() >= 0
            session.add(source(f"s{number}", now))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.query(Source).count() == 12


def test_a_vector_is_stored_as_two_bytes_a_number(database: Database, now: datetime) -> None:
    with database.write() as session:
        encoder = embeddings.add_encoder(session, "hashing", "1", 3, now)
        assert embeddings.add_encoder(session, "hashing", "1", 3, now) == encoder
    with database.read() as session:
        assert embeddings.pending_count(session, encoder) == 0
        assert session.query(Post).count() == 0
