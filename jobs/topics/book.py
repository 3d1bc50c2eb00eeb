"""The ledger as a run reads it, and the rows that a run writes into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from nlp.topics.clusters import OUTLIER_SHARE, Labels, Rows
from nlp.topics.nights import Known
from nlp.topics.wording.describe import Described
from nlp.vectors import unit
from service.db.models import Topic
from service.db.queries import ledger
from service.db.queries.topic_fit import Ints

# Below this cosine to where it was when that was last told, a topic has drifted.
DRIFTED = 0.85
# Words that tell what a topic is; a label stays while this share of them does.
TELLING = 10
SAME_WORDS = 0.3


@dataclass(frozen=True, slots=True)
class TopicsResult:
    """Whether topics were fitted anew, how many there are, posts placed and in the outlier pool.

    `born` is how many topics this run found that were not there before, `named` how many a
    language model gave a better name.
    """

    fitted: bool
    topics: int
    placed: int
    outliers: int
    note: str | None = None
    born: int = 0
    named: int = 0


@dataclass(frozen=True, slots=True)
class Book:
    """The topics that attract posts, by id, and the topic that holds the posts of each."""

    topics: list[Topic]
    roots: Mapping[int, int]

    @property
    def ids(self) -> Ints:
        """The ids of the topics, rising, int64 [k]."""
        return np.array([topic.id for topic in self.topics], dtype=np.int64)

    @property
    def live(self) -> list[Topic]:
        """Those that are topics of their own."""
        return [topic for topic in self.topics if topic.retired_at is None]

    def known(self) -> Known:
        """Return the topics as a night reads them."""
        return Known(
            centroids(self.topics),
            np.array([topic.radius for topic in self.topics], dtype=np.float32),
            np.array([topic.mass for topic in self.topics], dtype=np.float64),
        )

    def places(self, topic_ids: Ints) -> Labels:
        """Return the place of each topic id among the topics, -1 where it is none of them."""
        ids = self.ids
        if not len(ids):
            return np.full(len(topic_ids), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(ids, topic_ids), len(ids) - 1)
        return np.where(ids[place] == topic_ids, place, -1)

    def held(self, own: Ints) -> tuple[Ints, Ints]:
        """Return the topics that hold the posts that came by some, and those where they differ.

        0 is the outlier pool, to which posts also go whose topic is retired, and no other topic.
        """
        live = {topic.id for topic in self.live}
        root = {id_: top for id_, top in self.roots.items() if top in live}
        holders = np.array([root.get(id_, 0) for id_ in own.tolist()], dtype=np.int64)
        return holders, np.where((holders != own) & (holders > 0), own, 0)


def read(session: Session, *, held: bool = False) -> Book:
    """Return the ledger as it is; `held`: nobody else changes it before this ends."""
    rows = ledger.standing(session, held=held)
    drawing = [row for row in rows if row.retired_at is None or row.mass > 0]
    return Book(drawing, ledger.roots(rows))


def centroids(topics: Sequence[Topic]) -> Rows:
    """Return the centroids of topics, unit rows float32 [k, d]."""
    if not topics:
        return np.empty((0, 0), dtype=np.float32)
    return unit(np.array([topic.centroid for topic in topics], dtype=np.float32))


def radius(similarity: Rows) -> float:
    """Return the least likeness to its centroid that belongs to a topic."""
    return float(np.quantile(similarity, OUTLIER_SHARE)) if len(similarity) else 1.0


def moved_by_people(session: Session, post_ids: Ints, own: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Return where posts came from with what people decided over it, and where people did."""
    moves = ledger.moves(session)
    told = np.array([post in moves for post in post_ids.tolist()], dtype=np.bool_)
    owned = own.copy()
    for place in np.flatnonzero(told):
        owned[place] = moves[int(post_ids[place])] or 0
    return owned, told


def new_topic(
    fit: int, told: Described, posts: Ints, centroid: Rows, least: float, now: datetime
) -> Topic:
    """Return a topic that is yet to be added; `posts` are the ids of all that were described."""
    return Topic(
        fit_id=fit,
        label=told.label,
        words=told.words,
        phrases=told.phrases,
        description=told.description,
        representatives=posts[told.representatives].tolist(),
        centroid=centroid.astype(np.float16),
        radius=least,
        mass=0.0,
        anchor=centroid.astype(np.float16),
        born_at=now,
    )


def event(
    topic: int,
    kind: str,
    now: datetime,
    fit: int,
    evidence: dict[str, Any],
    other: int | None = None,
) -> dict[str, Any]:
    """Return an event of a run, to be added."""
    return {
        "topic_id": topic,
        "other_id": other,
        "kind": kind,
        "at": now,
        "actor": ledger.RUN,
        "fit_id": fit,
        "evidence": evidence,
    }


def near(one: Any, other: Any) -> float:
    """Return the cosine of two vectors, in four digits."""
    first, second = (np.asarray(vector, dtype=np.float64) for vector in (one, other))
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return round(float(first @ second) / length, 4) if length else 0.0


def same_words(before: Sequence[str], after: Sequence[str]) -> bool:
    """Return whether two lists of words, most telling first, tell of the same subject."""
    old, new = ({word.casefold() for word in words[:TELLING]} for words in (before, after))
    return len(old & new) >= SAME_WORDS * min(len(old), len(new))


def apart(label: str, told: Described, taken: set[str]) -> str:
    """Return a label that no other topic has, told apart by a word that is not in it."""
    for word in (word for word in told.words if word.casefold() not in label.casefold()):
        if label not in taken:
            break
        if f"{label}, {word}" not in taken:
            return f"{label}, {word}"
    number = 2
    found = label
    while found in taken:
        found, number = f"{label} ({number})", number + 1
    return found
