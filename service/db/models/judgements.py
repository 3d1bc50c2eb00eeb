"""What models made of the posts: trends, links between posts, suggestions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, BigId


class Trend(Base):
    """Observed and expected unique authors of a topic in the window that ends at `tick`."""

    __tablename__ = "trend"
    __table_args__ = (
        UniqueConstraint("topic_id", "tick"),
        Index("ix_trend_tick", "tick"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"))
    tick: Mapped[datetime]
    observed: Mapped[int]
    expected: Mapped[float]
    p: Mapped[float]
    q: Mapped[float]
    verdict: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(40))


class ReplyLink(Base):
    """Which post of flat chat a post answers, as a model found; null begins a conversation."""

    __tablename__ = "reply_link"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), index=True)
    confidence: Mapped[float]
    version: Mapped[str] = mapped_column(String(40))


class Suggestion(Base):
    """Two members who may be one person; a person or a rule decides.

    `left_id` < `right_id`. `status` is pending, accepted, dismissed or expired (no longer found).
    """

    __tablename__ = "suggestion"
    __table_args__ = (
        UniqueConstraint("kind", "left_id", "right_id"),
        Index("ix_suggestion_status_confidence", "status", "confidence"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    left_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    right_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    confidence: Mapped[float]
    parts: Mapped[list[Any]]
    version: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None] = mapped_column(String(120))
