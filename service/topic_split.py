"""A topic split into two by a person: along its widest direction, or by posts that are named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from nlp.topics import clusters
from nlp.topics.clusters import Rows
from nlp.topics.context import beside
from nlp.topics.posts import TopicPosts
from nlp.topics.wording.describe import Described, describe
from nlp.topics.wording.labels import UNNAMED, numbered
from nlp.vectors import unit
from service.db.models import Topic
from service.db.queries import ledger as queries
from service.db.queries import topic_fit
from service.errors import Conflict, InvalidInput, NotFound
from service.topics import Done, note, place

ROUNDS = 30
LEAST = 5  # posts of a part that is found, not named
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Held:
    """The n posts that a topic holds: what the topic model reads of them, ids, and rows."""

    ids: NDArray[np.int64]
    posts: TopicPosts
    rows: Rows


def split(
    session: Session,
    topic: int,
    now: datetime,
    actor: str,
    *,
    posts: Collection[int] = (),
    threads: Collection[int] = (),
) -> Done:
    """Make a part of a topic a topic of its own; the other part goes on with the id.

    The part is what `posts` and `threads` name, which every run then leaves there, or else the
    smaller of the two parts that 2-means finds. Raise NotFound for no such topic, InvalidInput for
    posts that are not in it, Conflict where it cannot be parted.
    """
    row = queries.hold(session, [topic]).get(topic)
    fit = topic_fit.newest_fit(session)
    if row is None or fit is None:
        raise NotFound(f"there is no topic {topic}")
    if row.retired_at is not None:
        raise Conflict(f"topic {topic} holds no posts of its own: it cannot be split")
    held = _held(session, topic, fit.encoder_id)
    named = bool(posts or threads)
    apart = _named(held, posts, threads) if named else halves(held.rows)
    least = 1 if named else LEAST
    if min(int(apart.sum()), int((~apart).sum())) < least:
        raise Conflict(f"topic {topic} has no two parts: name the posts of one of them")
    child = _child(session, row, held, apart, now)
    ids = held.ids[apart].tolist()
    before = sorted(queries.places(session, ids).items())
    moved = [post for post, was in before if was.moved]
    queries.put(session, ids, child.id)
    # What a person put into the whole stays in its part.
    queries.keep_moves(session, ids if named else moved, child.id, actor, now)
    row.centroid, row.radius, row.mass = _shape(held.rows[~apart])
    row.anchor = row.centroid
    evidence = {
        "posts": len(ids),
        "rest": len(held.ids) - len(ids),
        "near": round(_cosine(held.rows[apart], held.rows[~apart]), 4),
        "named": named,
        "label": child.label,
        "places": [place(was) for _, was in before if was.moved or was.via_id is not None],
    }
    event = note(session, topic, "split", now, actor, evidence, child.id)
    return Done(True, (topic, child.id), event, len(ids))


def halves(rows: Rows) -> Flags:
    """Return which rows are in the smaller of two parts, bool [n], by deterministic 2-means.

    It begins with the two sides of the plane across the direction of greatest variance (Boley
    1998) and goes on as spherical k-means.
    """
    if len(rows) < 2:
        return np.zeros(len(rows), dtype=np.bool_)
    centred = (rows - rows.mean(axis=0)).astype(np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)
    side = (centred @ directions[:, -1] > 0).astype(np.int64)
    centroids = clusters.refine(rows, clusters.means(rows, side, 2), ROUNDS)
    labels, _ = clusters.nearest(rows, centroids)
    return np.asarray(labels == int(2 * labels.sum() <= len(labels)), dtype=np.bool_)


def heard(texts: Sequence[str], rows: Rows, words: Sequence[str]) -> Rows:
    """Return a vector for each word without an encoder: the mean of the rows that say it."""
    folded = [text.casefold() for text in texts]
    found = np.zeros((len(words), rows.shape[1]), dtype=np.float32)
    for number, word in enumerate(words):
        said = [row for row, text in enumerate(folded) if word.casefold() in text]
        found[number] = rows[said].mean(axis=0) if said else rows.mean(axis=0)
    return unit(found)


def _held(session: Session, topic: int, encoder: int) -> Held:
    rows = queries.posts_in(session, topic, encoder)
    if not rows:
        raise Conflict(f"topic {topic} holds no posts: there is nothing to split")
    vectors = np.array([row.vector for row in rows], dtype=np.float32)
    given = TopicPosts(
        texts=[row.plain for row in rows],
        vectors=vectors,
        authors=np.array([row.member_id for row in rows], dtype=np.int64),
        threads=np.array([row.thread_id for row in rows], dtype=np.int64),
        titles=[row.title or "" for row in rows],
    )
    around = topic_fit.thread_vectors(session, encoder, np.unique(given.threads).tolist())
    mixed = beside(vectors, given.threads, around[1], around[0])
    return Held(np.array([row.id for row in rows], dtype=np.int64), given, mixed)


def _named(held: Held, posts: Collection[int], threads: Collection[int]) -> Flags:
    for name, wanted, there in (("post", posts, held.ids), ("thread", threads, held.posts.threads)):
        if missing := sorted(set(wanted) - set(there.tolist())):
            raise InvalidInput(f"{name} {missing[0]} is not in the topic: nothing was split")
    chosen = np.isin(held.ids, list(posts)) | np.isin(held.posts.threads, list(threads))
    return np.asarray(chosen, dtype=np.bool_)


def _child(session: Session, parent: Topic, held: Held, apart: Flags, now: datetime) -> Topic:
    taken = queries.labels_in_use(session)
    told = _described(held, apart, taken)
    centroid, radius, mass = _shape(held.rows[apart])
    child = Topic(
        fit_id=parent.fit_id,
        label=_label(parent, told, taken),
        words=told.words,
        phrases=told.phrases,
        description=told.description,
        representatives=held.ids[told.representatives].tolist(),
        centroid=centroid,
        radius=radius,
        mass=mass,
        anchor=centroid,
        area_id=parent.area_id,
        parent_id=parent.id,
        hidden_at=parent.hidden_at,
        born_at=now,
    )
    session.add(child)
    session.flush()
    return child


def _label(parent: Topic, told: Described, taken: Collection[str]) -> str:
    """Return the part's label; one whose words are those of the whole is called after that."""
    if told.words and not told.label.startswith(UNNAMED):
        return told.label
    label = ": ".join([parent.called, " ".join(told.words[:1]) or "a part"])
    return numbered(label, {name.casefold() for name in taken})


def _described(held: Held, apart: Flags, taken: Collection[str]) -> Described:
    labels = apart.astype(np.int64)
    centroids = clusters.means(held.rows, labels, 2)
    found = describe(
        held.posts,
        held.rows,
        labels,
        np.einsum("nd,nd->n", held.rows, centroids[labels]),
        centroids,
        lambda words: heard(held.posts.texts, held.rows, words),
        only=[1],
        taken=taken,
        titles=held.posts.titles,
    )
    return found[1]


def _shape(rows: Rows) -> tuple[NDArray[np.float16], float, float]:
    """Return the centroid of rows, the least likeness that belongs to it, and its mass."""
    centroid = clusters.means(rows, np.zeros(len(rows), dtype=np.int64), 1)[0]
    radius = float(np.quantile(rows @ centroid, clusters.OUTLIER_SHARE))
    return centroid.astype(np.float16), radius, float(len(rows))


def _cosine(one: Rows, other: Rows) -> float:
    first, second = (
        clusters.means(rows, np.zeros(len(rows), dtype=np.int64), 1)[0] for rows in (one, other)
    )
    return float(first @ second)
