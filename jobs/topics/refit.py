"""A refit: the whole archive is clustered, and what is found is mapped onto the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from jobs.topics import areas, book
from jobs.topics.book import Book, TopicsResult
from jobs.topics.mapping import Fate, mapped
from jobs.topics.night import MOST_ROWS
from jobs.topics.succession import Succession
from nlp.encoders import Encoder
from nlp.errors import TooFewPosts
from nlp.topics import clusters, context, model, nights
from nlp.topics.clusters import Clusters, Labels, Rows
from nlp.topics.model import TopicModel
from nlp.topics.nights import Flags
from nlp.topics.posts import TopicPosts
from service.db.models import TopicFit
from service.db.queries import members, topic_fit
from service.db.queries.topic_fit import Ints, TopicInput
from service.db.session import Database


@dataclass(frozen=True, slots=True)
class Refit:
    """The posts that a refit has read, in the context of their threads, and what it found.

    `warm`: it went on from the topics that are there, so that posts rather stay where they are.
    """

    posts: TopicInput
    rows: Rows
    found: TopicModel
    warm: bool


def refit(
    database: Database,
    encoder: int,
    encoded: int,
    load_encoder: Callable[[], Encoder],
    now: datetime,
    *,
    warm: bool,
) -> TopicsResult:
    """Fit the model to every post; `warm` begins with the topics that are there."""
    with database.read() as session:
        posts = topic_fit.every_post(session, encoder)
        seen = book.read(session)
        people = members.names(session)
    given = TopicPosts(
        posts.texts, posts.vectors, posts.members, posts.threads, posts.titles, people
    )
    start = book.centroids(seen.topics) if warm and seen.topics else None
    try:
        # The encoder is loaded only once there are words to encode.
        found = model.fit(given, lambda words: load_encoder().encode(words), start=start)
    except TooFewPosts as error:
        return TopicsResult(False, len(seen.live), 0, 0, str(error))
    rows = context.in_context(posts.vectors, posts.threads)
    with database.write() as session:
        return _store(session, encoder, encoded, Refit(posts, rows, found, warm), now)


def _store(
    session: Session, encoder: int, encoded: int, made: Refit, now: datetime
) -> TopicsResult:
    kept = topic_fit.still_encoded(session, encoder, made.posts.post_ids)
    held = book.read(session, held=True)
    fit = TopicFit(
        encoder_id=encoder,
        model=model.VERSION,
        parameters={"posts": encoded, "clusters": len(made.found.topics)},
        posts=int(kept.sum()),
        outliers=0,
        fitted_at=now,
    )
    session.add(fit)
    session.flush()
    before = _before(session, held, made.posts.post_ids)
    old = _old(session, held, encoder, made.rows, before)
    fates = mapped(session, held, before[kept], old[0], made.found, kept)
    heirs = Succession(session, fit, made.found, made.posts.post_ids, held, old, now)
    ids, survivors = heirs.topics(fates)
    own, similarity = _own(made, stayed(made, fates, before), ids, survivors, held, old)
    own, told = book.moved_by_people(session, made.posts.post_ids, own)
    present = book.read(session, held=True)
    holders, via = present.held(own)
    topic_fit.clear_places(session)
    topic_fit.add_places(
        session, fit.id, made.posts.post_ids[kept], holders[kept], via[kept], similarity[kept]
    )
    _keep_rows(session, made, kept & ~told & (holders == 0), now)
    _weigh(present, own[kept])
    areas.settle(session, present.live, now)
    fit.outliers = int((holders[kept] == 0).sum())
    return TopicsResult(True, len(present.live), int(kept.sum()), fit.outliers, born=heirs.born)


def _before(session: Session, held: Book, post_ids: Ints) -> Labels:
    """Return the place of each post's topic in the ledger as it was, -1 for none."""
    posts, topics = topic_fit.owners(session)
    if not len(posts):
        return np.full(len(post_ids), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(posts, post_ids), len(posts) - 1)
    own = np.where(posts[place] == post_ids, topics[place], 0)
    return held.places(own)


