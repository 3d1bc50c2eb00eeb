"""A night: new posts are placed, centroids nudged, topics born; its cost is that of what is new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from jobs.topics import areas, book
from jobs.topics.births import Birth, Candidates, candidates, described
from jobs.topics.book import Book, TopicsResult
from nlp.encoders import Encoder
from nlp.topics import context, nights
from nlp.topics.clusters import Rows
from nlp.topics.nights import Night
from service.db.models import TopicFit
from service.db.queries import ledger, members, topic_fit
from service.db.queries.topic_fit import Ints, TopicInput
from service.db.session import Database

# So many posts may still become a topic of their own, most of them of the outlier pool.
MOST_ROWS = 8_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What a night has read and found out before it writes."""

    new: TopicInput
    seen: Book
    found: Night
    given: Candidates
    births: list[Birth]


def night(
    database: Database,
    encoder: int,
    fit: TopicFit,
    load_encoder: Callable[[], Encoder],
    now: datetime,
) -> TopicsResult:
    """Place new posts; a post is read in the context of its whole thread."""
    with database.read() as session:
        new = topic_fit.unplaced(session, encoder)
        seen = book.read(session)
        if not len(new.post_ids) or not seen.topics:
            outliers = topic_fit.outlier_count(session)
            return TopicsResult(False, len(seen.live), 0, outliers)
        threads, vectors = topic_fit.thread_vectors(
            session, encoder, np.unique(new.threads).tolist()
        )
        rows = context.beside(new.vectors, new.threads, vectors, threads)
        found = nights.night(seen.known(), rows)
        pool, moved = topic_fit.pool(session, fit.fitted_at), ledger.moves(session)
        given = candidates(
            pool, new, rows, found, seen, moved, lambda ids: topic_fit.words(session, ids)[0]
        )
        groups = nights.births(given.pool, found.known)
        said = topic_fit.words(session, given.post_ids) if groups else ([], [])
        people = members.names(session) if groups else []
        taken = ledger.labels_in_use(session) if groups else set()
    births: list[Birth] = []
    if groups:  # Only then words are encoded, for which the encoder is loaded.
        births = described(
            given,
            groups,
            found.known,
            said,
            people,
            taken,
            lambda words: load_encoder().encode(words),
        )
    reading = Reading(new, seen, found, given, births)
    with database.write() as session:
        return _store(session, encoder, fit, reading, rows, now)


def _store(
    session: Session,
    encoder: int,
    fit: TopicFit,
    reading: Reading,
    rows: Rows,
    now: datetime,
) -> TopicsResult:
    new, seen, found = reading.new, reading.seen, reading.found
    kept = topic_fit.still_encoded(session, encoder, new.post_ids)
    own = np.where(found.labels >= 0, seen.ids[found.labels], 0)
    own, told = book.moved_by_people(session, new.post_ids, own)
    # People may have decided since: the ledger is read again, and held.
    present = book.read(session, held=True)
    holders, via = present.held(own)
    topic_fit.add_places(
        session, fit.id, new.post_ids[kept], holders[kept], via[kept], found.similarity[kept]
    )
    topic_fit.add_rows(session, new.post_ids[kept & ~told], rows[kept & ~told], now)
    _nudge(session, fit, seen, present, found, now)
    for birth in reading.births:
        _bear(session, fit, seen, reading.given, birth, now)
    if reading.births:
        present = book.read(session, held=True)
        areas.settle(session, present.live, now)
    topic_fit.prune_rows(session, nights.RECENT, MOST_ROWS)
    outliers = topic_fit.outlier_count(session)
    counts = {"posts": topic_fit.placed_count(session), "outliers": outliers}
    topic_fit.set_counts(session, fit.id, counts)
    return TopicsResult(
        False, len(present.live), int(kept.sum()), outliers, born=len(reading.births)
    )


def _nudge(
    session: Session, fit: TopicFit, seen: Book, present: Book, found: Night, now: datetime
) -> None:
    """Write where topics are by now, but of those that people changed since they were read."""
    held = {topic.id: topic for topic in present.topics}
    before = seen.known().mass
    for place in np.flatnonzero(found.known.mass != before).tolist():
        was, row = seen.topics[place], held.get(seen.topics[place].id)
        if row is None or row.centroid.tobytes() != was.centroid.tobytes():
            continue
        row.centroid = found.known.centroids[place].astype(np.float16)
        row.mass = float(found.known.mass[place])
        moved = book.near(row.anchor, row.centroid) if row.anchor is not None else 1.0
        if moved < book.DRIFTED:
            row.anchor = row.centroid
            evidence = {"near": moved, "posts": round(row.mass)}
            ledger.add_events(session, [book.event(row.id, "drifted", now, fit.id, evidence)])


def _bear(
    session: Session, fit: TopicFit, seen: Book, given: Candidates, birth: Birth, now: datetime
) -> None:
    """Write a topic that was born, and give it those of its posts that nobody else moved."""
    ids = given.post_ids[birth.rows]
    there = ledger.places(session, ids.tolist())
    free = np.array([post in there and not there[post].moved for post in ids.tolist()])
    if not free.any():
        return
    row = book.new_topic(
        fit.id, birth.told, given.post_ids, birth.centroid, book.radius(birth.similarity), now
    )
    row.mass = float(free.sum())
    sources = seen.ids[given.pool.labels[birth.rows][given.pool.labels[birth.rows] >= 0]]
    parents = _most(sources)
    row.parent_id = parents[0][0] if parents and 2 * parents[0][1] > len(ids) else None
    session.add(row)
    session.flush()
    topic_fit.move_places(session, ids[free], row.id, birth.similarity[free])
    for topic, source in ledger.hold(session, [topic for topic, _ in parents]).items():
        source.mass = max(source.mass - dict(parents)[topic], 1.0)
    evidence = {
        "posts": int(free.sum()),
        "authors": len(np.unique(given.pool.authors[birth.rows])),
        "threads": len(np.unique(given.pool.threads[birth.rows])),
        "new": int(given.pool.fresh[birth.rows].sum()),
        "from": [{"topic": topic, "posts": posts} for topic, posts in parents],
        "nearest": int(seen.ids[birth.nearest]),
        "near": birth.near,
        "label": row.label,
    }
    ledger.add_events(session, [book.event(row.id, "born", now, fit.id, evidence, row.parent_id)])


def _most(topics: Ints) -> list[tuple[int, int]]:
    """Return (topic, posts), most posts first."""
    ids, counts = np.unique(topics, return_counts=True)
    order = np.lexsort((ids, -counts))
    return [(int(ids[place]), int(counts[place])) for place in order]
