"""Step `topics`: fit the topic model when it is due, else place the new posts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from nlp.encoders import Card, Encoder
from nlp.errors import TooFewPosts
from nlp.topics import clusters, model
from nlp.topics.clusters import Rows
from nlp.topics.model import FoundTopic, TopicModel, TopicPosts
from service.db.models import Topic, TopicFit
from service.db.queries import embeddings, topic_fit
from service.db.queries.topic_fit import TopicInput
from service.db.session import Database

# A fit costs in proportion to the archive, so it waits until the archive has grown by this share;
# until then each new post goes to the nearest topic.
GROWTH = 0.2
# Topics of two fits are the same where their centroids are this near.
SAME = 0.8


@dataclass(frozen=True, slots=True)
class TopicsResult:
    """Whether topics were fitted anew, how many there are, posts placed and in the outlier pool."""

    fitted: bool
    topics: int
    placed: int
    outliers: int
    note: str | None = None


def update_topics(
    database: Database,
    card: Card,
    load_encoder: Callable[[], Encoder],
    *,
    now: datetime,
    refit: bool = False,
) -> TopicsResult:
    """Give every encoded post a topic or a place in the outlier pool."""
    with database.read() as session:
        encoder = embeddings.encoder_id(session, card.name, card.revision)
        if encoder is None:
            return TopicsResult(False, 0, 0, 0, "no posts")
        fit = topic_fit.newest_fit(session)
        encoded = embeddings.embedding_count(session, encoder)
    if refit or fit is None or _due(fit, encoder, encoded):
        return _fit(database, encoder, encoded, load_encoder, now)
    return _place(database, encoder, fit)


def _due(fit: TopicFit, encoder: int, encoded: int) -> bool:
    """Return whether the model, the encoder or the size of the archive asks for a new fit."""
    if (fit.encoder_id, fit.model) != (encoder, model.VERSION):
        return True
    return encoded > (1 + GROWTH) * int(fit.parameters["posts"])


def _fit(
    database: Database,
    encoder: int,
    encoded: int,
    load_encoder: Callable[[], Encoder],
    now: datetime,
) -> TopicsResult:
    with database.read() as session:
        posts = topic_fit.every_post(session, encoder)
    given = TopicPosts(posts.texts, posts.vectors, posts.members, posts.threads)
    try:
        # The encoder is loaded only once there are words to encode.
        found = model.fit(given, lambda words: load_encoder().encode(words))
    except TooFewPosts as error:
        return TopicsResult(False, 0, 0, 0, str(error))
    with database.write() as session:
        return _store(session, encoder, encoded, posts, found, now)


def _store(
    session: Session,
    encoder: int,
    encoded: int,
    posts: TopicInput,
    found: TopicModel,
    now: datetime,
) -> TopicsResult:
    kept = topic_fit.still_encoded(session, encoder, posts.post_ids)
    labels = found.labels[kept]
    outliers = int((labels < 0).sum())
    fit = TopicFit(
        encoder_id=encoder,
        model=model.VERSION,
        parameters={"posts": encoded, "clusters": len(found.topics)},
        posts=len(labels),
        outliers=outliers,
        fitted_at=now,
    )
    session.add(fit)
    session.flush()
    ids = _store_topics(session, fit, posts, found.topics, now)
    places = [ids[label] if label >= 0 else None for label in labels.tolist()]
    similarity = found.similarity[kept]
    topic_fit.replace_places(session, fit.id, posts.post_ids[kept], places, similarity)
    return TopicsResult(True, len(ids), len(places), outliers)


def _store_topics(
    session: Session, fit: TopicFit, posts: TopicInput, found: Sequence[FoundTopic], now: datetime
) -> list[int]:
    """Write the topics and return their ids; one that was there before keeps its id."""
    old = topic_fit.active_topics(session)
    if old and topic_fit.fit_encoder(session, old[0].fit_id) != fit.encoder_id:
        # Vectors of two encoders cannot be compared: every topic is new.
        for row in old:
            row.retired_at = now
        old = []
    same = match(_centroids(old), np.array([topic.centroid for topic in found]))
    ids = [0] * len(found)
    for number in sorted(range(len(found)), key=lambda n: (-found[n].posts, found[n].label)):
        row = old[same[number]] if number in same else Topic(born_at=now)
        topic = found[number]
        row.fit_id, row.label, row.words = fit.id, topic.label, topic.words
        row.centroid = topic.centroid.astype(np.float16)
        row.radius = topic.radius
        row.representatives = posts.post_ids[topic.representatives].tolist()
        session.add(row)
        session.flush()
        ids[number] = row.id
    for place, row in enumerate(old):
        if place not in same.values():
            row.retired_at = now
    return ids


def match(old: Rows, new: Rows) -> dict[int, int]:
    """Return which old centroid each new one goes on from, one to one, by greatest likeness."""
    from scipy.optimize import linear_sum_assignment

    if not len(old) or not len(new) or old.shape[1] != new.shape[1]:
        return {}
    likeness = new @ old.T
    # Pairs that are not the same count nothing, so that none of them displaces a pair that is.
    pairs = zip(*linear_sum_assignment(-np.where(likeness >= SAME, likeness, 0)), strict=True)
    return {int(n): int(o) for n, o in pairs if likeness[n, o] >= SAME}


def _centroids(topics: Sequence[Topic]) -> Rows:
    if not topics:
        return np.empty((0, 0), dtype=np.float32)
    return np.array([topic.centroid for topic in topics], dtype=np.float32)


def _place(database: Database, encoder: int, fit: TopicFit) -> TopicsResult:
    """Give new posts the nearest topic; a post is read in the context of its whole thread."""
    with database.read() as session:
        new = topic_fit.unplaced(session, encoder)
        topics = topic_fit.active_topics(session)
        if not len(new.post_ids) or not topics:
            return TopicsResult(False, len(topics), 0, topic_fit.outlier_count(session))
        threads, vectors = topic_fit.thread_vectors(
            session, encoder, np.unique(new.threads).tolist()
        )
    rows = model.beside(new.vectors, new.threads, vectors, threads)
    radii = np.array([topic.radius for topic in topics], dtype=np.float32)
    found = clusters.place(rows, _centroids(topics), radii)
    ids = [topics[label].id if label >= 0 else None for label in found.labels.tolist()]
    with database.write() as session:
        kept = topic_fit.still_encoded(session, encoder, new.post_ids)
        ids = [topic for topic, there in zip(ids, kept.tolist(), strict=True) if there]
        topic_fit.add_places(session, fit.id, new.post_ids[kept], ids, found.similarity[kept])
        outliers = topic_fit.outlier_count(session)
        counts = {"posts": topic_fit.placed_count(session), "outliers": outliers}
        topic_fit.set_counts(session, fit.id, counts)
    return TopicsResult(False, len(topics), len(ids), outliers)
