"""Reads what the topic model needs and writes what it found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, Select, String, delete, func, select, type_coerce, update
from sqlalchemy.orm import Session, aliased

from service.db.models import (
    Embedding,
    Member,
    Post,
    PostTopic,
    Source,
    Thread,
    TopicFit,
    TopicMove,
    TopicRow,
)
from service.db.queries.ids import parts, put
from service.db.queries.posts import visible

BIND = 10_000
BEFORE = 2**62
Ints = NDArray[np.int64]
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TopicInput:
    """n posts: ids, plain texts, vectors float32 [n, d], members, threads and times of making.

    `members` and `threads` are int64 [n], `made` datetime64[us] [n] in UTC; `titles` are those of
    the threads, "" where there is none.
    """

    post_ids: Ints
    texts: list[str]
    vectors: Rows
    members: Ints
    threads: Ints
    titles: list[str]
    made: NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class PoolInput:
    """n posts that may yet become a topic: ids, rows in context, members, threads.

    `topics` int64 [n] is the topic by which each came (0: outlier pool), `similarity` float32 [n]
    the cosine to the nearest centroid; `rank` int64 [n] is 0 for the one that came last,
    and BEFORE for what was there at the newest fit.
    """

    post_ids: Ints
    rows: Rows
    members: Ints
    threads: Ints
    topics: Ints
    similarity: Rows
    rank: Ints


def every_post(session: Session, encoder: int) -> TopicInput:
    """Return each encoded post by a person, in an order that the posts alone decide.

    What bots post (build results, "marked as resolved") is nobody's subject.
    """
    query = _readable().join(Source, Source.id == Post.source_id)
    query = query.where(Embedding.encoder_id == encoder)
    return _input(session, query.order_by(Post.content_hash, Source.name, Post.external_id))


def unplaced(session: Session, encoder: int) -> TopicInput:
    """Return the posts by people that no topic has been looked up for."""
    # A sum, so that no index on the encoder is used: it would lead to every vector. Bots' posts
    # never get a place, and are not read night for night.
    made, by_bot = aliased(Embedding), aliased(Post)
    bots = select(by_bot.id).where(by_bot.member_id.in_(select(Member.id).where(Member.is_bot)))
    new = (
        select(made.post_id)
        .where(made.encoder_id + 0 == encoder)
        .where(made.post_id.not_in(select(PostTopic.post_id)), made.post_id.not_in(bots))
    )
    query = _readable().where(Embedding.encoder_id + 0 == encoder, Post.id.in_(new))
    return _input(session, query.order_by(Post.content_hash, Post.id))


def _readable() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Post.id,
            Post.plain,
            type_coerce(Embedding.vector, LargeBinary).label("data"),
            Post.member_id,
            Post.thread_id,
            Thread.title,
            Post.created_at,
        )
        .join(Embedding, Embedding.post_id == Post.id)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .where(Member.is_bot.is_(False), *visible())
    )


def _input(session: Session, query: Select[*tuple[Any, ...]]) -> TopicInput:
    rows = session.execute(query).all()
    return TopicInput(
        post_ids=_ints(row.id for row in rows),
        texts=[row.plain for row in rows],
        vectors=_matrix([row.data for row in rows]),
        members=_ints(row.member_id for row in rows),
        threads=_ints(row.thread_id for row in rows),
        titles=[row.title or "" for row in rows],
        made=np.array([row.created_at.replace(tzinfo=None) for row in rows], "datetime64[us]"),
    )


def pool(session: Session, fitted_at: datetime) -> PoolInput:
    """Return the posts that may yet become a topic of their own, in an order of their own.

    `fitted_at` is when the whole archive was last looked at: what came later is recent. Posts
    that a person put somewhere stay there, and are none of them.
    """
    query = (
        select(
            Post.id,
            Post.content_hash,
            # As the driver gives it, where it is only sorted by.
            type_coerce(Post.created_at, String).label("made"),
            type_coerce(TopicRow.at, String).label("at"),
            (TopicRow.at > fitted_at).label("later"),
            type_coerce(TopicRow.vector, LargeBinary).label("data"),
            Post.member_id,
            Post.thread_id,
            func.coalesce(PostTopic.via_id, PostTopic.topic_id, 0).label("topic"),
            PostTopic.similarity,
        )
        .select_from(TopicRow)
        .join(PostTopic, PostTopic.post_id == TopicRow.post_id)
        .join(Post, Post.id == TopicRow.post_id)
        .join(Thread, Thread.id == Post.thread_id)
        .where(*visible(), TopicRow.post_id.not_in(select(TopicMove.post_id)))
    )
    # Sorted here: a database would sort by reading every post along an index.
    rows = sorted(
        session.connection().execute(query).all(), key=lambda row: (row.content_hash, row.id)
    )
    return PoolInput(
        post_ids=_ints(row.id for row in rows),
        rows=_matrix([row.data for row in rows]),
        members=_ints(row.member_id for row in rows),
        threads=_ints(row.thread_id for row in rows),
        topics=_ints(row.topic for row in rows),
        similarity=np.array([row.similarity for row in rows], dtype=np.float32),
        rank=_ranks(rows),
    )


def _ranks(rows: Sequence[Any]) -> Ints:
    later = [place for place, row in enumerate(rows) if row.later]
    later.sort(key=lambda place: (rows[place].at, rows[place].made), reverse=True)
    ranks = np.full(len(rows), BEFORE, dtype=np.int64)
    ranks[later] = np.arange(len(later))
    return ranks


def words(session: Session, post_ids: Ints) -> tuple[list[str], list[str]]:
    """Return the plain texts of posts and the titles of their threads, "" where there is none."""
    query = select(Post.id, Post.plain, Thread.title).join(Thread, Thread.id == Post.thread_id)
    found = {
        row.id: row
        for some in parts(post_ids.tolist())
        for row in session.execute(query.where(Post.id.in_(some)))
    }
    rows = [found[post] for post in post_ids.tolist()]
    return [row.plain for row in rows], [row.title or "" for row in rows]


def owners(session: Session) -> tuple[Ints, Ints]:
    """Return (post, topic by which it came; 0: outlier pool) of every post that was placed."""
    own = func.coalesce(PostTopic.via_id, PostTopic.topic_id, 0)
    rows = session.execute(select(PostTopic.post_id, own).order_by(PostTopic.post_id)).all()
    found = np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def thread_vectors(session: Session, encoder: int, threads: Sequence[int]) -> tuple[Ints, Rows]:
    """Return the thread and vector of every encoded post by people in some threads."""
    found: list[Any] = []
    data = type_coerce(Embedding.vector, LargeBinary).label("data")
    for start in range(0, len(threads), BIND):
        # A sum, so that no index on the encoder is used: it would lead to every vector.
        ours = Embedding.encoder_id + 0 == encoder
        query = (
            select(Post.thread_id, data)
            .join(Embedding, Embedding.post_id == Post.id)
            .join(Member, Member.id == Post.member_id)
            .where(ours, Post.deleted_at.is_(None))
            .where(Member.is_bot.is_(False), Post.thread_id.in_(threads[start : start + BIND]))
            .order_by(Post.content_hash, Post.id)
        )
        found += session.execute(query).all()
    return _ints(row.thread_id for row in found), _matrix([row.data for row in found])


def encoded_count(session: Session, encoder: int) -> int:
    """Return how many posts have a vector by an encoder."""
    query = select(func.count()).select_from(Embedding).where(Embedding.encoder_id == encoder)
    return session.scalar(query) or 0


def newest_fit(session: Session) -> TopicFit | None:
    """Return the newest fit, by whatever encoder."""
    return session.scalar(select(TopicFit).order_by(TopicFit.id.desc()).limit(1))


def fit_encoder(session: Session, fit: int) -> int | None:
    """Return the encoder whose vectors a fit was made of."""
    return session.scalar(select(TopicFit.encoder_id).where(TopicFit.id == fit))


def still_encoded(session: Session, encoder: int, post_ids: Ints) -> NDArray[np.bool_]:
    """Return which of the posts still have their vector, bool [n]."""
    there = select(Embedding.post_id).where(Embedding.encoder_id == encoder)
    if len(post_ids) <= BIND:
        there = there.where(Embedding.post_id.in_(post_ids.tolist()))
    return np.isin(post_ids, _ints(session.scalars(there)))


def placed_count(session: Session) -> int:
    """Return how many posts a topic, or the outlier pool, has been found for."""
    return session.scalar(select(func.count(PostTopic.post_id))) or 0


def outlier_count(session: Session) -> int:
    """Return how many posts are in the outlier pool."""
    query = select(func.count(PostTopic.post_id)).where(PostTopic.topic_id.is_(None))
    return session.scalar(query) or 0


def clear_places(session: Session) -> None:
    """Remove the topic of every post, and the rows of those that might become one."""
    session.execute(delete(PostTopic))
    session.execute(delete(TopicRow))


def add_places(
    session: Session, fit: int, post_ids: Ints, topics: Ints, via: Ints, similarity: Rows
) -> None:
    """Write the topic of posts that had none, and the merged topic by which they came.

    0 stands for none: the outlier pool, or no other topic.
    """
    # Plain parameters: the ORM takes four times as long to make out each row.
    rows = [
        {"post_id": post, "topic_id": topic or None, "via_id": by or None, "fit_id": fit,
         "similarity": round(cosine, 4)}
        for post, topic, by, cosine in zip(
            post_ids.tolist(), topics.tolist(), via.tolist(), similarity.tolist(), strict=True
        )
    ]  # fmt: skip
    put(session, PostTopic, rows)


def move_places(session: Session, post_ids: Ints, topic: int, similarity: Rows) -> None:
    """Give posts to a topic that was born of them."""
    rows = [
        {"post_id": post, "topic_id": topic, "via_id": None, "similarity": round(cosine, 4)}
        for post, cosine in zip(post_ids.tolist(), similarity.tolist(), strict=True)
    ]
    if rows:
        session.execute(update(PostTopic), rows)


def add_rows(session: Session, post_ids: Ints, rows: Rows, at: datetime) -> None:
    """Keep posts, in the context of their threads, for births in nights to come."""
    kept = [
        {"post_id": post, "vector": vector, "at": at}
        for post, vector in zip(post_ids.tolist(), rows.astype("<f2"), strict=True)
    ]
    put(session, TopicRow, kept)


def prune_rows(session: Session, recent: int, most: int) -> None:
    """Forget the rows of posts in topics but for the `recent` newest, and of all above `most`."""
    order = (TopicRow.at.desc(), TopicRow.post_id.desc())
    placed = select(TopicRow.post_id).join(PostTopic, PostTopic.post_id == TopicRow.post_id)
    placed = placed.where(PostTopic.topic_id.is_not(None))
    for query, kept in ((placed, recent), (select(TopicRow.post_id), most)):
        old = query.order_by(*order).offset(kept)
        _run(session, delete(TopicRow).where(TopicRow.post_id.in_(old)))


def set_counts(session: Session, fit: int, counts: Mapping[str, int]) -> None:
    """Set how many posts, and outliers, a fit covers by now."""
    session.execute(update(TopicFit).where(TopicFit.id == fit).values(**counts))


def _run(session: Session, statement: Any) -> None:
    session.execute(statement, execution_options={"synchronize_session": False})


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _matrix(vectors: Sequence[bytes]) -> Rows:
    """Return vectors as they are stored, one a row, in float32."""
    if not vectors:
        return np.empty((0, 0), dtype=np.float32)
    flat = np.frombuffer(b"".join(vectors), dtype="<f2")
    return flat.reshape(len(vectors), -1).astype(np.float32)
