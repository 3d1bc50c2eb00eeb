"""What models read between the lines of the posts, and what people made of that."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, BigId, Vector


class ScoreModel(Base):
    """One model of one task at one version; `labels` are in the order of its probabilities.

    `prior` is how often each label is true where those probabilities are calibrated; empty where
    nobody knows.
    `created_at` is when it was first used, or last taken up again after another of its task.
    """

    __tablename__ = "score_model"
    __table_args__ = (UniqueConstraint("task", "name", "version"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    task: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(400))
    version: Mapped[str] = mapped_column(String(100))
    labels: Mapped[list[Any]]
    prior: Mapped[list[Any]]
    created_at: Mapped[datetime]


class Score(Base):
    """What a model says of a post: one row a task, which stays until the next model's replaces it.

    `confidence` is the probability of the label named; of hostility, that of civil or of not
    civil. Where the model abstained, `label` is null and `confidence` that of the label it would
    have named; it is 0 where the model could read nothing. SQLite keeps the rows in the order of
    the key, so that those of a post are read at once.
    """

    __tablename__ = "score"
    __table_args__ = (
        Index("ix_score_task_label_model_id", "task", "label", "model_id"),
        {"sqlite_with_rowid": False},
    )

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    task: Mapped[str] = mapped_column(String(20), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("score_model.id"))
    label: Mapped[str | None] = mapped_column(String(40))
    confidence: Mapped[float]
    probabilities: Mapped[NDArray[np.float16]] = mapped_column(Vector())


class Correction(Base):
    """A label that a person gave a post; rows are only added, and the newest (highest id) wins.

    `sampled` says that the post came from the random sample, so that it counts for accuracy.
    `model_id`, `model_label` (null: abstained) and `model_confidence` are what stood there then;
    without a model nothing did.
    """

    __tablename__ = "correction"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), index=True)
    task: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(120))
    note: Mapped[str | None] = mapped_column(Text)
    sampled: Mapped[bool]
    model_id: Mapped[int | None] = mapped_column(ForeignKey("score_model.id"))
    model_label: Mapped[str | None] = mapped_column(String(40))
    model_confidence: Mapped[float | None]
    created_at: Mapped[datetime]
