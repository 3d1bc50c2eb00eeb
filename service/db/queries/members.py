"""People, and where they come from."""

from __future__ import annotations

from sqlalchemy import func, not_, select
from sqlalchemy.orm import Session

from service.db.models import Post, Source
from service.db.queries.posts import hidden


def total(session: Session) -> int:
    """Return how many people wrote a post that anyone may read."""
    return session.scalar(select(func.count(Post.member_id.distinct())).where(not_(hidden()))) or 0


def sources(session: Session) -> list[str]:
    """Return the names of the sources, in order."""
    return list(session.scalars(select(Source.name).order_by(Source.name)))
