"""Time cut into windows that end at a tick, and the people who wrote in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

BASELINE_WEEKS = 8
# The week right before the tested days is left out of the baseline: a rise that is some days old
# would else have become its own expectation.
GUARD_WEEKS = 1
# Windows that are tested: the last alone, and the last two together.
TESTED = 2
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ticks:
    """How time is cut: windows of one length, `week` of them in a week."""

    name: str
    length: timedelta
    week: int

    @property
    def base(self) -> int:
        """Return how many windows the baseline has; they come first."""
        return BASELINE_WEEKS * self.week

    @property
    def count(self) -> int:
        """Return how many windows are looked at in all."""
        return self.base + GUARD_WEEKS * self.week + TESTED


DAILY = Ticks("daily", DAY, 7)
HOURLY = Ticks("hourly", HOUR, 168)
BASELINE_DAYS = DAILY.base
DAYS = DAILY.count


@dataclass(frozen=True, slots=True)
class Activity:
    """n posts: place of the topic (-1: none), author, thread and time, and trust in the author."""

    topics: Counts
    members: Counts
    threads: Counts
    times: NDArray[np.datetime64]
    trust: Floats

    def part(self, rows: Counts) -> Activity:
        """Return some of the posts."""
        return Activity(
            self.topics[rows],
            self.members[rows],
            self.threads[rows],
            self.times[rows],
            self.trust[rows],
        )


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who wrote about k topics in each window that ends at a tick.

    `people` [k, windows] are distinct authors; `trusted` [k] those of the last window, each as far
    as it is trusted; `voices` [k, windows] trusted people, those of one thread counted as one.
    `community` [windows] are trusted people of all topics and none; `active` is how many people
    wrote in the last week; `window` [n] the window of each post, -1 outside.
    """

    people: Floats
    trusted: Floats
    voices: Floats
    community: Floats
    active: int
    window: Counts


def crowd(activity: Activity, k: int, as_of: datetime, ticks: Ticks = DAILY) -> Crowd:
    """Return who wrote about k topics before `as_of`."""
    window = numbers(activity.times, as_of, ticks.count, ticks.length)
    shape = (k, ticks.count)
    who, trust = activity.members, activity.trust
    last = np.where(window == ticks.count - 1, 0, -1)
    whole = np.zeros_like(activity.topics)
    return Crowd(
        people=trusted_authors(activity.topics, who, window, np.ones_like(trust), shape),
        trusted=trusted_authors(activity.topics, who, last, trust, (k, 1))[:, 0],
        voices=voices(activity, window, shape),
        community=trusted_authors(whole, who, window, trust, (1, ticks.count))[0],
        active=len(np.unique(who[window >= ticks.count - ticks.week])),
        window=window,
    )


def day_numbers(times: NDArray[np.datetime64], as_of: datetime, days: int = DAYS) -> Counts:
    """Return the day of each time, 0 oldest to days-1, in 24-hour windows that end at `as_of`.

    Windows are half-open: a post at `as_of` is not seen. Times outside are -1.
    """
    return numbers(times, as_of, days, DAY)


def numbers(
    times: NDArray[np.datetime64], as_of: datetime, count: int, length: timedelta
) -> Counts:
    """Return the window of each time, 0 oldest to count-1; -1 outside. Half-open, as days are."""
    end = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us")
    back = (end - times.astype("datetime64[us]")).astype(np.int64)
    # The last window holds 0 < back <= one length.
    place = count - 1 - (back - 1) // int(length / timedelta(microseconds=1))
    return np.where((back > 0) & (place >= 0), place, -1)


def distinct_authors(
    topics: Counts, authors: Counts, days: Counts, shape: tuple[int, int]
) -> Counts:
    """Return distinct authors of each topic and day, int64 [k, days]; negative numbers skipped."""
    return trusted_authors(topics, authors, days, np.ones(len(topics)), shape).astype(np.int64)


def trusted_authors(
    topics: Counts, authors: Counts, windows: Counts, trust: Floats, shape: tuple[int, int]
) -> Floats:
    """Return the distinct authors of each topic and window, each counted as far as it is trusted.

    float64 [k, windows]; an author of several posts counts once, by the one that is trusted most.
    """
    inside = np.flatnonzero((topics >= 0) & (windows >= 0))
    cell = topics[inside] * shape[1] + windows[inside]
    rows, weight = _most(trust[inside], cell, authors[inside])
    counts = np.bincount(cell[rows], weights=weight, minlength=shape[0] * shape[1])
    return np.asarray(counts, dtype=np.float64).reshape(shape)


def voices(activity: Activity, window: Counts, shape: tuple[int, int]) -> Floats:
    """Return the trusted authors of each topic and window, those of one thread counted as one.

    float64 [k, windows]. People who answer each other in one thread are no independent sign that
    a subject rises: n of them count by an nth each. An author of several threads counts once, by
    the one that counts most.
    """
    inside = np.flatnonzero((activity.topics >= 0) & (window >= 0))
    cell = activity.topics[inside] * shape[1] + window[inside]
    who = activity.members[inside]
    thread = np.unique(activity.threads[inside], return_inverse=True)[1]
    place = cell * (int(thread.max(initial=0)) + 1) + thread
    rows, weight = _most(activity.trust[inside], place, who)
    _, group, size = np.unique(place[rows], return_inverse=True, return_counts=True)
    shared = weight / size[group]
    once, most = _most(shared, cell[rows], who[rows])
    counts = np.bincount(cell[rows][once], weights=most, minlength=shape[0] * shape[1])
    return np.asarray(counts, dtype=np.float64).reshape(shape)


def _most(weight: Floats, cell: Counts, who: Counts) -> tuple[Counts, Floats]:
    """Return a row of each pair of cell and author, the one of most weight, and that weight."""
    order = np.lexsort((weight, who, cell))
    if not len(order):
        return order, weight
    cells, authors = cell[order], who[order]
    last = np.append((np.diff(cells) != 0) | (np.diff(authors) != 0), True)
    rows = order[last]
    return rows, weight[rows]
