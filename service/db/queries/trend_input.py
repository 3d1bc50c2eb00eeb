"""Reads what trends are made of: the posts of nine weeks, and since when their authors post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import String, func, literal_column, select, type_coerce
from sqlalchemy.orm import Session, aliased

from service.db.models import Member, Post, PostTopic, Thread, Topic
from service.db.queries.posts import newest_at
from service.errors import NothingRun
from service.insights.trends import DAY, DAYS, Activity, Counts
from service.insights.trends.trust import settled, trust

Times = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Heading:
    """A topic as trends name it; `label` is a person's name where there is one."""

    id: int
    label: str
    words: list[str]
    description: str
    born_at: datetime


@dataclass(frozen=True, slots=True)
class Input:
    """The topics that may trend, and the posts of the window: their ids and their activity.

    `activity` leaves out the posts of sources that are too young to have habits.
    """

    topics: list[Heading]
    posts: Counts
    activity: Activity


def default_as_of(session: Session, now: datetime, stale_after_days: int) -> datetime:
    """Return this hour, or right after the newest post where the archive is older.

    Raise NothingRun where there is no post.
    """
    newest = newest_at(session)
    if newest is None:
        raise NothingRun("there are no posts yet: run `groundswell import KIND PATH`")
    if now - newest <= timedelta(days=stale_after_days):
        return now.replace(minute=0, second=0, microsecond=0)
    # Half-open windows leave out their end: one second on, the newest post is seen.
    return newest.replace(microsecond=0) + timedelta(seconds=1)


def read(session: Session, as_of: datetime) -> Input:
    """Return what trends at `as_of` are made of, by five statements.

    Raise NothingRun where no topic has been found.
    """
    return read_each(session, [as_of])[0]


def read_each(session: Session, ticks: Sequence[datetime]) -> list[Input]:
    """Return what trends at each of some ticks are made of, by as many statements as for one."""
    topics = headings(session)
    if not topics:
        raise NothingRun("no topics yet: run `groundswell run`")
    # By the connection: the session would make every row anew.
    rows = session.connection().execute(_window(min(ticks), max(ticks))).all()
    *numbers, made = zip(*rows, strict=True) if rows else ((),) * 6
    posts, members, threads, sources, found = (np.array(one, dtype=np.int64) for one in numbers)
    times = _times(made)
    begun, start = _first_posts(session, members, times)
    ids = np.array([topic.id for topic in topics], dtype=np.int64)
    place = np.where(np.isin(found, ids), np.searchsorted(ids, found), -1)
    told = ~np.isin(members, _bots(session)) & ~np.isin(threads, _private(session))
    trusted = trust(times, begun, start)
    whole = Activity(topics=place, members=members, threads=threads, times=times, trust=trusted)
    inputs = []
    for tick in ticks:
        end = np.datetime64(tick.replace(tzinfo=None), "us")
        seen = np.flatnonzero((times >= end - np.timedelta64(DAYS, "D")) & (times < end))
        kept = seen[settled(sources[seen], times[seen], end) & told[seen]]
        inputs.append(Input(topics, posts[kept], whole.part(kept)))
    return inputs


def headings(session: Session) -> list[Heading]:
    """Return the topics that may trend: not retired, not merged, not hidden; by id."""
    columns = (Topic.id, Topic.label, Topic.name, Topic.words, Topic.description, Topic.born_at)
    query = (
        select(*columns)
        .where(Topic.retired_at.is_(None), Topic.hidden_at.is_(None))
        .where(Topic.merged_into_id.is_(None))
        .order_by(Topic.id)
    )
    return [
        Heading(
            row.id,
            row.name or row.label,
            [str(word) for word in row.words],
            row.description,
            row.born_at,
        )
        for row in session.execute(query)
    ]


def texts(session: Session, posts: Counts) -> list[str]:
    """Return the plain texts of some posts, in their order."""
    query = select(Post.id, Post.plain).where(Post.id.in_(posts.tolist()))
    found = {row.id: row.plain for row in session.execute(query)}
    return [found.get(id, "") for id in posts.tolist()]


def _window(first: datetime, last: datetime) -> Any:
    return (
        select(
            Post.id,
            Post.member_id,
            Post.thread_id,
            Post.source_id,
            func.coalesce(PostTopic.topic_id, -1).label("topic"),
            # As the driver gives it: to make a time of each takes longer than to read them.
            type_coerce(Post.created_at, String).label("made"),
        )
        .outerjoin(PostTopic, PostTopic.post_id == Post.id)
        .where(Post.created_at >= first - DAYS * DAY, Post.created_at < last)
        .where(Post.deleted_at.is_(None))
    )


def _bots(session: Session) -> Counts:
    return _ints(session.execute(select(Member.id).where(Member.is_bot)).all(), 0)


def _private(session: Session) -> Counts:
    # Written out, as SQLite takes a partial index for a constant only.
    private = Thread.visibility != literal_column("'public'")
    return _ints(session.execute(select(Thread.id).where(private)).all(), 0)


def _first_posts(session: Session, members: Counts, times: Times) -> tuple[Times, np.datetime64]:
    """Return when the author of each post first posted, and when anybody did.

    A look into an index for each member; who posts for the first time needs none.
    """
    post = aliased(Post)
    earliest = select(func.min(post.created_at)).where(post.member_id == Member.id)
    query = select(Member.id, type_coerce(earliest.scalar_subquery(), String))
    rows = [row for row in session.execute(query) if row[1] is not None]
    if not rows:
        return times, np.datetime64(0, "us")
    ids, first = _ints(rows, 0), _times([row[1] for row in rows])
    order = np.argsort(ids)
    place = np.searchsorted(ids, members, sorter=order)
    return first[order[np.minimum(place, len(ids) - 1)]], first.min()


def _times(values: Sequence[Any]) -> Times:
    """Return times as the driver gave them, text in UTC (SQLite) or aware, as datetime64[us]."""
    plain = [one if isinstance(one, str) else one.replace(tzinfo=None) for one in values]
    return np.array(plain, dtype="datetime64[us]")


def _ints(rows: Sequence[Any], column: int) -> Counts:
    return np.fromiter((row[column] for row in rows), dtype=np.int64, count=len(rows))
