"""What a refit made of each topic of the ledger, with what people decided kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from jobs.topics.book import Book
from nlp.topics.clusters import Labels, Rows
from nlp.topics.lineage import lineage
from nlp.topics.model import TopicModel
from nlp.topics.nights import Flags
from service.db.queries import ledger


@dataclass(frozen=True, slots=True)
class Fate:
    """One step of the lineage. `kept_by_people`: the topic ends for the model alone."""

    kind: str
    topic: int | None
    cluster: int | None
    share: float
    near: float
    kept_by_people: bool = False


def mapped(
    session: Session, held: Book, before: Labels, old: Rows, found: TopicModel, kept: Flags
) -> list[Fate]:
    """Return what became of every topic, and where every cluster comes from.

    `before` are places in the ledger of the posts that are `kept`, `old` where its topics lie.
    A topic that a person named, pinned, hid, merged, split or gave posts never ends, nor does one
    that holds the posts of another that still attracts some.
    """
    new = np.array([topic.centroid for topic in found.topics], dtype=np.float32)
    if not held.topics:
        return [Fate("born", None, number, 0.0, 0.0) for number in range(len(new))]
    # A whole that ended while a part of it goes on could be merged into that part.
    stay = ledger.touched(session) | {topic.merged_into_id for topic in held.topics}
    fixed = [place for place, topic in enumerate(held.topics) if topic.id in stay]
    steps = lineage(before, found.labels[kept], old, new, fixed=fixed)
    return [
        Fate(
            step.kind,
            step.topic,
            step.cluster,
            round(float(step.share), 4),
            round(float(step.near), 4),
            step.topic in fixed,
        )
        for step in steps
    ]
