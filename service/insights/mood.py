"""Mood: the share of each label among posts, how sure it is, and whether it changed.

A change has a direction only where it is larger than chance and the classifier's own errors
explain, and both sides have enough posts. Method: service.insights.quantify.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from service.insights.quantify import (
    HABIT_POSTS,
    LEAST,
    Cells,
    Floats,
    Ints,
    cells,
    emq,
    error_slopes,
    plainer,
    weighted,
)

VERSION = "mood-2"
LEVEL = 0.9
DRAWS = 200
# With fewer posts on a side no direction is told.
LEAST_POSTS = 20
UP, DOWN = "up", "down"


@dataclass(frozen=True, slots=True, eq=False)
class Prevalence:
    """Shares of K labels among n posts, their interval, and what the interval was made of.

    `draws` are the shares under random weights of the posts; `errors` what the classifier's error
    rates may add to each draw, the same rates in a draw for every prevalence of one seed; float64
    [draws, K] both. Without posts, shares are the usual ones and the interval is 0 to 1.
    """

    shares: Floats
    low: Floats
    high: Floats
    n: int
    draws: Floats
    errors: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """After minus before, of K labels: intervals that hold for all labels together, directions."""

    difference: Floats
    low: Floats
    high: Floats
    direction: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Quantifier:
    """What turns probabilities into shares.

    `prior` [K] are the shares under which the probabilities are calibrated. `habit` [K] is what
    is usual here, which few posts are drawn to; left out, what all posts of a call together say.
    `confusion` [K, K] is a count of posts such as these by true (row) and given label: its doubt
    widens intervals, and the label that is commonest there may be said more plainly here than
    where the probabilities are calibrated. Left out, error rates are taken as known, and labels
    as said here as there.
    """

    prior: Floats
    habit: Floats | None = None
    confusion: Floats | None = None
    level: float = LEVEL
    draws: int = DRAWS
    seed: int = 0


def prevalence(
    probabilities: NDArray[np.float32],
    prior: Floats,
    *,
    fixed: Ints | None = None,
    habit: Floats | None = None,
    confusion: Floats | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Prevalence:
    """Return the shares of labels among posts; the parameters are those of Quantifier.

    `probabilities` are [n, K]; `fixed` [n] is the place of a post's label where a person gave it,
    which is certain, and -1 where only the model spoke. Without `habit`, few posts are drawn to
    `prior`.
    """
    usual = prior if habit is None else habit
    quantifier = Quantifier(prior, usual, confusion, level, draws, seed)
    whole = np.zeros(len(probabilities), dtype=np.int64)
    return prevalences(whole, 1, probabilities, quantifier, fixed)[0]


def prevalences(
    segments: Ints,
    count: int,
    probabilities: NDArray[np.float32],
    quantifier: Quantifier,
    fixed: Ints | None = None,
    wanted: Sequence[int] | None = None,
) -> list[Prevalence]:
    """Return the shares of labels in each of `count` segments, or in those that are `wanted`.

    `segments` [n] is the segment of each post, 0 to count-1; negative ones are left out. A segment
    has the same shares whatever others are wanted.
    """
    k = len(quantifier.prior)
    fixed = np.full(len(segments), -1) if fixed is None else fixed
    spoken, told = (segments >= 0) & (fixed < 0), (segments >= 0) & (fixed >= 0)
    known = _table(segments[told] * k + fixed[told], (count, k))
    seen = cells(probabilities[spoken])
    prior = _shares(quantifier.prior)
    odds = _odds(seen, prior, quantifier.confusion)
    habit = _habit(quantifier, seen, odds, known.sum(axis=0))
    order = np.lexsort((seen.places, segments[spoken]))
    bounds = np.searchsorted(segments[spoken][order], np.arange(count + 1))
    slopes = _slopes(quantifier)
    found = []
    for place in range(count) if wanted is None else wanted:
        inside = seen.places[order[bounds[place] : bounds[place + 1]]]
        there, counts = np.unique(inside, return_counts=True)
        chance = np.random.default_rng([quantifier.seed, place])
        shares = _drawn(
            counts.astype(float), odds[there], known[place], habit, quantifier.draws, chance
        )
        n = len(inside) + int(known[place].sum())
        found.append(_prevalence(shares, slopes, n, quantifier.level))
    return found


def change(before: Prevalence, after: Prevalence, *, level: float = LEVEL) -> Change:
    """Return how shares changed, and which way where that is sure.

    The interval is that of a normal deviate with the draws' spread, at a level that makes it hold
    for all labels at once (Bonferroni). A direction is None where it holds 0, and where a side
    has fewer than 20 posts.
    """
    difference = after.shares - before.shares
    # Rolled, as two sides of one seed may have drawn the same weights; the errors belong together.
    chance = after.draws - np.roll(before.draws, 1, axis=0)
    spread = (chance + after.errors - before.errors).std(axis=0)
    # Shares of two labels mirror each other: that is one comparison.
    compared = len(difference) if len(difference) > 2 else 1
    reach = NormalDist().inv_cdf(1 - (1 - level) / 2 / compared) * spread
    low, high = np.maximum(difference - reach, -1.0), np.minimum(difference + reach, 1.0)
    told = min(before.n, after.n) >= LEAST_POSTS
    return Change(difference, low, high, tuple(_directions(low, high, told)))


def series(
    weeks: Ints,
    count: int,
    probabilities: NDArray[np.float32],
    quantifier: Quantifier,
    fixed: Ints | None = None,
) -> list[tuple[Prevalence, Change | None]]:
    """Return the shares of each of `count` weeks, with the change since the week before.

    `weeks` [n] is the week of each post, 0 to count-1; the first week has no change.
    """
    found = prevalences(weeks, count, probabilities, quantifier, fixed)
    changes = [change(before, after, level=quantifier.level) for before, after in pairwise(found)]
    return list(zip(found, [None, *changes], strict=True)) if found else []


def _odds(seen: Cells, prior: Floats, confusion: Floats | None) -> Floats:
    """Return how much likelier each label makes each cell, up to a factor of the cell."""
    odds = seen.means / prior
    if confusion is not None and confusion.sum():
        counts = np.bincount(seen.places, minlength=len(seen.means)).astype(float)
        usual = int(np.asarray(confusion).sum(axis=1).argmax())
        odds = plainer(seen.means, prior, counts, usual)
    return np.asarray(odds / odds.max(axis=1, keepdims=True, initial=LEAST))


def _habit(quantifier: Quantifier, seen: Cells, odds: Floats, known: Floats) -> Floats:
    """Return what is usual: what was given, or what all posts of the call say together."""
    if quantifier.habit is not None:
        return _shares(quantifier.habit)
    prior = _shares(quantifier.prior)
    counts = np.bincount(seen.places, minlength=len(seen.means)).astype(float)
    usual = emq(counts[None], odds, (known + HABIT_POSTS * prior)[None], prior)
    return np.asarray(usual[0])


def _drawn(
    counts: Floats,
    odds: Floats,
    known: Floats,
    habit: Floats,
    draws: int,
    chance: np.random.Generator,
) -> Floats:
    """Return the shares [1 + draws, K]: the estimate, then those of random weights."""
    sure = known + HABIT_POSTS * habit
    weights = np.vstack([np.concatenate([counts, sure]), weighted(counts, sure, draws, chance)])
    return emq(weights[:, : len(counts)], odds, weights[:, len(counts) :], habit)


def _prevalence(drawn: Floats, slopes: Floats, n: int, level: float) -> Prevalence:
    shares, draws = drawn[0], drawn[1:]
    errors = slopes @ shares
    if not n:
        return Prevalence(shares, np.zeros(len(shares)), np.ones(len(shares)), 0, draws, errors)
    spread = np.clip(draws + errors, 0.0, 1.0)
    low, high = np.quantile(spread, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Prevalence(shares, np.minimum(low, shares), np.maximum(high, shares), n, draws, errors)


def _slopes(quantifier: Quantifier) -> Floats:
    k = len(quantifier.prior)
    if quantifier.confusion is None:
        return np.zeros((quantifier.draws, k, k))
    chance = np.random.default_rng(quantifier.seed)
    return error_slopes(quantifier.confusion, quantifier.draws, chance)


def _directions(low: Floats, high: Floats, told: bool) -> list[str | None]:
    up, down = told & (low > 0), told & (high < 0)
    return [UP if rose else DOWN if fell else None for rose, fell in zip(up, down, strict=True)]


def _shares(values: Floats) -> Floats:
    kept = np.maximum(np.asarray(values, dtype=np.float64), LEAST)
    return np.asarray(kept / kept.sum())


def _table(places: Ints, shape: tuple[int, int]) -> Floats:
    return np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
