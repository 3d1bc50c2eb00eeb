"""Reads the posts of a time that could be copies of each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.models import Member, Post, Thread
from service.db.queries.posts import visible

# Shorter texts have too few words to be told apart.
LEAST = 12


@dataclass(frozen=True, slots=True)
class CopyRow:
    """A post that anyone may read, by a person who is not of the staff."""

    id: int
    member_id: int
    author: str
    thread_id: int
    channel: str | None
    made: datetime
    plain: str


def said(
    session: Session, since: datetime, until: datetime, channel: str | None = None
) -> list[CopyRow]:
    """Return the posts of [since, until) that could be copies, oldest first."""
    query = (
        select(
            Post.id,
            Post.member_id,
            Member.name,
            Post.thread_id,
            Thread.channel,
            Post.created_at,
            Post.plain,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .where(*visible(), Member.is_bot.is_(False), Member.is_staff.is_(False))
        .where(Post.created_at >= since, Post.created_at < until)
        .where(func.length(Post.plain) >= LEAST)
        .order_by(Post.created_at, Post.id)
    )
    if channel is not None:
        query = query.where(Thread.channel == channel)
    return [CopyRow(*row) for row in session.execute(query)]
