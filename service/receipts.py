"""Receipts of alerts: who made a topic rise, where, in which posts, and how sentiment shifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from service.db.queries import trend_detail
from service.db.queries.trend_detail import Judged
from service.db.queries.trend_input import Input
from service.db.queries.trends import first
from service.insights import mood
from service.insights.mood import Prevalence, Quantifier
from service.insights.trends import DAILY, TESTED, Ticks
from service.insights.trends.alerts import Told
from service.mood import TASK, errors_of

NEGATIVE = "negative"
# Of the baseline's posts of a topic, at most so many, the newest.
MOST_BEFORE = 400


@dataclass(frozen=True, slots=True)
class Shift:
    """The share of negative posts in a rise and in the weeks before, and how many were judged.

    `direction` is "up" or "down" where the difference is more than chance explains, else None.
    """

    label: str
    before: float
    now: float
    direction: str | None
    posts: int
    posts_before: int


def receipts(
    session: Session, read: Input, told: Told, places: Sequence[int], ticks: Ticks = DAILY
) -> dict[int, dict[str, Any]]:
    """Return the receipt of each topic that rose, by its place: JSON values, people by id.

    By as few reads as one topic's.
    """
    activity, window = read.activity, told.crowd.window
    recent, past = window >= ticks.count - TESTED, (window >= 0) & (window < ticks.base)
    now, before = (
        {place: np.flatnonzero(inside & (activity.topics == place)) for place in places}
        for inside in (recent, past)
    )
    details = trend_detail.details(
        session, {place: read.posts[rows].tolist() for place, rows in now.items()}
    )
    moods = shifts(
        session,
        {place: read.posts[rows] for place, rows in now.items()},
        {place: read.posts[np.sort(rows)][-MOST_BEFORE:] for place, rows in before.items()},
    )
    return {
        place: {
            "posts": details[place].posts,
            "people": [[member, count] for member, _, count in details[place].people],
            "channels": [list(pair) for pair in details[place].channels],
            "first_seen": _iso(first(activity.times[now[place]])),
            "voices": asdict(told.voices[place]) if place in told.voices else None,
            "sentiment": asdict(moods[place]) if place in moods else None,
        }
        for place in places
    }


def shifts(
    session: Session,
    now: Mapping[int, NDArray[np.int64]],
    before: Mapping[int, NDArray[np.int64]],
) -> dict[int, Shift]:
    """Return how the share of negative posts shifted, where both sides have been judged."""
    wanted = sorted({int(post) for part in (now, before) for ids in part.values() for post in ids})
    found = trend_detail.judged(session, TASK, wanted)
    if found is None or NEGATIVE not in found.labels or not len(found.posts):
        return {}
    places = list(now)
    segment: dict[int, int] = {}
    for number, place in enumerate(places):
        segment |= {int(post): 2 * number for post in before[place]}
        segment |= {int(post): 2 * number + 1 for post in now[place]}
    segments = np.array([segment[int(post)] for post in found.posts], dtype=np.int64)
    quantifier = Quantifier(np.array(found.prior), confusion=errors_of(TASK, *found.model))
    shares = mood.prevalences(
        segments, 2 * len(places), found.probabilities, quantifier, found.corrected
    )
    pairs = zip(places, shares[::2], shares[1::2], strict=True)
    return {place: _shift(found, old, new) for place, old, new in pairs if old.n and new.n}


def _shift(found: Judged, before: Prevalence, now: Prevalence) -> Shift:
    column = found.labels.index(NEGATIVE)
    return Shift(
        label=NEGATIVE,
        before=round(float(before.shares[column]), 4),
        now=round(float(now.shares[column]), 4),
        direction=mood.change(before, now).direction[column],
        posts=now.n,
        posts_before=before.n,
    )


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat()
