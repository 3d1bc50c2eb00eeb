"""Step `trends`: what each topic's test said at this tick, and which alerts it raises.

A tick is decided once: what it spent of the budget, and its alerts, stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from service.db.models import Alert
from service.db.queries import alerts as record
from service.db.queries import trend_input
from service.db.queries import trends as queries
from service.db.queries.trend_input import Input
from service.db.session import Database
from service.errors import NothingRun
from service.insights.trends import DAILY, DAY, HOURLY, LEAST_HISTORY, VERSION, Ticks
from service.insights.trends.alerts import Standing, Tick, Told, decide, start
from service.receipts import receipts

# A day's tick comes a day after the last one, give or take how punctual a nightly run is.
PUNCTUAL = {DAILY.name: timedelta(hours=20), HOURLY.name: timedelta(minutes=50)}
# Hours are told of while they are news.
NEWS = timedelta(hours=3)
# So many days' ticks are made up for where runs were missed; what rose before is no news.
MISSED = 7


@dataclass(frozen=True, slots=True)
class TrendsResult:
    """The tick, topics tested and topics that rise; none where there is too little to test.

    `alerts` are those that the tick raised, of the day and of the hour.
    """

    tick: datetime | None
    tested: int
    rising: int
    new: bool
    alerts: int = 0


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be written of one kind of tick."""

    ticks: Ticks
    done: Tick
    receipts: dict[int, dict[str, Any]]
    waiting: dict[int, Alert]


def record_trends(
    database: Database,
    *,
    now: datetime,
    stale_after_days: int,
    as_of: datetime | None = None,
    monthly: float = queries.MONTHLY,
) -> TrendsResult:
    """Test every topic at `as_of`, by default where `trends` looks, and store the outcome.

    `monthly` is the budget: at most so many false alerts in 30 days. The tick raises alerts where
    it comes a day (or an hour) after the last that was decided, and never where it comes before.
    Without `as_of`, the days since the last decided one are decided first, up to seven: what rose
    while nothing ran is told all the same.
    """
    try:
        with database.read() as session:
            ticks = [as_of] if as_of else _ticks(session, now, stale_after_days)
            inputs = trend_input.read_each(session, ticks)
    except NothingRun:
        return TrendsResult(None, 0, 0, False)
    done = [
        _record(database, now, tick, read, monthly)
        for tick, read in zip(ticks, inputs, strict=True)
    ]
    raised = sum(one.alerts for one in done)
    return replace(done[-1], alerts=raised, new=done[-1].new or raised > 0)


def _ticks(session: Session, now: datetime, stale_after_days: int) -> list[datetime]:
    """Return the tick that is due, after the days' ticks that runs missed since the last."""
    tick = queries.default_as_of(session, now, stale_after_days)
    last = record.newest_tick(session, DAILY.name)
    days = [tick - number * DAY for number in range(MISSED, 0, -1)]
    missed = [day for day in days if last and day - last.tick >= PUNCTUAL[DAILY.name]]
    return [*missed, tick]


def _record(
    database: Database, now: datetime, tick: datetime, read: Input, monthly: float
) -> TrendsResult:
    with database.read() as session:
        known = queries.stored_topics(session, tick)
        texts = queries.texts_of(session, read)
        work = []
        for ticks in (DAILY, HOURLY) if now - tick <= NEWS else (DAILY,):
            if _due(record.newest_tick(session, ticks.name), tick, ticks):
                work.append(_decided(session, read, tick, monthly, ticks, texts))
        told = _daily(work) or queries.told(session, read, tick, DAILY, monthly)[0]
    if told.surprise.history < LEAST_HISTORY:
        return TrendsResult(tick, 0, 0, False)
    raised = _store(database, read, tick, told, work, now)
    rising = int(np.count_nonzero(told.surprise.rising))
    new = raised > 0 or known != {topic.id for topic in read.topics}
    return TrendsResult(tick, len(read.topics), rising, new, raised)


