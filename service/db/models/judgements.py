"""What models made of the posts: topics and trends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, BigId, Vector


class TopicFit(Base):
    """One fit of the topic model over the whole archive, and its settings."""

    __tablename__ = "topic_fit"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    encoder_id: Mapped[int] = mapped_column(ForeignKey("encoder.id"))
    model: Mapped[str] = mapped_column(String(80))
    parameters: Mapped[dict[str, Any]]
    posts: Mapped[int]
    outliers: Mapped[int]
    fitted_at: Mapped[datetime]


class Topic(Base):
    """A topic keeps its id from fit to fit; `retired_at` is set when a fit no longer finds it."""

    __tablename__ = "topic"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    fit_id: Mapped[int] = mapped_column(ForeignKey("topic_fit.id"), index=True)
    label: Mapped[str] = mapped_column(Text)
    words: Mapped[list[Any]]
    centroid: Mapped[NDArray[np.float16]] = mapped_column(Vector())
    radius: Mapped[float]
    representatives: Mapped[list[Any]]
    born_at: Mapped[datetime]
    retired_at: Mapped[datetime | None] = mapped_column(index=True)


class PostTopic(Base):
    """The topic of a post; `topic_id` is null for posts in the outlier pool."""

    __tablename__ = "post_topic"
    __table_args__ = (Index("ix_post_topic_topic_id_similarity", "topic_id", "similarity"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    fit_id: Mapped[int] = mapped_column(ForeignKey("topic_fit.id"), index=True)
    similarity: Mapped[float]


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
