"""People, and where they come from."""

from __future__ import annotations

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from service.db.models import Member, Post, Source
from service.db.queries.posts import hidden


def total(session: Session) -> int:
    """Return how many people wrote a post that anyone may read."""
    own = exists().where(Post.member_id == Member.id, Post.id.not_in(hidden()))
    return session.scalar(select(func.count()).select_from(Member).where(own)) or 0


def sources(session: Session) -> list[str]:
    """Return the names of the sources, in order."""
    return list(session.scalars(select(Source.name).order_by(Source.name)))
