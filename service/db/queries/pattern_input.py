"""Reads where and when people post, and which posts were hostile or raised a flag."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, select, type_coerce
from sqlalchemy.orm import Session

from service.db.models import Flag, Member, Post, Score, Thread
from service.db.queries import corrections
from service.db.queries.flags import DISMISSED
from service.db.queries.posts import visible

HOSTILITY = "hostility"
LABELS = ("hostile", "personal")


@dataclass(frozen=True, slots=True)
class Talk:
    """Posts that anyone may read, by people: rows of (id, thread id, channel, time).

    Times are as the driver gives them: text in UTC (SQLite) or aware. `hostile` and `flagged` are
    ids of posts: by the judge's or a person's label, and those that raised a flag which nobody has
    dismissed.
    """

    posts: list[Any]
    hostile: set[int]
    flagged: set[int]


def talk(session: Session, since: datetime, until: datetime, channel: str | None = None) -> Talk:
    """Return the posts of [since, until), by four statements."""
    made = type_coerce(Post.created_at, String).label("made")
    every = _spoken(since, until, channel)
    posts = session.execute(every.with_only_columns(Post.id, Thread.id, Thread.channel, made)).all()
    scored = every.join(Score, Score.post_id == Post.id).where(Score.task == HOSTILITY)
    hostile = set(session.scalars(scored.where(Score.label.in_(LABELS))))
    ids = {row.id for row in posts}
    for post, label in corrections.labels(session, HOSTILITY).items():
        if label in LABELS and post in ids:
            hostile.add(post)
        elif label not in LABELS:
            hostile.discard(post)
    raised = every.join(Flag, Flag.post_id == Post.id).where(Flag.status != DISMISSED)
    return Talk(list(posts), hostile, set(session.scalars(raised)))


def _spoken(since: datetime, until: datetime, channel: str | None) -> Select[Any]:
    query = (
        select(Post.id)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .where(*visible(), Member.is_bot.is_(False))
        .where(Post.created_at >= since, Post.created_at < until)
    )
    return query if channel is None else query.where(Thread.channel == channel)
