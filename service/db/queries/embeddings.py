"""Reads and writes vectors of posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, func, insert, select, tuple_
from sqlalchemy.orm import Session

from service.db.models import Embedding, EncoderRow, Post
from service.db.queries.ids import parts


@dataclass(frozen=True, slots=True)
class PendingText:
    """A post that has no vector yet."""

    post_id: int
    plain: str
    content_hash: bytes


def encoder_id(session: Session, name: str, revision: str) -> int | None:
    """Return the id of an encoder at a revision; None where nothing was encoded with it."""
    return session.scalar(
        select(EncoderRow.id).where(EncoderRow.name == name, EncoderRow.revision == revision)
    )


def add_encoder(session: Session, name: str, revision: str, dimensions: int, now: datetime) -> int:
    """Return the id of an encoder at a revision, made where it is not there."""
    found = encoder_id(session, name, revision)
    if found is not None:
        return found
    row = EncoderRow(name=name, revision=revision, dimensions=dimensions, created_at=now)
    session.add(row)
    session.flush()
    return row.id


def pending_count(session: Session, encoder: int | None) -> int:
    """Return how many posts have no vector by this encoder."""
    every = session.scalar(select(func.count()).select_from(Post)) or 0
    gone = select(func.count()).select_from(Post).where(Post.deleted_at.is_not(None))
    posts = every - (session.scalar(gone) or 0)
    return posts - (0 if encoder is None else embedding_count(session, encoder))


def embedding_count(session: Session, encoder: int, after: int = 0) -> int:
    """Return how many posts that are still there have a vector, of those after an embedding id."""
    wanted = (Embedding.encoder_id == encoder, Embedding.id > after)
    every = session.scalar(select(func.count()).select_from(Embedding).where(*wanted)) or 0
    # Sums, so that the few deleted posts lead to their vectors and not every vector to its post.
    gone = (
        select(func.count())
        .select_from(Post)
        .join(Embedding, Embedding.post_id == Post.id)
        .where(Post.deleted_at.is_not(None))
        .where(Embedding.encoder_id + 0 == encoder, Embedding.id + 0 > after)
    )
    return every - (session.scalar(gone) or 0)


def pending_texts(
    session: Session, encoder: int, limit: int, after: PendingText | None = None
) -> list[PendingText]:
    """Return posts without a vector, in the order of their content hash.

    That order is the same whatever order posts came in, and brings equal texts together.
    """
    start = (b"", 0) if after is None else (after.content_hash, after.post_id)
    query = (
        select(Post.id, Post.plain, Post.content_hash)
        .outerjoin(Embedding, and_(Embedding.post_id == Post.id, Embedding.encoder_id == encoder))
        .where(Embedding.id.is_(None), Post.deleted_at.is_(None))
        .where(tuple_(Post.content_hash, Post.id) > start)
        .order_by(Post.content_hash, Post.id)
        .limit(limit)
    )
    return [PendingText(*row) for row in session.execute(query)]


def known_vectors(
    session: Session, encoder: int, hashes: Sequence[bytes]
) -> dict[bytes, NDArray[np.float16]]:
    """Return vectors that posts with these content hashes have already, by hash."""
    query = (
        select(Post.content_hash, Embedding.vector)
        .join(Embedding, Embedding.post_id == Post.id)
        .where(Embedding.encoder_id == encoder)
    )
    return {
        row.content_hash: row.vector
        for some in parts(sorted(set(hashes)))
        for row in session.execute(query.where(Post.content_hash.in_(some)))
    }


def add_vectors(
    session: Session,
    encoder: int,
    post_ids: Sequence[int],
    vectors: Sequence[NDArray[np.float16]],
) -> None:
    """Write one vector for each post."""
    rows = [
        {"post_id": post, "encoder_id": encoder, "vector": vector}
        for post, vector in zip(post_ids, vectors, strict=True)
    ]
    if rows:
        session.execute(insert(Embedding), rows)


def unchanged(session: Session, posts: Sequence[PendingText]) -> list[PendingText]:
    """Return those of the posts that are still there with the text that was read."""
    query = select(Post.id, Post.content_hash).where(Post.deleted_at.is_(None))
    there = {
        row.id: row.content_hash
        for some in parts([post.post_id for post in posts])
        for row in session.execute(query.where(Post.id.in_(some)))
    }
    return [post for post in posts if there.get(post.post_id) == post.content_hash]


def vectors_after(
    session: Session, encoder: int, after: int, limit: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return embedding ids, post ids and vectors that came after an embedding id, oldest first."""
    query = (
        select(Embedding.id, Embedding.post_id, Embedding.vector)
        .join(Post, Post.id == Embedding.post_id)
        .where(Embedding.encoder_id == encoder, Embedding.id > after, Post.deleted_at.is_(None))
        .order_by(Embedding.id)
        .limit(limit)
    )
    rows = session.execute(query).all()
    vectors = np.array([row.vector for row in rows], dtype=np.float32)
    ids = np.array([row.id for row in rows], dtype=np.int64)
    posts = np.array([row.post_id for row in rows], dtype=np.int64)
    return ids, posts, vectors


def embedded_posts(session: Session, encoder: int) -> NDArray[np.int64]:
    """Return the ids of every post that is still there and has a vector, int64 [n]."""
    query = (
        select(Embedding.post_id)
        .join(Post, Post.id == Embedding.post_id)
        .where(Embedding.encoder_id == encoder, Post.deleted_at.is_(None))
    )
    return np.fromiter(session.scalars(query), dtype=np.int64)
