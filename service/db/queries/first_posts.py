"""Reads first posts of people, and what followed them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from service.db.models import Member, Post, Source, Thread
from service.db.queries.ids import parts
from service.db.queries.posts import visible

# Whoever posts in a source's first fortnight was there before, as far as anybody knows.
SETTLED = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class FirstPost:
    """The first post of a person: when it was made, and where.

    `answers` says that it answers another post, `begins` that its thread begins with it.
    """

    id: int
    thread_id: int
    member_id: int
    source_id: int
    made: datetime
    text: str
    plain: str
    answers: bool
    begins: bool
    resolved: bool


@dataclass(frozen=True, slots=True)
class Following:
    """A post of a thread that anyone may read, by a person."""

    id: int
    thread_id: int
    member_id: int
    made: datetime
    text: str
    plain: str


def arrivals(
    session: Session, since: datetime, until: datetime, channel: str | None = None
) -> list[FirstPost]:
    """Return the first posts of people that were made in [since, until), oldest first.

    First in all that is held: who wrote a post before that is deleted or private is not new.
    People of the staff and bots are left out, and posts of sources that have just begun.
    """
    query: Any = (
        select(
            Post.id,
            Post.thread_id,
            Post.member_id,
            Post.source_id,
            Post.created_at,
            Post.text,
            Post.plain,
            (Post.reply_to_id.is_not(None) | Post.parent_external_id.is_not(None)).label("answers"),
            (Post.created_at <= Thread.first_post_at).label("begins"),
            Thread.resolved,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .where(*visible(), Member.is_bot.is_(False), Member.is_staff.is_(False))
        .where(Post.created_at >= since, Post.created_at < until, _earliest())
        .order_by(Post.created_at, Post.id)
    )
    if channel is not None:
        query = query.where(Thread.channel == channel)
    found: dict[int, FirstPost] = {}
    for row in session.execute(query):
        # Of two at the same time, the first.
        found.setdefault(row.member_id, FirstPost(*row))
    begun = _begun(session, since, until)
    return [row for row in found.values() if row.made >= begun.get(row.source_id, row.made)]


def following(
    session: Session, threads: Collection[int], since: datetime, until: datetime
) -> list[Following]:
    """Return what people wrote in threads in [since, until), in the order of time."""
    query = (
        select(Post.id, Post.thread_id, Post.member_id, Post.created_at, Post.text, Post.plain)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .where(*visible(), Member.is_bot.is_(False))
        .where(Post.created_at >= since, Post.created_at < until)
        .order_by(Post.created_at, Post.id)
    )
    return [
        Following(*row)
        for some in parts(sorted(threads))
        for row in session.execute(query.where(Post.thread_id.in_(some)))
    ]


def _earliest() -> ColumnElement[bool]:
    own = aliased(Post)
    first = select(func.min(own.created_at)).where(own.member_id == Post.member_id)
    return Post.created_at == first.correlate(Post).scalar_subquery()


def _begun(session: Session, since: datetime, until: datetime) -> dict[int, datetime]:
    """Return when a fortnight of each source that is young in [since, until) was over.

    A source with a post from before that fortnight is not young: found by its first rows.
    """
    bar, post = since - SETTLED, aliased(Post)
    old = select(post.id).where(post.source_id == Source.id, post.created_at < bar).exists()
    young = list(session.scalars(select(Source.id).where(~old)))
    if not young:
        return {}
    query: Any = (
        select(Post.source_id, func.min(Post.created_at))
        .where(Post.created_at >= bar, Post.created_at < until, Post.source_id.in_(young))
        .group_by(Post.source_id)
    )
    return {source: first + SETTLED for source, first in session.execute(query)}
