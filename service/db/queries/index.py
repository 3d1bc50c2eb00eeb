"""The pointer to the served index, and what a search filter leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.models import Embedding, IndexBuild, Member, Post, Source, Thread
from service.db.queries.posts import visible


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is narrowed to; times are half-open: after <= created_at < before."""

    channel: str | None = None
    source: str | None = None
    author: str | None = None
    after: datetime | None = None
    before: datetime | None = None

    @property
    def empty(self) -> bool:
        """Return whether nothing is narrowed."""
        return self == Filters()


def index_build(session: Session, encoder: int) -> IndexBuild | None:
    """Return the pointer row of an encoder's index."""
    return session.get(IndexBuild, encoder)


def generations(session: Session) -> set[str]:
    """Return the generations that are pointed to, by any encoder."""
    return set(session.scalars(select(IndexBuild.generation)))


def last_embedding(session: Session, encoder: int) -> int:
    """Return the newest embedding id of an encoder; 0 where there is none."""
    query = select(func.max(Embedding.id)).where(Embedding.encoder_id == encoder)
    return session.scalar(query) or 0


def filtered_posts(session: Session, filters: Filters) -> NDArray[np.int64]:
    """Return the ids of the public posts that pass the filters, int64 [n]."""
    query = select(Post.id).join(Thread, Thread.id == Post.thread_id).where(*visible())
    if filters.channel is not None:
        query = query.where(Thread.channel == filters.channel)
    if filters.source is not None:
        query = query.join(Source, Source.id == Post.source_id)
        query = query.where(Source.name == filters.source)
    if filters.author is not None:
        query = query.join(Member, Member.id == Post.member_id)
        query = query.where(Member.name == filters.author)
    if filters.after is not None:
        query = query.where(Post.created_at >= filters.after)
    if filters.before is not None:
        query = query.where(Post.created_at < filters.before)
    return np.fromiter(session.scalars(query), dtype=np.int64)


def shown_posts(session: Session, post_ids: NDArray[np.int64]) -> set[int]:
    """Return those of the posts that may be shown: public and not deleted."""
    query = (
        select(Post.id)
        .join(Thread, Thread.id == Post.thread_id)
        .where(Post.id.in_(post_ids.tolist()), *visible())
    )
    return set(session.scalars(query))