def _due(last: Any, tick: datetime, ticks: Ticks) -> bool:
    return last is None or tick - last.tick >= PUNCTUAL[ticks.name]


def _decided(
    session: Any,
    read: Input,
    tick: datetime,
    monthly: float,
    ticks: Ticks,
    texts: Callable[[Any], Sequence[str]],
) -> _Work:
    waiting = record.waiting(session, ticks.name)
    last = record.newest_tick(session, ticks.name)
    k = len(read.topics)
    wealth = last.wealth if last else start(k, monthly, ticks).wealth
    quiet = [waiting[one.id].quiet if one.id in waiting else -1 for one in read.topics]
    standing = Standing(wealth, np.array(quiet, dtype=np.int64))
    done = decide(read.activity, k, tick, standing, monthly, texts, ticks)
    told = receipts(session, read, done.told, [*done.alerts, *done.brigades], ticks)
    return _Work(ticks, done, told, waiting)


def _daily(work: Sequence[_Work]) -> Told | None:
    return next((one.done.told for one in work if one.ticks is DAILY), None)


def _store(
    database: Database,
    read: Input,
    tick: datetime,
    told: Told,
    work: Sequence[_Work],
    now: datetime,
) -> int:
    """Write the tests and the decisions; return how many alerts were raised."""
    raised = 0
    with database.write() as session:
        queries.store_tick(session, tick, _tests(read, tick, told))
        for one in work:
            if record.decided(session, one.ticks.name, tick) or not one.done.level:
                continue
            record.add_tick(session, _spent(one, tick, now), _alerts(read, one, tick))
            record.keep_waiting(session, _still(read, one, tick))
            raised += len(one.done.alerts)
    return raised


def _tests(read: Input, tick: datetime, told: Told) -> list[dict[str, Any]]:
    found = told.surprise
    return [
        {
            "topic_id": topic.id,
            "tick": tick,
            "observed": int(found.observed[place]),
            "expected": float(found.expected[place]),
            "p": float(found.p[place]),
            "q": float(found.q[place]),
            "verdict": _verdict(told, place),
            "version": VERSION,
        }
        for place, topic in enumerate(read.topics)
    ]


def _verdict(told: Told, place: int) -> str:
    if told.surprise.rising[place]:
        return queries.RISING
    return queries.BRIGADE if told.brigades[place] else queries.CALM


def _spent(one: _Work, tick: datetime, now: datetime) -> dict[str, Any]:
    return {
        "span": one.ticks.name,
        "tick": tick,
        "tested": int(one.done.tested.sum()),
        "level": one.done.level,
        "spent": one.done.spent,
        "wealth": one.done.standing.wealth,
        "alerts": len(one.done.alerts),
        "version": VERSION,
        "decided_at": now,
    }


def _alerts(read: Input, one: _Work, tick: datetime) -> list[dict[str, Any]]:
    done, rows = one.done, []
    for verdict, places, found in (
        (record.ORGANIC, done.alerts, done.told.surprise),
        (record.BRIGADE, done.brigades, done.told.seeming),
    ):
        rows += [
            {
                "topic_id": read.topics[place].id,
                "span": one.ticks.name,
                "tick": tick,
                "verdict": verdict,
                "observed": int(found.observed[place]),
                "expected": round(float(found.expected[place]), 4),
                "p": float(found.p[place]),
                "q": float(found.q[place]),
                "level": done.level,
                "quiet": 0,
                "ended_at": None,
                "receipt": one.receipts[place],
                "version": VERSION,
            }
            for place in places
        ]
    return rows


def _still(read: Input, one: _Work, tick: datetime) -> list[dict[str, Any]]:
    """Return how long topics that wait have been quiet; those that are gone wait no more."""
    quiet = {
        topic.id: int(count)
        for topic, count in zip(read.topics, one.done.standing.quiet, strict=True)
    }
    return [
        {
            "id": alert.id,
            "quiet": max(quiet.get(topic, -1), 0),
            "ended_at": tick if quiet.get(topic, -1) < 0 else None,
        }
        for topic, alert in one.waiting.items()
    ]
