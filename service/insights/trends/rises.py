"""How surprising each topic's last window is.

Counts of people, not of posts, so that one loud account is no trend. A topic is tested on its last
window (day, hour) and on its last two together (Fisher). Method: outbreak surveillance
(Farrington 1996; Noufal 2013) with a factor for how busy the whole community is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from service.insights.trends.habits import dispersion, expectations, known_windows
from service.insights.trends.tails import false_discovery, fisher, middle, unheard
from service.insights.trends.windows import DAILY, Counts, Crowd, Floats, Ticks

FALSE_SHARE = 0.1
LEAST_AUTHORS = 5
LEAST_AUTHOR_SHARE = 0.02
# In a community with fewer active people, five of them are a crowd.
SMALL_COMMUNITY, SMALL_LEAST_AUTHORS = 250, 3
# Fewer voices than these are a thread or two: conversations, however many answer in them, unless
# twice the support answer and such a day was unheard of.
LEAST_VOICES = 3.0
CROWDED = 2
# Of the level of a test, the part for voices; counts of people, whatever the thread, have the rest.
VOICES_PART = 0.95
# A younger archive has no habits yet that a rise could be told from. Days.
LEAST_HISTORY = 28


@dataclass(frozen=True, slots=True)
class Options:
    """What makes a rise worth showing.

    `level` is how improbable each topic's window must be; left out, Benjamini and Hochberg's
    procedure holds the share of false alarms at `false_share`.
    """

    false_share: float = FALSE_SHARE
    least_authors: int = LEAST_AUTHORS
    least_author_share: float = LEAST_AUTHOR_SHARE
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Surprise:
    """For each of k topics: authors observed and expected in the last window, p, q, the verdict.

    `rising` is true where p is within the level, or q within the share of false alarms, and
    enough people are involved. `history` is the number of baseline days since the archive's first
    post: below LEAST_HISTORY nothing is tested, p and q are 1.
    """

    observed: Counts | Floats
    expected: Floats
    p: Floats
    q: Floats
    rising: NDArray[np.bool_]
    history: int


def rises(crowd: Crowd, ticks: Ticks = DAILY, options: Options | None = None) -> Surprise:
    """Test the last window of each topic by its voices; `observed` and `expected` are people."""
    options = options or Options()
    history, base = past(crowd.community, ticks)
    people = crowd.people[:, -1]
    if not len(people) or history < LEAST_HISTORY:
        return untold(people, history)
    usual = expectations(crowd.voices, crowd.community, base, ticks)
    expected = expectations(crowd.people, crowd.community, base, ticks)
    many = last_two(crowd.voices, usual, dispersion(crowd.voices[:, base], usual[:, base]))
    many = np.where(crowd.voices[:, -1] >= LEAST_VOICES, many, 1.0)
    spread = dispersion(crowd.people[:, base], expected[:, base])
    loud = last_two(crowd.people, expected, spread)
    loud = unheard(loud, crowd.people[:, base], expected[:, base], spread)
    needed = support(crowd.active, options)
    loud = np.where(crowd.trusted >= CROWDED * needed, loud, 1.0)
    p = np.minimum(1.0, np.minimum(many / VOICES_PART, loud / (1 - VOICES_PART)))
    q = false_discovery(p)
    sure = q <= options.false_share if options.level is None else p <= options.level
    return Surprise(people, expected[:, -1], p, q, sure & (crowd.trusted >= needed), history)


def surprise(
    counts: Counts, community: Counts, active: int, options: Options | None = None
) -> Surprise:
    """Test the last day of each topic, each author counted fully.

    `counts` are distinct authors [k, DAYS]; `community` those of all topics together [DAYS];
    `active` is the number of people active in the last week, which scales the support needed.
    """
    people, whole = counts.astype(np.float64), community.astype(np.float64)
    window = np.zeros(0, dtype=np.int64)
    return rises(Crowd(people, people[:, -1], people, whole, active, window), DAILY, options)


def past(community: Floats, ticks: Ticks) -> tuple[int, slice]:
    """Return the days of habit that there are, and the windows of the baseline."""
    known = known_windows(community, ticks.base)
    return known * 7 // ticks.week, slice(ticks.base - known, ticks.base)


def last_two(counts: Counts | Floats, expected: Floats, spread: Floats) -> Floats:
    """Return the chance of each topic's last window, or of its last two together, float64 [k]."""
    last = middle(counts[:, -1], expected[:, -1], spread)
    before = middle(counts[:, -2], expected[:, -2], spread)
    # The better of two tests is half as sure as it looks.
    return np.asarray(np.minimum(1.0, 2 * np.minimum(last, fisher(last, before))))


def support(active: int, options: Options) -> int:
    """Return how many authors a rise needs in a community of so many active people."""
    least = options.least_authors
    if active < SMALL_COMMUNITY:
        least = min(least, SMALL_LEAST_AUTHORS)
    return max(least, ceil(options.least_author_share * active))


def untold(people: Floats, history: int) -> Surprise:
    """Return that nothing can be told of k topics."""
    ones = np.ones(len(people))
    return Surprise(people, ones * np.nan, ones, ones, np.zeros(len(people), dtype=bool), history)
