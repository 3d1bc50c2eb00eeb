"""The areas of topics: they stay, and what is new joins the nearest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from jobs.topics.book import centroids
from nlp.topics import areas
from nlp.topics.clusters import Rows
from nlp.topics.nights import Flags, Floats
from nlp.vectors import unit
from service.db.models import Topic, TopicArea
from service.db.queries import ledger

WORDS = 10


def settle(session: Session, topics: Sequence[Topic], now: datetime) -> None:
    """Give each topic that has none an area; areas without topics are retired."""
    if not topics:
        return
    held = ledger.areas(session)
    place = {area.id: number for number, area in enumerate(held)}
    before = np.array([place.get(topic.area_id or 0, -1) for topic in topics], dtype=np.int64)
    if held and (before >= 0).all() and len(set(before.tolist())) == len(held):
        return
    rows, mass = centroids(topics), np.array([topic.mass for topic in topics], dtype=np.float64)
    found = areas.areas(rows, mass, before=before if (before >= 0).any() else None)
    ids: dict[int, int] = {}
    # Where no topic has an area, the numbers are those of new ones.
    if (before >= 0).any():
        ids = {number: area.id for number, area in enumerate(held)}
    taken = {area.name or area.label for area in held if area.id in ids.values()}
    for number in sorted(set(found.tolist()) - ids.keys() - {-1}):
        area = _area(topics, rows, mass, found == number, taken, now)
        session.add(area)
        session.flush()
        taken.add(area.label)
        ids[number] = area.id
    for topic, number in zip(topics, found.tolist(), strict=True):
        topic.area_id = ids.get(number)
    used = {topic.area_id for topic in topics}
    for area in held:
        if area.id not in used:
            area.retired_at = now


def _area(
    topics: Sequence[Topic],
    rows: Rows,
    mass: Floats,
    inside: Flags,
    taken: set[str],
    now: datetime,
) -> TopicArea:
    own = [topic for topic, there in zip(topics, inside.tolist(), strict=True) if there]
    words = [_said(topic) for topic in own]
    others = [
        _said(topic) for topic, there in zip(topics, inside.tolist(), strict=True) if not there
    ]
    weights = mass[inside] + 1
    first = [word for place in np.argsort(-weights, kind="stable") for word in words[place][:2]]
    return TopicArea(
        label=areas.label(words, weights.tolist(), taken, others),
        words=list(dict.fromkeys(first))[:WORDS],
        centroid=unit((weights[:, None] * rows[inside]).sum(axis=0, keepdims=True))[0],
        born_at=now,
    )


def _said(topic: Topic) -> list[str]:
    """Return the phrases of a topic, or its words where it has none."""
    return [str(phrase) for phrase in topic.phrases or topic.words]
