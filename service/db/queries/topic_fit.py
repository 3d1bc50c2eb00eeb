"""Reads what the topic model needs and writes what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from service.db.models import Embedding, Member, Post, PostTopic, Source, Thread, Topic, TopicFit
from service.db.queries.posts import visible

WRITE = 5_000
BIND = 10_000


@dataclass(frozen=True, slots=True)
class TopicInput:
    """n posts: ids, plain texts, vectors float32 [n, d], members and threads, int64 [n]."""

    post_ids: NDArray[np.int64]
    texts: list[str]
    vectors: NDArray[np.float32]
    members: NDArray[np.int64]
    threads: NDArray[np.int64]


def every_post(session: Session, encoder: int) -> TopicInput:
    """Return each encoded post by a person, in an order that the posts alone decide.

    What bots post (build results, "marked as resolved") is nobody's subject.
    """
    query = (
        select(Post.id, Post.plain, Embedding.vector, Post.member_id, Post.thread_id)
        .join(Embedding, Embedding.post_id == Post.id)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Source, Source.id == Post.source_id)
        .join(Member, Member.id == Post.member_id)
        .where(Embedding.encoder_id == encoder, Member.is_bot.is_(False), *visible())
        .order_by(Post.content_hash, Source.name, Post.external_id)
    )
    rows = session.execute(query).all()
    return TopicInput(
        post_ids=np.array([row.id for row in rows], dtype=np.int64),
        texts=[row.plain for row in rows],
        vectors=_stack([row.vector for row in rows]),
        members=np.array([row.member_id for row in rows], dtype=np.int64),
        threads=np.array([row.thread_id for row in rows], dtype=np.int64),
    )


def unplaced(session: Session, encoder: int) -> TopicInput:
    """Return the posts by people that no topic has been looked up for."""
    query = (
        select(Post.id, Embedding.vector, Post.member_id, Post.thread_id)
        .join(Embedding, Embedding.post_id == Post.id)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .outerjoin(PostTopic, PostTopic.post_id == Post.id)
        .where(Embedding.encoder_id == encoder, PostTopic.post_id.is_(None), *visible())
        .where(Member.is_bot.is_(False))
        .order_by(Post.content_hash, Post.id)
    )
    rows = session.execute(query).all()
    return TopicInput(
        post_ids=np.array([row.id for row in rows], dtype=np.int64),
        texts=[],
        vectors=_stack([row.vector for row in rows]),
        members=np.array([row.member_id for row in rows], dtype=np.int64),
        threads=np.array([row.thread_id for row in rows], dtype=np.int64),
    )


def thread_vectors(
    session: Session, encoder: int, threads: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the thread and vector of every encoded post by people in some threads."""
    found: list[tuple[int, NDArray[np.float16]]] = []
    for start in range(0, len(threads), BIND):
        query = (
            select(Post.thread_id, Embedding.vector)
            .join(Embedding, Embedding.post_id == Post.id)
            .join(Member, Member.id == Post.member_id)
            .where(Embedding.encoder_id == encoder, Post.deleted_at.is_(None))
            .where(Member.is_bot.is_(False), Post.thread_id.in_(threads[start : start + BIND]))
            .order_by(Post.content_hash, Post.id)
        )
        found += [(row.thread_id, row.vector) for row in session.execute(query)]
    ids = np.array([thread for thread, _ in found], dtype=np.int64)
    return ids, _stack([vector for _, vector in found])


def newest_fit(session: Session) -> TopicFit | None:
    """Return the newest fit, by whatever encoder."""
    return session.scalar(select(TopicFit).order_by(TopicFit.id.desc()).limit(1))


def active_topics(session: Session) -> list[Topic]:
    """Return the topics that are not retired, by id."""
    return list(session.scalars(select(Topic).where(Topic.retired_at.is_(None)).order_by(Topic.id)))


def fit_encoder(session: Session, fit: int) -> int | None:
    """Return the encoder whose vectors a fit was made of."""
    return session.scalar(select(TopicFit.encoder_id).where(TopicFit.id == fit))


def still_encoded(session: Session, encoder: int, post_ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of the posts still have their vector, bool [n]."""
    there = select(Embedding.post_id).where(Embedding.encoder_id == encoder)
    found = np.fromiter(session.scalars(there), dtype=np.int64)
    return np.isin(post_ids, found)


def placed_count(session: Session) -> int:
    """Return how many posts a topic, or the outlier pool, has been found for."""
    return session.scalar(select(func.count(PostTopic.post_id))) or 0


def outlier_count(session: Session) -> int:
    """Return how many posts are in the outlier pool."""
    query = select(func.count(PostTopic.post_id)).where(PostTopic.topic_id.is_(None))
    return session.scalar(query) or 0


def replace_places(
    session: Session,
    fit: int,
    post_ids: NDArray[np.int64],
    topic_ids: Sequence[int | None],
    similarity: NDArray[np.float32],
) -> None:
    """Write the topic of every post anew."""
    session.execute(delete(PostTopic))
    add_places(session, fit, post_ids, topic_ids, similarity)


def add_places(
    session: Session,
    fit: int,
    post_ids: NDArray[np.int64],
    topic_ids: Sequence[int | None],
    similarity: NDArray[np.float32],
) -> None:
    """Write the topic of posts that had none."""
    rows = [
        {"post_id": post, "topic_id": topic, "fit_id": fit, "similarity": round(cosine, 4)}
        for post, topic, cosine in zip(
            post_ids.tolist(), topic_ids, similarity.tolist(), strict=True
        )
    ]
    for start in range(0, len(rows), WRITE):
        session.execute(insert(PostTopic), rows[start : start + WRITE])


def set_counts(session: Session, fit: int, counts: Mapping[str, int]) -> None:
    """Set how many posts, and outliers, a fit covers by now."""
    session.execute(update(TopicFit).where(TopicFit.id == fit).values(**counts))


def _stack(vectors: Sequence[NDArray[np.float16]]) -> NDArray[np.float32]:
    return np.array(vectors, dtype=np.float32) if vectors else np.empty((0, 0), dtype=np.float32)
