"""Flags as people may see them: of public threads in which posts are left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from service.db.models import Flag, Post, PostTopic, Source, Thread
from service.db.queries.flags import CONFIRMED, DISMISSED, OPEN, SNOOZED
from service.db.queries.posts import visible

# (rank, id) of the flag that a page ended with.
Key = tuple[int, int]
# A row whose attributes are the columns of its query.
Found = Any


@dataclass(frozen=True, slots=True)
class FlagFilters:
    """Which flags; none of these, every flag. `since` is when it was raised, or later."""

    statuses: tuple[str, ...] | None = None
    channel: str | None = None
    topic: int | None = None
    since: datetime | None = None
    claimed_by: str | None = None


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A flag and what its thread is called."""

    flag: Flag
    title: str | None
    channel: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Drift:
    """What happened in a thread since somebody looked at it: posts that came, changed, went."""

    posts: int
    edited: int
    deleted: int


def ranked(
    session: Session, filters: FlagFilters, now: datetime, limit: int, after: Key | None = None
) -> list[FlagRow]:
    """Return at most `limit` flags, first those to read first, that follow the key (rank, id)."""
    query = _matching(filters, now).order_by(Flag.rank.desc(), Flag.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(Flag.rank, Flag.id) < after)
    return [FlagRow(*row) for row in session.execute(query)]


def by_ids(session: Session, flag_ids: Collection[int]) -> dict[int, FlagRow]:
    """Return flags that anyone may see, as they are now, by id."""
    query = _visible().where(Flag.id.in_(flag_ids)).order_by(Flag.id)
    rows = session.execute(query, execution_options={"populate_existing": True})
    return {row[0].id: FlagRow(*row) for row in rows}


def counts(session: Session, now: datetime) -> dict[str, int]:
    """Return how many flags anyone may see have each status."""
    status = case((_over(now), OPEN), else_=Flag.status)
    shown = _visible().with_only_columns(Flag.id)
    query = select(status, func.count()).where(Flag.id.in_(shown)).group_by(status)
    return {row[0]: row[1] for row in session.execute(query)}


def decided(session: Session, limit: int) -> list[FlagRow]:
    """Return the flags that people decided last and anyone may see, newest first."""
    query = _visible().where(Flag.status.in_((CONFIRMED, DISMISSED)))
    query = query.order_by(Flag.decided_at.desc(), Flag.id.desc()).limit(limit)
    return [FlagRow(*row) for row in session.execute(query)]


def facts(
    session: Session, since: datetime | None, until: datetime, channel: str | None
) -> list[Found]:
    """Return (at, peak, status, reason, channel) of flags anyone may see, oldest first.

    `at` is when the post that raised it was made: in [since, until).
    """
    raising = aliased(Post)
    at = func.coalesce(raising.created_at, Flag.raised_at).label("at")
    query = _visible().outerjoin(raising, raising.id == Flag.post_id)
    query = query.with_only_columns(at, Flag.peak, Flag.status, Flag.reason, Thread.channel)
    query = query.where(at < until).order_by(at, Flag.id)
    if since is not None:
        query = query.where(at >= since)
    if channel is not None:
        query = query.where(Thread.channel == channel)
    return list(session.execute(query))


def drift(session: Session, thread_id: int, post_id: int, at: datetime) -> Drift:
    """Return what happened in a thread after a post was the newest, since a time."""
    old = Post.id <= post_id
    query = select(
        _count(and_(Post.id > post_id, Post.deleted_at.is_(None))),
        _count(and_(old, Post.edited_at > at, Post.deleted_at.is_(None))),
        _count(and_(old, Post.deleted_at > at)),
    ).where(Post.thread_id == thread_id)
    return Drift(*session.execute(query).one())


def words(session: Session, post_ids: Collection[int]) -> dict[int, Found]:
    """Return (id, plain) of posts that anyone may read, by id."""
    query = (
        select(Post.id, Post.plain)
        .join(Thread, Thread.id == Post.thread_id)
        .where(*visible(), Post.id.in_(post_ids))
    )
    return {row.id: row for row in session.execute(query)}


def left(session: Session, post_ids: Collection[int]) -> set[int]:
    """Return which of the posts anyone may read."""
    query = select(Post.id).join(Thread, Thread.id == Post.thread_id)
    return set(session.scalars(query.where(*visible(), Post.id.in_(post_ids))))


def _count(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((which, 1), else_=0)), 0)


def _visible() -> Select[*tuple[Any, ...]]:
    # Of a thread whose posts were all deleted not even the title is for reading.
    left = exists().where(Post.thread_id == Thread.id, Post.deleted_at.is_(None))
    return (
        select(Flag, Thread.title, Thread.channel, Source.name)
        .join(Thread, Thread.id == Flag.thread_id)
        .join(Source, Source.id == Thread.source_id)
        .where(Thread.visibility == "public", left)
    )


def _matching(filters: FlagFilters, now: datetime) -> Select[*tuple[Any, ...]]:
    query = _visible()
    if filters.statuses is not None:
        query = query.where(or_(*(_is(status, now) for status in filters.statuses)))
    if filters.channel is not None:
        query = query.where(Thread.channel == filters.channel)
    if filters.since is not None:
        query = query.where(Flag.raised_at >= filters.since)
    if filters.claimed_by is not None:
        query = query.where(Flag.claimed_by == filters.claimed_by)
    if filters.topic is not None:
        on = exists().where(
            Post.thread_id == Flag.thread_id,
            Post.deleted_at.is_(None),
            PostTopic.post_id == Post.id,
            PostTopic.topic_id == filters.topic,
        )
        query = query.where(on)
    return query


def _over(now: datetime) -> ColumnElement[bool]:
    return and_(Flag.status == SNOOZED, Flag.snoozed_until <= now)


def _is(status: str, now: datetime) -> ColumnElement[bool]:
    """Return the condition on flags of this status: one whose snooze is over is open again."""
    if status == OPEN:
        return or_(Flag.status == OPEN, _over(now))
    if status == SNOOZED:
        return and_(Flag.status == SNOOZED, Flag.snoozed_until > now)
    return Flag.status == status