def _old(
    session: Session, held: Book, encoder: int, rows: Rows, before: Labels
) -> tuple[Rows, Rows]:
    """Return where the topics of the ledger lie among the rows, and their radii.

    Vectors of two encoders cannot be compared: by another one, it is where their posts lie now.
    """
    radii = np.array([topic.radius for topic in held.topics], dtype=np.float32)
    if not held.topics:
        return np.empty((0, rows.shape[1]), dtype=np.float32), radii
    newest = max(topic.fit_id for topic in held.topics)
    same = topic_fit.fit_encoder(session, newest) == encoder
    if same and all(len(topic.centroid) == rows.shape[1] for topic in held.topics):
        return book.centroids(held.topics), radii
    placed = before >= 0
    moved = clusters.means(rows[placed], before[placed], len(held.topics))
    for place in range(len(moved)):
        radii[place] = book.radius(rows[before == place] @ moved[place])
    return moved, radii


def stayed(made: Refit, fates: list[Fate], before: Labels) -> Clusters:
    """Return what a refit found; in a warm one posts rather stay in their topic.

    `before` is the place of each post's topic in the ledger, -1 for none.
    """
    topics = made.found.topics
    found = Clusters(
        np.array([topic.centroid for topic in topics], dtype=np.float32),
        np.array([topic.radius for topic in topics], dtype=np.float32),
        made.found.labels,
        made.found.similarity,
    )
    if not made.warm:
        return found
    # One more place, the last, for posts without a topic.
    heirs = np.full(len(fates) + 1, clusters.OUTLIER)
    for fate in fates:
        if fate.kind in ("kept", "drifted") and None not in (fate.topic, fate.cluster):
            heirs[fate.topic] = fate.cluster
    labels = nights.stay(found, made.rows, heirs[before])
    inside = np.flatnonzero(labels >= 0)
    similarity = found.similarity.copy()
    centroids = found.centroids[labels[inside]]
    similarity[inside] = np.einsum("nd,nd->n", made.rows[inside], centroids)
    return Clusters(found.centroids, found.radii, labels, similarity)


def _own(
    made: Refit,
    found: Clusters,
    ids: Ints,
    survivors: Labels,
    held: Book,
    old: tuple[Rows, Rows],
) -> tuple[Ints, Rows]:
    """Return the topic by which each post comes, 0 for none, and the cosine to its centroid.

    Topics that people keep alive without a cluster of their own take back what is nearest to them.
    """
    labels, similarity = found.labels, found.similarity
    own = np.where(labels >= 0, ids[labels], 0)
    if not len(survivors):
        return own, similarity
    again = clusters.place(made.rows, old[0][survivors], old[1][survivors])
    nearer = (again.labels >= 0) & (again.similarity > similarity)
    back = np.where(nearer, held.ids[survivors[again.labels]], own)
    return back, np.where(nearer, again.similarity, similarity).astype(np.float32)


def _keep_rows(session: Session, made: Refit, pool: Flags, now: datetime) -> None:
    """Keep the newest posts of the outlier pool for births in nights to come.

    What lies in topics is not new: the whole archive has just been looked at.
    """
    chosen = np.flatnonzero(pool)
    newest = chosen[np.argsort(made.posts.made[chosen], kind="stable")[::-1][:MOST_ROWS]]
    newest.sort()
    topic_fit.add_rows(session, made.posts.post_ids[newest], made.rows[newest], now)


def _weigh(present: Book, own: Ints) -> None:
    """Write how many posts stand behind each centroid; a merged one without posts stays faint."""
    ids, counts = np.unique(own, return_counts=True)
    mass = dict(zip(ids.tolist(), counts.tolist(), strict=True))
    for topic in present.topics:
        topic.mass = float(max(mass.get(topic.id, 0), 1))
