"""What everybody may read, counted without looking at every post."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from service.db.models import Member, Post, PostTopic, Thread
from service.db.queries import members, posts, threads, topics
from service.db.session import POOL, open_database
from tests.service import http_store

AS_OF = http_store.START + timedelta(days=51)


@pytest.fixture
def session(store: Path) -> Iterator[Session]:
    """The community with one more member, who wrote a private and a deleted post only."""
    database = open_database(http_store.settings(store).url)
    with database.write() as session:
        session.add(Member(id=99, name="Zoe", created_at=http_store.START))
        session.flush()
        session.execute(update(Post).where(Post.id.in_([197, 198])).values(member_id=99))
    with database.read() as session:
        yield session
    database.close()


def test_hidden_posts_are_found_by_index(session: Session) -> None:
    assert set(session.scalars(posts.hidden())) == {197, 198}
    written = posts.hidden().compile(dialect=sqlite.dialect())
    plan = "\n".join(row[-1] for row in session.execute(text(f"EXPLAIN QUERY PLAN {written}")))
    assert "ix_post_deleted_at" in plan
    assert "ix_thread_visibility" in plan
    assert "SCAN post" not in plan


def test_totals_are_of_what_may_be_read(session: Session) -> None:
    assert posts.total(session) == 196
    assert members.total(session) == 12
    assert threads.total(session) == 12
    assert topics.coverage(session) == (196, 35)
    assert topics.coverage(session, AS_OF) == (139, 26)


@pytest.mark.parametrize("before", [None, AS_OF])
def test_sizes_of_topics_are_those_of_their_posts(session: Session, before: object) -> None:
    query = (
        select(PostTopic.topic_id, Post.member_id, Post.created_at)
        .join(Post, Post.id == PostTopic.post_id)
        .join(Thread, Thread.id == Post.thread_id)
        .where(Post.deleted_at.is_(None), Thread.visibility == "public")
    )
    rows = [row for row in session.execute(query) if before is None or row.created_at < before]
    counts, sizes = topics.counts(session, before), topics.sizes(session, [1, 2, 99], before)
    assert sizes.keys() == {1, 2}
    for topic, posts_of in counts.items():
        assert posts_of == sum(row.topic_id == topic for row in rows)
    for topic, size in sizes.items():
        own = [row for row in rows if row.topic_id == topic]
        made = [row.created_at for row in own]
        people = len({row.member_id for row in own})
        assert size == topics.Size(len(own), people, min(made), max(made))


def test_the_newest_post_before_a_time(session: Session) -> None:
    newest = posts.newest_at(session)
    assert newest == http_store.START + timedelta(days=68, hours=9, minutes=46)
    assert posts.newest_at(session, newest) == newest - timedelta(minutes=1)
    assert posts.newest_at(session, http_store.START) is None


def test_a_file_has_more_connections_than_the_service_has_threads(tmp_path: Path) -> None:
    assert POOL["pool_size"] + POOL["max_overflow"] > 40
    on_disk = open_database(f"sqlite:///{tmp_path}/a.sqlite3")
    assert on_disk.engine.pool.size() == POOL["pool_size"]
    for url in ("sqlite://", "sqlite:///:memory:"):
        in_memory = open_database(url)
        with in_memory.read() as session:
            assert session.scalar(text("SELECT 1")) == 1
        in_memory.close()
    on_disk.close()
