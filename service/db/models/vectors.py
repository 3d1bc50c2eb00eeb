"""Vectors of posts, and which index holds them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, BigId, Vector


class EncoderRow(Base):
    """One encoder at one revision; vectors of two revisions are never compared."""

    __tablename__ = "encoder"
    __table_args__ = (UniqueConstraint("name", "revision"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(400))
    revision: Mapped[str] = mapped_column(String(100))
    dimensions: Mapped[int]
    created_at: Mapped[datetime]


class Embedding(Base):
    """The vector of one post by one encoder.

    Ids only grow: what the index lacks is what came after the newest id that it holds.
    """

    __tablename__ = "embedding"
    __table_args__ = (UniqueConstraint("post_id", "encoder_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    encoder_id: Mapped[int] = mapped_column(ForeignKey("encoder.id"), index=True)
    vector: Mapped[NDArray[np.float16]] = mapped_column(Vector())


class IndexBuild(Base):
    """The pointer to the served generation of the index: one row per encoder."""

    __tablename__ = "index_build"

    encoder_id: Mapped[int] = mapped_column(ForeignKey("encoder.id"), primary_key=True)
    generation: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[str] = mapped_column(String(64))
    count: Mapped[int]
    last_embedding_id: Mapped[int] = mapped_column(BigId)
    built_at: Mapped[datetime]
    manifest: Mapped[dict[str, Any]]
