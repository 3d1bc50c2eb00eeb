"""Trending topics: the posts of nine weeks in, rises and falls with their evidence out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from service.db.models import Trend
from service.db.queries import alerts, topic_fit, trend_detail, trend_input
from service.db.queries.posts import newest_at
from service.db.queries.trend_detail import Detail
from service.db.queries.trend_input import Input, default_as_of
from service.insights import trends as insights
from service.insights.trends import DAILY, DAY, DAYS, HOUR, HOURLY, Activity, Surprise, Ticks
from service.insights.trends.alerts import Told, look
from service.insights.trends.brigades import Voices
from service.insights.trends.budget import budget
from service.insights.trends.growth import growth

__all__ = ["Trending", "TrendingTopic", "Window", "default_as_of", "trending"]

SERIES_DAYS = 56
# False alerts in 30 days, where no setting was passed on.
MONTHLY = 4.0
RISING, FALLING, BRIGADE, CALM = "rising", "falling", "brigade", "calm"


@dataclass(frozen=True, slots=True)
class Window:
    """How much of the time before a tick is compared with the weeks before: `hours` long."""

    name: str
    hours: int


WINDOWS = {one.name: one for one in (
    Window("1h", 1), Window("1d", 24), Window("7d", 168), Window("28d", 672),
)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrendingTopic:
    """A topic that rises or falls: people observed and expected in the window, how sure, and who.

    In windows of 7 and 28 days, people are summed over the days. `series` is (the day on which a
    24-hour window ends, distinct authors), oldest first, eight weeks; `posts` are ids of posts of
    the window (of 1h and 1d: of the last two) by different authors; `people` are (member id, name,
    posts) and `channels` (name, posts) in the same time; `first_seen` is when its first post was
    made. `voices` tells who made a rise, in windows of 1h and 1d.
    """

    topic_id: int
    label: str
    words: list[str]
    observed: int
    expected: float
    ratio: float
    p: float
    q: float
    verdict: str
    series: list[tuple[datetime, int]]
    posts: list[int]
    people: list[tuple[int, str, int]]
    channels: list[tuple[str, int]]
    first_seen: datetime | None = None
    voices: Voices | None = None


@dataclass(frozen=True, slots=True)
class Trending:
    """What rises at `as_of`, by falling surprise, then what falls.

    `data_as_of` is the newest post before it. Topics are today's: those that the fit at
    `topics_fitted_at` found, also for an earlier `as_of`. `history_days` are the days of the
    baseline that the archive covers; below 28 nothing is called rising. `level` is how improbable
    a topic has to be in windows of 1h and 1d; 7d and 28d hold the share of false ones at 0.1.
    """

    as_of: datetime
    data_as_of: datetime | None
    topics_fitted_at: datetime
    history_days: int
    version: str
    topics_tested: int
    trends: list[TrendingTopic]
    window: str = "1d"
    level: float | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """Places of topics with their verdict, and where their figures and posts are."""

    input: Input
    as_of: datetime
    ordered: list[tuple[int, str, Surprise]]
    history: int
    recent: NDArray[np.bool_]
    level: float | None = None
    voices: dict[int, Voices] = field(default_factory=dict)


def trending(
    session: Session,
    *,
    as_of: datetime | None,
    now: datetime,
    stale_after_days: int,
    limit: int,
    window: str = "1d",
    monthly: float = MONTHLY,
) -> Trending:
    """Return what rises; raise NothingRun where no post is there or no topic has been fitted.

    `monthly` is the budget of false alerts; a level that a tick was decided by wins over it.
    """
    moment = as_of or default_as_of(session, now, stale_after_days)
    read = trend_input.read(session, moment)
    if WINDOWS[window].hours <= DAY // HOUR:
        ticks = HOURLY if window == "1h" else DAILY
        found = _rising(session, read, moment, ticks, monthly)
    else:
        found = _growing(read, moment, WINDOWS[window].hours // 24)
    fit = topic_fit.newest_fit(session)
    return Trending(
        as_of=moment,
        data_as_of=newest_at(session, moment),
        topics_fitted_at=fit.fitted_at if fit else moment,
        history_days=found.history,
        version=insights.VERSION,
        topics_tested=len(read.topics),
        trends=_described(session, found, limit),
        window=window,
        level=found.level,
    )


def texts_of(session: Session, read: Input) -> Callable[[NDArray[np.int64]], list[str]]:
    """Return what gives the texts of posts by their rows in the input."""
    return lambda rows: trend_input.texts(session, read.posts[rows])


def told(
    session: Session, read: Input, as_of: datetime, ticks: Ticks, monthly: float
) -> tuple[Told, float]:
    """Return which topics rise, and the level: that of the newest tick, or of the first one."""
    k = len(read.topics)
    tick = alerts.newest_tick(session, ticks.name, as_of)
    purse = budget(monthly, ticks)
    level = tick.level if tick and tick.level else purse.level(purse.start) / k
    return look(read.activity, k, as_of, level, texts_of(session, read), ticks), level


def stored_topics(session: Session, tick: datetime) -> set[int]:
    """Return the topics whose test at a tick is stored."""
    return set(session.scalars(select(Trend.topic_id).where(Trend.tick == tick)))


def store_tick(session: Session, tick: datetime, rows: list[dict[str, Any]]) -> None:
    """Write the tests of a tick, in the place of those that are there."""
    session.execute(delete(Trend).where(Trend.tick == tick))
    session.execute(insert(Trend), rows)


def series(activity: Activity, place: int, as_of: datetime) -> list[tuple[datetime, int]]:
    """Return the people of a topic in each of the last 56 days, by the end of the day."""
    inside = activity.topics == place
    days = insights.day_numbers(activity.times[inside], as_of)
    pairs = np.unique(np.stack([days, activity.members[inside]]), axis=1)
    counts = np.bincount(pairs[0][pairs[0] >= 0], minlength=DAYS)[-SERIES_DAYS:]
    return [(as_of - (SERIES_DAYS - place) * DAY, int(count)) for place, count in enumerate(counts)]


def _rising(session: Session, read: Input, as_of: datetime, ticks: Ticks, monthly: float) -> _Found:
    found, level = told(session, read, as_of, ticks, monthly)
    rows = _surest(found.surprise)
    ordered = [(place, RISING, found.surprise) for place in rows]
    recent = found.crowd.window >= ticks.count - insights.TESTED
    history = found.surprise.history
    return _Found(read, as_of, ordered, history, recent, level, found.voices)


def _growing(read: Input, as_of: datetime, days: int) -> _Found:
    crowd = insights.crowd(read.activity, len(read.topics), as_of)
    up, down = growth(crowd, days)
    ordered = [(place, RISING, up) for place in _surest(up)]
    ordered += [(place, FALLING, down) for place in _surest(down)]
    return _Found(read, as_of, ordered, up.history, crowd.window >= DAYS - days)


def _surest(found: Surprise) -> list[int]:
    rows = np.flatnonzero(found.rising)
    return [int(row) for row in rows[np.lexsort((-found.observed[rows], found.p[rows]))]]


def _described(session: Session, found: _Found, limit: int) -> list[TrendingTopic]:
    shown = found.ordered[:limit]
    activity, topics = found.input.activity, found.input.topics
    rows = {
        topics[place].id: np.flatnonzero(found.recent & (activity.topics == place))
        for place, _, _ in shown
    }
    posts = {topic: found.input.posts[some].tolist() for topic, some in rows.items()}
    details = trend_detail.details(session, posts)
    return [
        _topic(found, place, verdict, figures, details[topics[place].id], rows[topics[place].id])
        for place, verdict, figures in shown
    ]


def _topic(
    found: _Found,
    place: int,
    verdict: str,
    figures: Surprise,
    detail: Detail,
    rows: NDArray[np.int64],
) -> TrendingTopic:
    topic, activity = found.input.topics[place], found.input.activity
    observed, expected = int(figures.observed[place]), float(figures.expected[place])
    return TrendingTopic(
        topic_id=topic.id,
        label=topic.label,
        words=topic.words,
        observed=observed,
        expected=round(expected, 2),
        ratio=round(observed / expected, 1),
        p=float(figures.p[place]),
        q=float(figures.q[place]),
        verdict=verdict,
        series=series(activity, place, found.as_of),
        posts=detail.posts,
        people=detail.people,
        channels=detail.channels,
        first_seen=first(activity.times[rows]),
        voices=found.voices.get(place),
    )


def first(times: NDArray[np.datetime64]) -> datetime | None:
    """Return the earliest of some times, in UTC; None of none."""
    if not len(times):
        return None
    earliest: datetime = times.min().astype("datetime64[us]").astype(datetime)
    return earliest.replace(tzinfo=UTC)
