"""What is usual: a topic's rate, the week's rhythm, and how busy the whole community is."""

from __future__ import annotations

import numpy as np

from service.insights.trends.windows import BASELINE_DAYS, DAILY, Counts, Floats, Ticks

# How busy the community is in a window is believed within these bounds: of a day that is quieter
# or missing, a topic says little.
LEAST_BUSY, MOST_BUSY = 0.4, 5.0
# A topic's own weekday counts once it has had so many authors on it; fewer where it is busier than
# the community's by so many standard deviations. Before, the community's counts.
WEEKDAY_AUTHORS, BUSY_AUTHORS, BUSIER = 60.0, 4.0, 2.5
# Variance over mean of a topic: bounds, and how far it is drawn to the others'.
SPREADS = (1.0, 12.0)
DRAWN = 0.85
# Days of so many standard deviations of a Poisson above the mean are cut in the variance.
CUT = 5.0


def expectations(
    counts: Floats | Counts, community: Floats | Counts, base: slice, ticks: Ticks = DAILY
) -> Floats:
    """Return expected authors of each topic and window, float64 [k, windows], from the baseline.

    A topic's own mean, past bursts cut, times the factor of the weekday (and hour): the
    community's, and the topic's own as far as it has shown one; times how busy the community is
    in that window.
    """
    slot = np.arange(counts.shape[1]) % ticks.week
    pattern = rhythm(community, base, ticks)
    daily = ticks.week == DAILY.week
    past = counts[:, base] / pattern[base]
    held = cut_weekdays(past, slot[base]) if daily else cut_bursts(past)
    # Half an author more: a topic that never was is still not impossible.
    rate = (held.sum(axis=1) + 0.5) / held.shape[1]
    usual = rate[:, None] * pattern[None, :]
    if not daily:
        return np.asarray(usual)
    own = own_weekdays(held * pattern[base], usual[:, base], slot[base])
    return np.asarray(usual * own[:, slot])


def rhythm(community: Floats | Counts, base: slice, ticks: Ticks = DAILY) -> Floats:
    """Return how busy each window is, float64 [windows]; 1 is usual.

    The week's factor times how busy the community is against it.
    """
    slot = np.arange(len(community)) % ticks.week
    level = float(cut_bursts(community[base].astype(float)[None, :]).mean())
    factors = week_factors(community[base], slot[base], ticks.week)
    site = community / np.maximum(level * factors[slot], 1.0)
    return np.asarray(factors[slot] * np.clip(site, LEAST_BUSY, MOST_BUSY))


def week_factors(community: Floats | Counts, slot: Counts, week: int) -> Floats:
    """Return how busy each window of the week is against the mean, shrunk towards one."""
    overall = max(float(community.mean()), 1e-9)
    total = np.bincount(slot, weights=community, minlength=week)
    times = np.bincount(slot, minlength=week)
    means = np.where(times > 0, total / np.maximum(times, 1), overall)
    return np.asarray(0.8 * means / overall + 0.2)


def own_weekdays(counts: Floats, usual: Floats, weekday: Counts) -> Floats:
    """Return how each topic's weekdays differ from the community's, float64 [k, 7].

    Gamma-Poisson shrinkage: a topic with few authors has the community's, unless one of its
    weekdays is plainly busier.
    """
    table = np.eye(7)[weekday]
    seen, due = counts @ table, usual @ table
    busier = seen > due + BUSIER * np.sqrt(2 * due)
    prior = np.where(busier, BUSY_AUTHORS, WEEKDAY_AUTHORS)
    return np.asarray((seen + prior) / (due + prior))


def cut_weekdays(rows: Floats, weekday: Counts) -> Floats:
    """Return rows with bursts cut among the days of the same weekday: a busy Monday is a habit."""
    held = rows.copy()
    for day in range(7):
        same = weekday == day
        if same.any():
            held[:, same] = cut_bursts(rows[:, same])
    return held


def cut_bursts(rows: Floats) -> Floats:
    """Return rows with values cut at three standard deviations of a Poisson above their median.

    A burst of the past must not hide the next one; leaving high days out instead would make the
    expectation of a quiet topic several times too low.
    """
    median = np.median(rows, axis=1, keepdims=True)
    return np.asarray(np.minimum(rows, median + 3 * np.sqrt(median + 1)))


def dispersion(counts: Floats | Counts, expected: Floats) -> Floats:
    """Return each topic's variance over its mean, float64 [k], at least 1, drawn to the rest.

    Bursts are cut, but higher than for the mean: a topic that often has them varies much.
    """
    held = np.minimum(counts, expected + CUT * np.sqrt(expected + 1))
    own = np.maximum(((held - expected) ** 2 / expected).mean(axis=1), 1.0)
    return np.asarray(np.clip((1 - DRAWN) * own + DRAWN * np.median(own), *SPREADS))


def known_days(community: Floats | Counts) -> int:
    """Return how many baseline days there are from the first one on which anybody posted."""
    return known_windows(community, BASELINE_DAYS)


def known_windows(community: Floats | Counts, base: int) -> int:
    """Return how many of `base` windows there are from the first in which anybody posted."""
    active = np.flatnonzero(community[:base])
    return base - int(active[0]) if len(active) else 0
