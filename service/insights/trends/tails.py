"""Chances of counts: tails of a negative binomial, tests combined, and false discoveries."""

from __future__ import annotations

import numpy as np

from service.insights.trends.windows import Counts, Floats

# From here on a negative binomial is told from a Poisson.
EVEN = 1.0 + 1e-6
LEAST_CHANCE = 1e-300
UNHEARD = 1.5


def tail(observed: Counts | Floats, expected: Floats, spread: Floats) -> Floats:
    """Return P(X >= observed) of a negative binomial of this mean and variance over mean.

    `observed` may lie between whole numbers: the chance then lies between theirs.
    """
    from scipy.special import betainc, gammainc

    seen = np.maximum(np.asarray(observed, dtype=np.float64), 1e-9)
    extra = np.maximum(spread - 1.0, 1e-6)
    wide = betainc(seen, expected / extra, extra / (1.0 + extra))
    chance = np.where(spread > EVEN, wide, gammainc(seen, expected))
    return np.asarray(np.where(np.asarray(observed) <= 0, 1.0, chance))


def lower_tail(observed: Counts | Floats, expected: Floats, spread: Floats) -> Floats:
    """Return P(X <= observed) of the same."""
    return np.asarray(1.0 - tail(np.asarray(observed, dtype=np.float64) + 1.0, expected, spread))


def middle(observed: Counts | Floats, expected: Floats, spread: Floats) -> Floats:
    """Return the mid-p of the same: half of the chance of just `observed` left out.

    Of counts as small as these, P(X >= observed) is a good deal rarer at or below a level than the
    level says; the mid-p (Lancaster 1961) is about as rare.
    """
    seen = np.asarray(observed, dtype=np.float64)
    both = tail(seen, expected, spread) + tail(seen + 1.0, expected, spread)
    return np.asarray(0.5 * both)


def unheard(p: Floats, counts: Floats, expected: Floats, spread: Floats) -> Floats:
    """Return the chances that are far below any of the past's, and 1 for all others.

    `counts` and `expected` [k, windows] are the past of all topics. Half as surprising again (in
    -log of the chance) as the most surprising window of any topic is what has not been heard.
    """
    rows, columns = np.nonzero(counts > expected)
    past = middle(counts[rows, columns], expected[rows, columns], spread[rows])
    most = float(-np.log(np.maximum(past, LEAST_CHANCE)).max(initial=0.0))
    own = -np.log(np.maximum(p, LEAST_CHANCE))
    return np.asarray(np.where(own > UNHEARD * most, p, 1.0))


def fisher(first: Floats, second: Floats) -> Floats:
    """Return the combined p of two independent tests (Fisher 1925)."""
    product = np.maximum(first * second, LEAST_CHANCE)
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
