"""Growth and decline over a week or four: person-days against those of the weeks before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.insights.trends.habits import cut_bursts, rhythm
from service.insights.trends.rises import (
    LEAST_HISTORY,
    Options,
    Surprise,
    support,
    untold,
)
from service.insights.trends.tails import false_discovery, lower_tail, tail
from service.insights.trends.windows import DAYS, Crowd, Floats

WEEK = 7
MOST_SPREAD = 40.0


def growth(crowd: Crowd, days: int, options: Options | None = None) -> tuple[Surprise, Surprise]:
    """Return what rises and what falls over the last 7 or 28 days, of daily windows.

    `observed` and `expected` are people a day, summed over the days (person-days); the expectation
    is that of all days before, for the week's rhythm and for how busy the community is. The spread
    is that of whole weeks, since busy days come together. `history` is that of the days before.
    """
    options = options or Options()
    base = slice(_first(crowd.community), DAYS - days)
    history = max(0, base.stop - base.start)
    people = crowd.people[:, -days:].sum(axis=1)
    if not len(people) or history < LEAST_HISTORY:
        return untold(people, history), untold(people, history)
    pattern = rhythm(crowd.community, base)
    seen, usual = crowd.voices, _usual(crowd.voices, pattern, base)
    spread = week_spread(seen[:, base], usual[:, base])
    now, due = seen[:, -days:].sum(axis=1), usual[:, -days:].sum(axis=1)
    expected = _usual(crowd.people, pattern, base)[:, -days:].sum(axis=1)
    # The expectation itself is measured on few weeks: that adds to the spread.
    spread = spread * (1 + days / history)
    enough = support(crowd.active, options)
    up = _told(people, expected, tail(now, due, spread), people >= enough, history, options)
    down = lower_tail(now, due, spread)
    return up, _told(people, expected, down, expected >= enough, history, options)


def week_spread(counts: Floats, usual: Floats) -> Floats:
    """Return the variance over the mean of a topic's weeks, float64 [k], drawn to the others'."""
    weeks = counts.shape[1] // WEEK
    cut = counts.shape[1] - weeks * WEEK
    seen = counts[:, cut:].reshape(len(counts), weeks, WEEK).sum(axis=2)
    due = usual[:, cut:].reshape(len(counts), weeks, WEEK).sum(axis=2)
    own = np.maximum(((seen - due) ** 2 / np.maximum(due, 1e-9)).mean(axis=1), 1.0)
    return np.asarray(np.clip(0.5 * own + 0.5 * np.median(own), 1.0, MOST_SPREAD))


def _usual(counts: Floats, pattern: Floats, base: slice) -> Floats:
    held = cut_bursts(counts[:, base] / pattern[base])
    return np.asarray(((held.sum(axis=1) + 0.5) / held.shape[1])[:, None] * pattern[None, :])


def _told(
    people: Floats,
    expected: Floats,
    p: Floats,
    enough: NDArray[np.bool_],
    history: int,
    options: Options,
) -> Surprise:
    q = false_discovery(p)
    return Surprise(people, expected, p, q, enough & (q <= options.false_share), history)


def _first(community: Floats) -> int:
    active = np.flatnonzero(community)
    return int(active[0]) if len(active) else DAYS
