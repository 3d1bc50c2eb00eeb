"""What moderators made of the queue: how many flags a week, how many of them rightly.

Intervals: Wilson (1927) for shares; Byar's approximation of the exact Poisson limits for rates
(Breslow and Day 1987, Statistical Methods in Cancer Research II, p. 69).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt
from statistics import NormalDist
from typing import TypeVar

from service.insights.agreement import LEVEL, wilson

WEEK = timedelta(days=7)
CONFIRMED, DISMISSED, WITHDRAWN = "confirmed", "dismissed", "withdrawn"
Part = TypeVar("Part", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Fact:
    """One flag: how hot its thread got, what became of it, and why.

    `at` is when the post that raised it was made: runs come when they come.
    """

    at: datetime
    peak: float
    status: str
    reason: str | None
    channel: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Flags, and verdicts on them. `waiting` are those that nobody has decided.

    `precision` is confirmed of confirmed and dismissed, with its interval; all None without either.
    """

    flags: int
    confirmed: int
    dismissed: int
    withdrawn: int
    waiting: int
    precision: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Rate:
    """Flags a week over `weeks` (a fraction counts), with the interval of the rate."""

    weeks: float
    flags: float
    low: float
    high: float


def first(facts: Sequence[Fact], most: int) -> list[Fact]:
    """Return the `most` hottest flags of each week, in their order: what so much time reads."""
    weeks: dict[datetime, list[Fact]] = {}
    for fact in facts:
        weeks.setdefault(week(fact), []).append(fact)
    kept = {
        id(fact)
        for own in weeks.values()
        for fact in sorted(own, key=lambda fact: (-fact.peak, fact.at))[:most]
    }
    return [fact for fact in facts if id(fact) in kept]


def tally(facts: Sequence[Fact], *, level: float = LEVEL) -> Tally:
    """Return how many flags there were and what became of them."""
    found = Counter(fact.status for fact in facts)
    yes, no = found[CONFIRMED], found[DISMISSED]
    waiting = len(facts) - yes - no - found[WITHDRAWN]
    counts = (len(facts), yes, no, found[WITHDRAWN], waiting)
    if not yes + no:
        return Tally(*counts, None, None, None)
    return Tally(*counts, yes / (yes + no), *wilson(yes, yes + no, level=level))


def rate(flags: int, spell: timedelta, *, level: float = LEVEL) -> Rate | None:
    """Return the flags a week; None of a spell of nothing."""
    weeks = spell / WEEK
    if weeks <= 0:
        return None
    low, high = _byar(flags, NormalDist().inv_cdf((1 + level) / 2))
    return Rate(weeks, flags / weeks, low / weeks, high / weeks)


def reasons(facts: Sequence[Fact]) -> dict[str | None, int]:
    """Return how often flags were dismissed for each reason (None: for none), the most first."""
    found = Counter(fact.reason for fact in facts if fact.status == DISMISSED)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0] or "")))


def by(facts: Sequence[Fact], part: Callable[[Fact], Part]) -> dict[Part, Tally]:
    """Return the tally of each part, in the order in which the parts first come."""
    groups: dict[Part, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(part(fact), []).append(fact)
    return {name: tally(own) for name, own in groups.items()}


def week(fact: Fact) -> datetime:
    """Return the Monday, in UTC, of the week of the post that raised a flag."""
    day = fact.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def hour(fact: Fact) -> tuple[int, int]:
    """Return the weekday (0 is Monday) and hour of the day, in UTC, of the post that raised it."""
    made = fact.at.astimezone(UTC)
    return made.weekday(), made.hour


def _byar(count: int, z: float) -> tuple[float, float]:
    low = 0.0 if not count else count * (1 - 1 / (9 * count) - z / (3 * sqrt(count))) ** 3
    more = count + 1
    return max(low, 0.0), more * (1 - 1 / (9 * more) + z / (3 * sqrt(more))) ** 3
