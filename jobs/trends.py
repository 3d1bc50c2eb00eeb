"""Step `trends`: what each topic's test said at this tick, kept so that history can be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from service.db.queries import trends as queries
from service.db.session import Database
from service.errors import NothingRun
from service.insights.trends import LEAST_HISTORY, VERSION


@dataclass(frozen=True, slots=True)
class TrendsResult:
    """The tick, topics tested and topics that rise; none where there is too little to test."""

    tick: datetime | None
    tested: int
    rising: int
    new: bool


def record_trends(
    database: Database, *, now: datetime, stale_after_days: int, as_of: datetime | None = None
) -> TrendsResult:
    """Test every topic at `as_of`, by default where `trends` looks, and store the outcome."""
    try:
        with database.read() as session:
            tick = as_of or queries.default_as_of(session, now, stale_after_days)
            topics, _, surprise = queries.tested(session, tick)
            known = queries.stored_topics(session, tick)
    except NothingRun:
        return TrendsResult(None, 0, 0, False)
    if surprise.history < LEAST_HISTORY:
        return TrendsResult(tick, 0, 0, False)
    rising = int(np.count_nonzero(surprise.rising))
    rows = [
        {
            "topic_id": topic.id,
            "tick": tick,
            "observed": int(surprise.observed[place]),
            "expected": float(surprise.expected[place]),
            "p": float(surprise.p[place]),
            "q": float(surprise.q[place]),
            "verdict": "rising" if surprise.rising[place] else "calm",
            "version": VERSION,
        }
        for place, topic in enumerate(topics)
    ]
    with database.write() as session:
        queries.store_tick(session, tick, rows)
    return TrendsResult(tick, len(rows), rising, known != {topic.id for topic in topics})
