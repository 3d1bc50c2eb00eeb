"""Reads who posted in a flagged thread, and in which flagged threads they posted before."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.models import Flag, Member, Post, Thread
from service.db.queries.posts import visible


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Who posted in a thread that anyone may read, and how often."""

    id: int
    name: str
    posts: int


def people(session: Session, thread_id: int, most: int) -> list[PersonRow]:
    """Return the people of a thread who posted most in it, in the order in which they came."""
    posts, came = func.count().label("posts"), func.min(Post.created_at).label("came")
    loud = (
        select(Post.member_id, Member.name, posts, came, func.min(Post.id).label("first"))
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .where(*visible(), Post.thread_id == thread_id, Member.is_bot.is_(False))
        .group_by(Post.member_id, Member.name)
        .order_by(posts.desc(), came, Post.member_id)
        .limit(most)
        .subquery()
    )
    columns = (loud.c.member_id, loud.c.name, loud.c.posts)
    query = select(*columns).order_by(loud.c.came, loud.c.first)
    return [PersonRow(*row) for row in session.execute(query)]


def earlier(
    session: Session, flag: Flag, member_ids: Collection[int]
) -> list[tuple[int, int, int]]:
    """Return (member id, flag id, their posts in its thread by then) of flags before one.

    Of threads in which the member had written, before that flag was raised, what is still there.
    The newest flag comes first.
    """
    query = (
        select(Post.member_id, Flag.id, func.count())
        .join(Flag, Flag.thread_id == Post.thread_id)
        .where(Flag.id < flag.id, Post.deleted_at.is_(None))
        .where(Post.member_id.in_(member_ids), Post.created_at <= Flag.raised_at)
        .group_by(Post.member_id, Flag.id)
        .order_by(Flag.id.desc(), Post.member_id)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]
