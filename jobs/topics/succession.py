"""Who goes on from whom: writes into the ledger what a refit made of each topic."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from jobs.topics import book
from jobs.topics.book import Book
from jobs.topics.mapping import Fate
from nlp.topics.clusters import Labels, Rows
from nlp.topics.model import TopicModel
from nlp.topics.wording.describe import Described
from service.db.models import Topic, TopicFit
from service.db.queries import ledger
from service.db.queries.topic_fit import Ints


class Succession:
    """Writes what became of each topic: rows, ids, events. `born` counts those that are new."""

    def __init__(
        self,
        session: Session,
        fit: TopicFit,
        found: TopicModel,
        posts: Ints,
        held: Book,
        old: tuple[Rows, Rows],
        now: datetime,
    ) -> None:
        self._session, self._fit, self._now = session, fit, now
        self._found, self._posts = found.topics, posts
        self._held, self._old = held, old
        self._events: list[dict[str, object]] = []
        self.born = 0

    def topics(self, fates: list[Fate]) -> tuple[Ints, Labels]:
        """Return the id of each cluster's topic, and the places of those that go on without one."""
        ids = np.zeros(len(self._found), dtype=np.int64)
        ends = [fate for fate in fates if fate.cluster is None or fate.kind == "merged"]
        goes_on = [
            fate for fate in fates if fate.kind in ("kept", "drifted") and fate.cluster is not None
        ]
        staying = [self._row(fate) for fate in fates if fate in goes_on or fate.kept_by_people]
        taken = {name for row in staying for name in (row.label, row.name) if name is not None}
        for fate in goes_on:
            ids[fate.cluster] = self._go_on(fate, taken)
        for fate in fates:
            if fate.kind in ("born", "split"):
                ids[fate.cluster] = self._bear(fate, taken)
        survivors = [self._end(fate, ids) for fate in ends]
        ledger.add_events(self._session, self._events)
        places = [place for place in survivors if place is not None]
        return ids, np.array(sorted(places), dtype=np.int64)

    def _row(self, fate: Fate) -> Topic:
        assert fate.topic is not None
        return self._held.topics[fate.topic]

    def _told(self, cluster: int) -> Described:
        topic = self._found[cluster]
        return Described(
            topic.label, topic.words, topic.phrases, topic.description, topic.representatives
        )

    def _go_on(self, fate: Fate, taken: set[str]) -> int:
        assert fate.cluster is not None
        row, told = self._row(fate), self._told(fate.cluster)
        topic = self._found[fate.cluster]
        old_words = [str(word) for word in row.words]
        evidence: dict[str, object] = {"share": fate.share, "near": fate.near}
        if not book.same_words(old_words, told.words):
            label = book.apart(told.label, told, taken - {row.label})
            evidence |= {"words_before": old_words[: book.TELLING], "words": told.words}
            if label != row.label:
                evidence |= {"label_before": row.label, "label": label}
            row.label = label
            taken.add(label)
        centroid = topic.centroid.astype(np.float16)
        far = row.anchor is None or len(row.anchor) != len(centroid)
        moved = 1.0 if far else book.near(row.anchor, centroid)
        row.fit_id, row.words, row.phrases = self._fit.id, told.words, told.phrases
        row.description = told.description
        row.representatives = self._posts[told.representatives].tolist()
        row.centroid, row.radius = centroid, topic.radius
        if fate.kind == "drifted" or moved < book.DRIFTED or "words" in evidence:
            self._tell(row.id, "drifted", evidence)
            row.anchor = centroid
        elif far:
            row.anchor = centroid
        return row.id

    def _bear(self, fate: Fate, taken: set[str]) -> int:
        assert fate.cluster is not None
        topic, told = self._found[fate.cluster], self._told(fate.cluster)
        posts = self._posts
        row = book.new_topic(self._fit.id, told, posts, topic.centroid, topic.radius, self._now)
        row.label = book.apart(told.label, told, taken)
        taken.add(row.label)
        if fate.kind == "split":
            self._part(row, self._row(fate))
        self._session.add(row)
        self._session.flush()
        self.born += 1
        evidence = {"posts": topic.posts, "authors": topic.authors, "label": row.label}
        if fate.kind == "split":
            shares = {"share": fate.share, "near": fate.near, "label": row.label}
            self._tell(self._row(fate).id, "split", shares, row.id)
        self._tell(row.id, "born", evidence, row.parent_id)
        return row.id

    def _part(self, row: Topic, whole: Topic) -> None:
        """Make a topic a part of another: what people decided about the whole holds of it, too."""
        row.parent_id, row.area_id, row.hidden_at = whole.id, whole.area_id, whole.hidden_at
        if whole.merged_into_id is not None:
            row.merged_into_id, row.retired_at, row.mass = whole.id, self._now, 1.0

    def _end(self, fate: Fate, ids: Ints) -> int | None:
        """End a topic, or return its place where people keep it."""
        row = self._row(fate)
        if fate.kept_by_people:
            row.centroid = self._old[0][fate.topic].astype(np.float16)
            row.radius = float(self._old[1][fate.topic])
            row.fit_id = self._fit.id
            return fate.topic
        evidence: dict[str, object] = {"share": fate.share, "near": fate.near, "label": row.label}
        row.mass, row.retired_at = 0.0, row.retired_at or self._now
        into = None if fate.cluster is None or fate.kind != "merged" else int(ids[fate.cluster])
        if row.merged_into_id is None:
            row.merged_into_id = into
            self._tell(row.id, "died" if into is None else "merged", evidence, into)
        return None

    def _tell(
        self, topic: int, kind: str, evidence: dict[str, object], other: int | None = None
    ) -> None:
        made = book.event(topic, kind, self._now, self._fit.id, evidence, other)
        self._events.append(made)
