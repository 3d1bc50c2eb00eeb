"""Reads what heat is made of: posts of threads, what judges said of them, habits of channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from service.db.models import (
    Correction,
    Embedding,
    Flag,
    Member,
    Post,
    Score,
    ScoreModel,
    Thread,
    ThreadHeat,
)
from service.db.queries.flags import UNRESOLVED
from service.db.queries.ids import parts
from service.db.queries.posts import visible

# By post and task: the probability of each label.
Judged = dict[tuple[int, str], dict[str, float]]


@dataclass(frozen=True, slots=True)
class Said:
    """A post of a thread that anyone may read, by a person; `key` is the hash of its words."""

    id: int
    thread_id: int
    member_id: int
    made: datetime
    text: str
    plain: str
    key: bytes


def stale(session: Session, version: str, since: datetime) -> list[int]:
    """Return the public threads with posts that no heat of this version knows, newest last.

    Of threads without a post since a time only those with a flag that nobody has decided. A look
    at an index of posts and at one row a thread; deleted posts count, so that one more or less
    shows.
    """
    waiting = select(Flag.thread_id).where(Flag.status.in_(UNRESOLVED))
    lately = (Thread.last_post_at >= since) | Thread.id.in_(waiting)
    public = Thread.visibility == literal_column("'public'")
    posts = (
        select(Post.thread_id, func.count().label("posts"), func.max(Post.id).label("newest"))
        .where(Post.thread_id.in_(select(Thread.id).where(public, lately)))
        .group_by(Post.thread_id)
        .subquery()
    )
    known = aliased(ThreadHeat)
    query = (
        select(posts.c.thread_id)
        .outerjoin(known, (known.thread_id == posts.c.thread_id) & (known.version == version))
        .where(
            known.thread_id.is_(None)
            | (known.posts != posts.c.posts)
            | (known.newest_post_id != posts.c.newest)
            | (known.state == "")
        )
        .order_by(posts.c.newest)
    )
    return list(session.scalars(query))


def counts(session: Session, threads: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return how many posts each thread has, deleted ones too, and the newest id among them."""
    query = select(Post.thread_id, func.count(), func.max(Post.id)).group_by(Post.thread_id)
    return {
        thread: (posts, newest)
        for some in parts(threads)
        for thread, posts, newest in session.execute(query.where(Post.thread_id.in_(some)))
    }


def said(session: Session, threads: Sequence[int]) -> list[Said]:
    """Return the posts of threads, thread by thread, each in the order in which they were made."""
    made = (Post.id, Post.thread_id, Post.member_id, Post.created_at, Post.text, Post.plain)
    query = _readable(*made, Post.content_hash)
    query = query.order_by(Post.thread_id, Post.created_at, Post.id)
    return [
        Said(*row)
        for some in parts(sorted(threads))
        for row in session.execute(query.where(Post.thread_id.in_(some)))
    ]


def keys(session: Session, threads: Sequence[int]) -> dict[int, dict[int, bytes]]:
    """Return the hash of the words of each post that `said` returns, by thread and post."""
    found: dict[int, dict[int, bytes]] = {}
    query = _readable(Post.thread_id, Post.id, Post.content_hash)
    for some in parts(sorted(threads)):
        for thread, post, key in session.execute(query.where(Post.thread_id.in_(some))):
            found.setdefault(thread, {})[post] = key
    return found


def _readable(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Post)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .where(*visible(), Member.is_bot.is_(False))
    )


def judged(session: Session, posts: Sequence[int], tasks: Sequence[str]) -> Judged:
    """Return what the judges of some tasks said of posts; a label that a person gave is certain."""
    labels = _labels(session)
    query = select(Score.post_id, Score.task, Score.model_id, Score.confidence, Score.probabilities)
    given = select(Correction.post_id, Correction.task, Correction.label).order_by(Correction.id)
    found: Judged = {}
    for some in parts(posts):
        for row in session.execute(query.where(Score.post_id.in_(some), Score.task.in_(tasks))):
            if row.confidence:
                shares = np.asarray(row.probabilities, dtype=np.float64).tolist()
                found[row.post_id, row.task] = dict(zip(labels[row.model_id], shares, strict=False))
        for post, task, label in session.execute(given.where(Correction.post_id.in_(some))):
            found[post, task] = {label: 1.0}
    return found


def _labels(session: Session) -> Mapping[int, list[str]]:
    query = select(ScoreModel.id, ScoreModel.labels)
    return {row.id: [str(label) for label in row.labels] for row in session.execute(query)}


def first_posts(session: Session, members: Sequence[int]) -> dict[int, datetime]:
    """Return when each member first posted: one look into an index for each."""
    post = aliased(Post)
    earliest = select(func.min(post.created_at)).where(post.member_id == Member.id)
    query = select(Member.id, earliest.scalar_subquery())
    rows: list[Any] = []
    for some in parts(members):
        rows += session.execute(query.where(Member.id.in_(some))).all()
    return {row[0]: row[1] for row in rows if row[1] is not None}


def gaps(
    session: Session, since: datetime, channels: Sequence[str | None]
) -> dict[str | None, float]:
    """Return the median seconds between two public posts of one thread since a time, by channel."""
    named = [name for name in channels if name is not None]
    query = (
        select(Thread.channel, Post.thread_id, Post.created_at)
        .join(Thread, Thread.id == Post.thread_id)
        .where(Post.created_at >= since, *visible())
        .where(Thread.channel.in_(named) | Thread.channel.is_(None))
        .order_by(Post.thread_id, Post.created_at)
    )
    by_channel: dict[str | None, list[float]] = {}
    for one, other in pairwise(session.execute(query).all()):
        if one.thread_id == other.thread_id:
            gap = (other.created_at - one.created_at).total_seconds()
            by_channel.setdefault(one.channel, []).append(gap)
    return {channel: float(np.median(found)) for channel, found in by_channel.items()}


def channels(session: Session, threads: Sequence[int]) -> dict[int, str | None]:
    """Return the channel of each thread."""
    query = select(Thread.id, Thread.channel)
    return {
        row.id: row.channel
        for some in parts(threads)
        for row in session.execute(query.where(Thread.id.in_(some)))
    }


def vectors(
    session: Session, encoder: int, threads: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[NDArray[np.float16]]]:
    """Return thread, post and vector of every post by people in some threads, by post."""
    query = _readable(Post.thread_id, Post.id, Embedding.vector).join(
        Embedding, (Embedding.post_id == Post.id) & (Embedding.encoder_id + 0 == encoder)
    )
    rows: list[Any] = []
    for some in parts(sorted(threads)):
        rows += session.execute(query.where(Post.thread_id.in_(some)).order_by(Post.id)).all()
    ids = np.array([row[:2] for row in rows], dtype=np.int64).reshape(-1, 2)
    return ids[:, 0], ids[:, 1], [row[2] for row in rows]


def begins_at(session: Session) -> datetime | None:
    """Return when the archive's first post was made."""
    return session.scalar(select(func.min(Post.created_at)))


def peaks(session: Session, version: str, since: datetime) -> NDArray[np.float64]:
    """Return the highest heat of each thread with a post since a time."""
    query = (
        select(ThreadHeat.peak)
        .join(Thread, Thread.id == ThreadHeat.thread_id)
        .where(ThreadHeat.version == version, Thread.last_post_at >= since)
    )
    return np.array(list(session.scalars(query)), dtype=np.float64)
