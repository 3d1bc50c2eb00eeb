"""A tick's decision: which topics raise an alert, by what is left of the budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from service.insights.trends.brigades import BRIGADE, Voices, judged
from service.insights.trends.budget import Budget, budget
from service.insights.trends.rises import LEAST_HISTORY, Options, Surprise, rises
from service.insights.trends.trust import original
from service.insights.trends.windows import (
    DAILY,
    TESTED,
    Activity,
    Counts,
    Crowd,
    Floats,
    Ticks,
    crowd,
)

# A topic that has raised an alert raises the next after so many ticks with nothing unusual.
QUIET_TICKS = 3
QUIET_P = 0.01
# Posts of one topic that are compared with each other for copies, the newest.
MOST_COMPARED = 600

Texts = Callable[[Counts], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Standing:
    """What earlier ticks left: the wealth, and quiet ticks of topics since they raised an alert.

    `quiet` [k] counts from 0; -1 where a topic is armed.
    """

    wealth: float
    quiet: Counts


@dataclass(frozen=True, slots=True)
class Told:
    """Which of k topics rise: `surprise.rising`; `seeming` is the same before copies were known.

    `brigades` [k] would rise but for a few accounts or copies; `voices` tells of all of these who
    made them.
    """

    surprise: Surprise
    seeming: Surprise
    crowd: Crowd
    brigades: NDArray[np.bool_]
    voices: dict[int, Voices]


@dataclass(frozen=True, slots=True)
class Tick:
    """The decision of one tick over k topics.

    `tested` says which were armed; each of them was tested at `level`, and `spent` is the sum of
    the levels. `alerts` are the places of topics that raise an alert, the most surprising first,
    `brigades` of those that a few accounts made. `standing` is what the next tick goes on from.
    """

    told: Told
    tested: NDArray[np.bool_]
    level: float
    spent: float
    alerts: list[int]
    brigades: list[int]
    standing: Standing


def start(k: int, monthly: float, ticks: Ticks = DAILY) -> Standing:
    """Return how things stand before the first tick."""
    return Standing(budget(monthly, ticks).start, np.full(k, -1, dtype=np.int64))


def decide(
    activity: Activity,
    k: int,
    as_of: datetime,
    standing: Standing,
    monthly: float,
    texts: Texts,
    ticks: Ticks = DAILY,
) -> Tick:
    """Return the decision at `as_of` over k topics.

    `monthly` is the budget of false alerts in 30 days; `texts` gives what some posts say, by their
    rows: it is asked once, for those of topics that seem to rise.
    """
    purse = budget(monthly, ticks)
    tested = standing.quiet < 0
    spent = purse.level(standing.wealth) if tested.any() else 0.0
    level = spent / max(int(tested.sum()), 1)
    told = look(activity, k, as_of, level, texts, ticks)
    if told.surprise.history < LEAST_HISTORY:
        return Tick(told, tested & False, 0.0, 0.0, [], [], standing)
    alerts = _surest(tested & told.surprise.rising, told.surprise)
    brigades = _surest(tested & told.brigades, told.seeming)
    # A brigade is told of once, too, and then waits to be armed again.
    after = _after(standing, told, [*alerts, *brigades], purse, spent, len(alerts))
    return Tick(told, tested, level, spent, alerts, brigades, after)


def look(
    activity: Activity,
    k: int,
    as_of: datetime,
    level: float,
    texts: Texts,
    ticks: Ticks = DAILY,
) -> Told:
    """Return which of k topics rise at `as_of`, each tested at a level, and who makes them rise."""
    options = Options(level=level)
    crowded = crowd(activity, k, as_of, ticks)
    seeming = rises(crowded, ticks, options)
    places = np.flatnonzero(seeming.rising)
    if not len(places):
        return Told(seeming, seeming, crowded, seeming.rising, {})
    trust, voices = discounted(activity, crowded, places, texts, ticks)
    crowded = crowd(replace(activity, trust=trust), k, as_of, ticks)
    found = rises(crowded, ticks, options)
    organic = np.array([_organic(voices, place) for place in range(k)], dtype=np.bool_)
    rising = found.rising & seeming.rising & organic
    return Told(replace(found, rising=rising), seeming, crowded, seeming.rising & ~rising, voices)


def discounted(
    activity: Activity, seen: Crowd, places: Counts, texts: Texts, ticks: Ticks = DAILY
) -> tuple[Floats, dict[int, Voices]]:
    """Return the trust in each post, copies taken off, and who made the rise of some topics."""
    trust = activity.trust.copy()
    voices: dict[int, Voices] = {}
    recent = seen.window >= ticks.count - TESTED
    parts = [np.flatnonzero(recent & (activity.topics == place)) for place in places]
    parts = [
        rows[np.argsort(activity.times[rows], kind="stable")][-MOST_COMPARED:] for rows in parts
    ]
    ends = np.cumsum([len(rows) for rows in parts])
    said = texts(np.concatenate(parts))
    for place, rows, end in zip(places.tolist(), parts, ends.tolist(), strict=True):
        authors = activity.members[rows]
        own = original(said[end - len(rows) : end], authors)
        voices[place] = judged(authors, own, activity.trust[rows])
        trust[rows] *= own
    return trust, voices


def _organic(voices: dict[int, Voices], place: int) -> bool:
    return place not in voices or voices[place].verdict != BRIGADE


def _surest(places: NDArray[np.bool_], seen: Surprise) -> list[int]:
    rows = np.flatnonzero(places)
    return [int(row) for row in rows[np.lexsort((-seen.observed[rows], seen.p[rows]))]]


def _after(
    standing: Standing,
    told: Told,
    raised: list[int],
    purse: Budget,
    spent: float,
    alerts: int,
) -> Standing:
    calm = np.minimum(told.surprise.p, told.seeming.p) > QUIET_P
    waiting = standing.quiet >= 0
    quiet = np.where(waiting, np.where(calm, standing.quiet + 1, 0), -1)
    quiet = np.where(quiet >= QUIET_TICKS, -1, quiet)
    quiet[raised] = 0
    return Standing(purse.after(standing.wealth, spent, alerts), quiet)
