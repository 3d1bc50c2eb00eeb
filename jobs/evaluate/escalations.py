"""Escalations planted in a calm archive: what a moderator who reads ten flags a week would see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from service.insights.heat import budget
from service.insights.heat.watch import Beat, Kind, Standing, watch

Floats = NDArray[np.float64]
DAY = 86_400.0
WEEK = 7 * DAY
A_WEEK = 10
HISTORY = 8


@dataclass(frozen=True, slots=True)
class Story:
    """One thread: when each post came, in seconds, and the heat after it.

    `turned` is the place of the first toxic post of a thread that was planted, None for a calm one.
    """

    thread: int
    times: Floats
    heats: Floats
    turned: int | None


@dataclass(frozen=True, slots=True)
class Flagged:
    """A flag: its thread, when and at which post it was raised, when it was taken back or None."""

    story: Story
    raised: float
    post: int
    withdrawn: float | None


def flags(stories: Sequence[Story], start: float, weeks: int, a_week: float) -> list[Flagged]:
    """Return every flag of some weeks, as runs each day would raise and withdraw them.

    The threshold is found anew each day, from the peaks of the threads with a post in the eight
    weeks before it.
    """
    beats = sorted(
        (float(at), story.thread, place)
        for story in stories
        for place, at in enumerate(story.times)
        if start <= at < start + weeks * WEEK
    )
    by_thread = {story.thread: story for story in stories}
    standing: dict[int, Standing] = {}
    found: list[Flagged] = []
    place = 0
    for day in range(7 * weeks):
        end = start + (day + 1) * DAY
        limit = _threshold(stories, start + day * DAY, a_week)
        today = []
        while place < len(beats) and beats[place][0] < end:
            today.append(beats[place])
            place += 1
        given = [Beat(t, p, float(by_thread[t].heats[p])) for _, t, p in today]
        changes, after = watch(given, standing, limit)
        standing |= after
        for change in changes:
            story = by_thread[change.beat.thread]
            at = float(story.times[change.beat.post])
            if change.kind is Kind.RAISED:
                found.append(Flagged(story, at, change.beat.post, None))
            else:
                found = _withdrawn(found, story, at)
    return found


def read(found: Iterable[Flagged], start: float, weeks: int, a_week: float) -> list[Flagged]:
    """Return the flags that a moderator reads: each evening the hottest that nobody read yet.

    They read so many a week, evenly; what was not read is looked at again for three days. A flag
    that was taken back before is not read, and of one thread only the first.
    """
    flagged = sorted(found, key=lambda one: (one.raised, one.story.thread))
    seen: set[int] = set()
    chosen: list[Flagged] = []
    for day in range(7 * weeks):
        now = start + (day + 1) * DAY
        room = int((day + 1) * a_week / 7) - len(chosen)
        waiting = [
            one
            for one in flagged
            if now - 3 * DAY <= one.raised < now
            and one.story.thread not in seen
            and (one.withdrawn is None or one.withdrawn >= now)
        ]
        waiting.sort(key=lambda one: (-_heat(one.story, now), one.story.thread))
        for one in waiting[: max(room, 0)]:
            if one.story.thread not in seen:
                seen.add(one.story.thread)
                chosen.append(one)
    return chosen


def figures(found: Sequence[Flagged], seen: Sequence[Flagged], planted: int) -> dict[str, float]:
    """Return how right the flags were that were read, and how early."""
    right = [one for one in seen if one.story.turned is not None]
    leads = [_lead(one) for one in right]
    back = [one for one in found if one.withdrawn is not None]
    threads = {one.story.thread for one in found if one.story.turned is not None}
    return {
        "precision_at_10": len(right) / max(len(seen), 1),
        "read": float(len(seen)),
        "recall": len(threads) / max(planted, 1),
        "lead_posts": float(np.median([posts for posts, _ in leads])) if leads else nan,
        "lead_minutes": float(np.median([minutes for _, minutes in leads])) if leads else nan,
        "early_share": float(np.mean([posts > 0 for posts, _ in leads])) if leads else 0.0,
        "flags": float(len(found)),
        "withdrawn": float(len(back)),
        "withdrawn_rightly": (
            sum(one.story.turned is None for one in back) / len(back) if back else nan
        ),
    }


def _threshold(stories: Sequence[Story], now: float, a_week: float) -> float:
    since = now - HISTORY * WEEK
    peaks = [
        float(story.heats[inside].max())
        for story in stories
        if story.times[0] < now and (inside := (story.times >= since) & (story.times < now)).any()
    ]
    return budget.threshold(np.array(peaks), HISTORY * 7, a_week / 7)


def _withdrawn(found: list[Flagged], story: Story, at: float) -> list[Flagged]:
    last = max(n for n, one in enumerate(found) if one.story.thread == story.thread)
    one = found[last]
    return [*found[:last], Flagged(one.story, one.raised, one.post, at), *found[last + 1 :]]


def _heat(story: Story, now: float) -> float:
    return float(story.heats[int(np.searchsorted(story.times, now)) - 1])


def _lead(one: Flagged) -> tuple[int, float]:
    """Return by how many posts, and minutes, the flag came before the first toxic post."""
    turned = one.story.turned
    assert turned is not None
    return turned - one.post, (float(one.story.times[turned]) - one.raised) / 60
