"""Public threads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, literal_column, select, tuple_
from sqlalchemy.orm import Session

from service.db.models import Post, Source, Thread
from service.db.queries.posts import Key, visible


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A thread, and how many posts by how many people may be read in it."""

    id: int
    external_id: str
    source: str
    title: str | None
    channel: str | None
    resolved: bool
    confidence: float | None
    first_post_at: datetime
    last_post_at: datetime
    posts: int
    people: int


def by_activity(
    session: Session,
    limit: int,
    channel: str | None = None,
    source: str | None = None,
    after: Key | None = None,
) -> list[ThreadRow]:
    """Return at most `limit` threads, last active first, that follow the key (time, id)."""
    query = _public().order_by(Thread.last_post_at.desc(), Thread.id.desc()).limit(limit)
    if channel is not None:
        query = query.where(Thread.channel == channel)
    if source is not None:
        query = query.where(Source.name == source)
    if after is not None:
        query = query.where(tuple_(Thread.last_post_at, Thread.id) < after)
    return _rows(session, query)


def thread(session: Session, thread_id: int) -> ThreadRow | None:
    """Return one thread; None where there is none that anyone may read."""
    found = _rows(session, _public().where(Thread.id == thread_id))
    return found[0] if found else None


def total(session: Session) -> int:
    """Return how many public threads there are."""
    query = select(func.count()).select_from(Thread)
    private = query.where(Thread.visibility != literal_column("'public'")).scalar_subquery()
    return session.scalar(select(func.count() - private).select_from(Thread)) or 0


def _public() -> Select[*tuple[Any, ...]]:
    columns = (
        Thread.id,
        Thread.external_id,
        Source.name.label("source"),
        Thread.title,
        Thread.channel,
        Thread.resolved,
        Thread.confidence,
        Thread.first_post_at,
        Thread.last_post_at,
    )
    query = select(*columns).join(Source, Source.id == Thread.source_id)
    # Of a thread whose posts were all deleted not even the title is for reading.
    left = exists().where(Post.thread_id == Thread.id, Post.deleted_at.is_(None))
    return query.where(Thread.visibility == "public", left)


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> list[ThreadRow]:
    rows = session.execute(query).mappings().all()
    sizes = _sizes(session, [row["id"] for row in rows])
    found = []
    for row in rows:
        posts, people = sizes.get(row["id"], (0, 0))
        found.append(ThreadRow(**row, posts=posts, people=people))
    return found


def _sizes(session: Session, ids: Collection[int]) -> dict[int, tuple[int, int]]:
    query = (
        select(Post.thread_id, func.count(), func.count(Post.member_id.distinct()))
        .join(Thread, Thread.id == Post.thread_id)
        .where(*visible(), Post.thread_id.in_(ids))
        .group_by(Post.thread_id)
    )
    return {thread_id: (posts, people) for thread_id, posts, people in session.execute(query)}
