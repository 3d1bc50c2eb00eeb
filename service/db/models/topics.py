"""The topic ledger: topics with ids for ever, what became of them, and what people decided.

Beside each topic stands what a night needs to go on without reading the archive again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ForeignKey, Index, String, Text, text
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


class TopicArea(Base):
    """A broad subject that topics lie in. `name` is a person's and wins over `label`."""

    __tablename__ = "topic_area"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    label: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    words: Mapped[list[Any]]
    centroid: Mapped[NDArray[np.float16]] = mapped_column(Vector())
    born_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class Topic(Base):
    """A topic keeps its id from fit to fit.

    `label` is the machine's name; `name` is a person's and wins. `retired_at` is set when a fit no
    longer finds it, or when it was merged: `merged_into_id` then holds its posts. `parent_id` is
    the topic it was split or born from. `mass` is the posts behind `centroid` and 0 for one that
    attracts no more; `anchor` is the centroid at birth or when a drift was last told.
    """

    __tablename__ = "topic"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    fit_id: Mapped[int] = mapped_column(ForeignKey("topic_fit.id"), index=True)
    label: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    words: Mapped[list[Any]]
    phrases: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    description: Mapped[str] = mapped_column(Text, server_default=text("''"))
    centroid: Mapped[NDArray[np.float16]] = mapped_column(Vector())
    radius: Mapped[float]
    mass: Mapped[float] = mapped_column(server_default="0")
    anchor: Mapped[NDArray[np.float16] | None] = mapped_column(Vector())
    representatives: Mapped[list[Any]]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("topic_area.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    born_at: Mapped[datetime]
    retired_at: Mapped[datetime | None] = mapped_column(index=True)
    pinned_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]

    @property
    def called(self) -> str:
        """What people see: a person's name, else the machine's."""
        return self.name or self.label


class PostTopic(Base):
    """The topic of a post; `topic_id` is null for posts in the outlier pool.

    It is never a merged topic: of a post that came by one, `via_id` names that and `topic_id` the
    topic that holds its posts. `similarity` is the cosine to the centroid that was nearest.
    """

    __tablename__ = "post_topic"
    __table_args__ = (Index("ix_post_topic_topic_id_similarity", "topic_id", "similarity"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    via_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    fit_id: Mapped[int] = mapped_column(ForeignKey("topic_fit.id"), index=True)
    similarity: Mapped[float]


class TopicRow(Base):
    """A post as the topic model reads it, in the context of its thread.

    Kept of posts that may yet become a topic of their own: the newest ones of the outlier pool,
    and those of the last nights. `at` is when a run put it there.
    """

    __tablename__ = "topic_row"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    vector: Mapped[NDArray[np.float16]] = mapped_column(Vector())
    at: Mapped[datetime] = mapped_column(index=True)


class TopicMove(Base):
    """Where a person put a post, in a topic or (null) in none: every run obeys it."""

    __tablename__ = "topic_move"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    actor: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime]


class TopicEvent(Base):
    """What became of a topic: by a run, or by a person. Rows are only added.

    `other_id` is the other topic of a merge or a split. `undoes_id` names the event that this one
    undid, which has `undone_at` set.
    """

    __tablename__ = "topic_event"
    __table_args__ = (
        Index(
            "ix_topic_event_other_id",
            "other_id",
            sqlite_where=text("other_id IS NOT NULL"),
            postgresql_where=text("other_id IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"), index=True)
    other_id: Mapped[int | None] = mapped_column(ForeignKey("topic.id"))
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
    fit_id: Mapped[int | None] = mapped_column(ForeignKey("topic_fit.id"))
    evidence: Mapped[dict[str, Any]]
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("topic_event.id"))
    undone_at: Mapped[datetime | None]


class TopicNaming(Base):
    """The name that a language model gave, by sha256 (hex) of what it was asked."""

    __tablename__ = "topic_naming"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
