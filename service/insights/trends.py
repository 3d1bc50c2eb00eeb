"""Which topics rise: distinct authors a day against what eight weeks led to expect.

Counts of people, not of posts, so that one loud account is no trend. Each topic's expectation is
its own mean, past bursts cut, with the community's weekday factors, times how busy the whole
community is that day; its spread is a negative binomial's. A topic is tested on its last day and
on its last two days together (Fisher), and Benjamini-Hochberg holds the share of false alarms.
Method: methods of outbreak surveillance (Farrington 1996; Noufal 2013), with the site factor of
this project's own measurements.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

import numpy as np
from numpy.typing import NDArray

VERSION = "trends-1"
BASELINE_DAYS = 56
# Days right before the tested ones are left out of the baseline: a rise that is a week old would
# else have become its own expectation.
GUARD_DAYS = 7
TESTED_DAYS = 2
DAYS = BASELINE_DAYS + GUARD_DAYS + TESTED_DAYS
DAY = timedelta(days=1)
FALSE_SHARE = 0.1
LEAST_AUTHORS = 5
LEAST_AUTHOR_SHARE = 0.02
# A younger archive has no habits yet that a rise could be told from.
LEAST_HISTORY = 28

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Options:
    """What makes a rise worth showing."""

    false_share: float = FALSE_SHARE
    least_authors: int = LEAST_AUTHORS
    least_author_share: float = LEAST_AUTHOR_SHARE


@dataclass(frozen=True, slots=True)
class Surprise:
    """For each of k topics: authors observed and expected on the last day, p, q, the verdict.

    `rising` is true where q is within the share of false alarms and enough people are involved.
    `history` is the number of baseline days since the archive's first post: below LEAST_HISTORY
    nothing is tested, p and q are 1.
    """

    observed: Counts
    expected: Floats
    p: Floats
    q: Floats
    rising: NDArray[np.bool_]
    history: int


def day_numbers(times: NDArray[np.datetime64], as_of: datetime, days: int = DAYS) -> Counts:
    """Return the day of each time, 0 oldest to days-1, in 24-hour windows that end at `as_of`.

    Windows are half-open: a post at `as_of` is not seen. Times outside are -1.
    """
    end = np.datetime64(as_of.astimezone(UTC).replace(tzinfo=None), "us")
    back = (end - times.astype("datetime64[us]")).astype(np.int64)
    # The last window holds 0 < back <= one day.
    day = days - 1 - (back - 1) // int(DAY / timedelta(microseconds=1))
    return np.where((back > 0) & (day >= 0), day, -1)


def distinct_authors(
    topics: Counts, authors: Counts, days: Counts, shape: tuple[int, int]
) -> Counts:
    """Return distinct authors of each topic and day, int64 [k, days]; negative numbers skipped."""
    inside = (topics >= 0) & (days >= 0)
    triples = np.unique(np.stack([topics, days, authors])[:, inside], axis=1)
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, (triples[0], triples[1]), 1)
    return counts


def surprise(
    counts: Counts, community: Counts, active: int, options: Options | None = None
) -> Surprise:
    """Test the last day of each topic.

    `counts` are distinct authors [k, DAYS]; `community` those of all topics together [DAYS];
    `active` is the number of people active in the tested days, which scales the support needed.
    """
    options = options or Options()
    history = known_days(community)
    if not len(counts) or history < LEAST_HISTORY:
        ones = np.ones(len(counts))
        calm = np.zeros(len(counts), dtype=bool)
        return Surprise(counts[:, -1], ones * np.nan, ones, ones, calm, history)
    base = slice(BASELINE_DAYS - history, BASELINE_DAYS)
    expected = expectations(counts, community, base)
    spread = dispersion(counts[:, base], expected[:, base])
    last = tail(counts[:, -1], expected[:, -1], spread)
    before = tail(counts[:, -2], expected[:, -2], spread)
    # The better of two tests is half as sure as it looks.
    p = np.minimum(1.0, 2 * np.minimum(last, fisher(last, before)))
    q = false_discovery(p)
    enough = counts[:, -1] >= support(active, options)
    rising = enough & (q <= options.false_share)
    return Surprise(counts[:, -1], expected[:, -1], p, q, rising, history)


def known_days(community: Counts) -> int:
    """Return how many baseline days there are from the first one on which anybody posted."""
    active = np.flatnonzero(community[:BASELINE_DAYS])
    return BASELINE_DAYS - int(active[0]) if len(active) else 0


def support(active: int, options: Options) -> int:
    """Return how many authors a rise needs in a community of so many active people."""
    return max(options.least_authors, ceil(options.least_author_share * active))


def expectations(counts: Counts, community: Counts, base: slice) -> Floats:
    """Return expected authors of each topic and day, float64 [k, DAYS], from the baseline days."""
    weekday = np.arange(counts.shape[1]) % 7
    level = float(cut_bursts(community[base].astype(float)[None, :]).mean())
    factors = weekday_factors(community[base], weekday[base])
    site = community / np.maximum(level * factors[weekday], 1.0)
    # A quiet or missing day says little about a topic: the factor is kept near one.
    pattern = factors[weekday] * np.clip(site, 0.5, 3.0)
    held = cut_bursts(counts[:, base] / pattern[base])
    # Half an author more: a topic that never was is still not impossible.
    rate = (held.sum(axis=1) + 0.5) / held.shape[1]
    return np.asarray(rate[:, None] * pattern[None, :])


def weekday_factors(community: Counts, weekday: Counts) -> Floats:
    """Return how busy each weekday is against the mean, float64 [7], shrunk towards one."""
    overall = max(float(community.mean()), 1e-9)
    factors = np.array([community[weekday == day].mean() for day in range(7)]) / overall
    return 0.8 * factors + 0.2


def cut_bursts(rows: Floats) -> Floats:
    """Return rows with values cut at three standard deviations of a Poisson above their median.

    A burst of the past must not hide the next one; leaving high days out instead would make the
    expectation of a quiet topic several times too low.
    """
    median = np.median(rows, axis=1, keepdims=True)
    return np.asarray(np.minimum(rows, median + 3 * np.sqrt(median + 1)))


def dispersion(counts: Counts, expected: Floats) -> Floats:
    """Return each topic's variance over its mean, float64 [k], at least 1, shrunk to the rest."""
    residual = (cut_bursts(counts.astype(float)) - expected) ** 2 / expected
    own = np.maximum(residual.mean(axis=1), 1.0)
    return np.asarray(np.clip(0.5 * own + 0.5 * np.median(own), 1.0, 10.0))


def tail(observed: Counts, expected: Floats, spread: Floats) -> Floats:
    """Return P(X >= observed) of a negative binomial of this mean and variance over mean."""
    from scipy.stats import nbinom, poisson

    extra = np.maximum(spread - 1.0, 1e-6)
    size = expected / extra
    wide = nbinom.sf(observed - 1, size, 1.0 / (1.0 + extra))
    return np.asarray(np.where(spread > 1.0 + 1e-6, wide, poisson.sf(observed - 1, expected)))


def fisher(first: Floats, second: Floats) -> Floats:
    """Return the combined p of two independent tests (Fisher 1925)."""
    product = np.maximum(first * second, 1e-300)
    return np.asarray(np.minimum(1.0, product * (1.0 - np.log(product))))


def false_discovery(p: Floats) -> Floats:
    """Return q values, float64 [k] (Benjamini and Hochberg 1995)."""
    if not len(p):
        return p
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty_like(p)
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return q
