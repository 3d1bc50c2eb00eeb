"""Where and when trouble comes again and again, told only where chance does not explain it.

A part (a channel, an hour of the week) is compared with all others by Fisher's exact test, one
side; over all parts the share of false ones is held (Benjamini and Hochberg 1995). What is counted
is not posts, which come in bursts, but threads at a time: ten hostile posts in one thread within an
hour are one case.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import exp, lgamma
from typing import Generic, TypeVar

import numpy as np

from service.insights.agreement import wilson
from service.insights.trends.tails import false_discovery

FALSE = 0.05
# What came in fewer threads does not repeat.
LEAST_THREADS = 3
Part = TypeVar("Part", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Cases:
    """Of `tried` cases in a part `hit` had it, in `threads` different threads."""

    hit: int
    tried: int
    threads: int


@dataclass(frozen=True, slots=True)
class Pattern(Generic[Part]):
    """A part where more cases had it than chance explains.

    `share` of its cases, with a Wilson interval, against the share of all others; `q` is the chance
    after Benjamini and Hochberg.
    """

    part: Part
    hit: int
    tried: int
    share: float
    low: float
    high: float
    elsewhere: float
    q: float


def patterns(parts: Mapping[Part, Cases]) -> list[Pattern[Part]]:
    """Return the parts with more than chance explains, the surest first."""
    hits = sum(one.hit for one in parts.values())
    tried = sum(one.tried for one in parts.values())
    p = [at_least(one.hit, one.tried, hits, tried) for one in parts.values()]
    q = false_discovery(np.array(p, dtype=np.float64))
    found = [
        _pattern(part, one, hits, tried, float(chance))
        for (part, one), chance in zip(parts.items(), q, strict=True)
        if chance <= FALSE and one.threads >= LEAST_THREADS
    ]
    return sorted(found, key=lambda one: (one.q, -one.share, str(one.part)))


def at_least(hit: int, tried: int, hits: int, total: int) -> float:
    """Return the chance that of `tried` drawn out of `total`, `hits` of them marked, `hit` are."""
    whole = _choose(total, tried)
    ways = (
        exp(_choose(hits, k) + _choose(total - hits, tried - k) - whole)
        for k in range(max(hit, tried + hits - total), min(tried, hits) + 1)
    )
    return min(1.0, sum(ways))


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _pattern(part: Part, one: Cases, hits: int, tried: int, q: float) -> Pattern[Part]:
    rest = tried - one.tried
    elsewhere = (hits - one.hit) / rest if rest else 0.0
    low, high = wilson(one.hit, one.tried)
    return Pattern(part, one.hit, one.tried, one.hit / one.tried, low, high, elsewhere, q)
