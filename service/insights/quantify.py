"""Shares of labels among posts, from a model's probabilities: quantification, not counting.

Counting each post's likeliest label is wrong twice: the model errs, and it was trained where labels
had other shares. EMQ (Saerens, Latinne and Decaestecker 2002) asks instead which shares make the
probabilities that were seen most likely. Few posts say little about that, so a few posts' weight
of what is usual is put beside them, which keeps the answer off the corners (a Dirichlet prior, and
the most likely shares under it). How far it may be off is found by weighing the posts at random
again and again (the Bayesian bootstrap of Rubin 1981, proper in the sense of Muliere and Secchi
1996), which for posts whose labels are known is exactly the posterior of their shares.

All this rests on probabilities that are calibrated where the model was trained, and on each label
being said there as it is said here. Talk at work breaks the second: its neutral posts are plainer
than neutral tweets, and EMQ pays for that with the moods, of which it finds none. So the usual
label may be said in two ways, as there and more plainly, and the posts tell how much of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# What is usual counts as much as so many posts whose labels are known.
HABIT_POSTS = 4.0
ROUNDS = 200
CLOSE = 1e-5
LEAST = 1e-4
TINY = 1e-300
# Posts with nearly the same probabilities are taken together: steps of the grid, fine to coarse.
GRIDS = (16, 8, 4, 2)
MOST_CELLS = 4_096
# Sums of so finely rounded numbers are exact, and so the same in whatever order posts come.
EXACT = 2.0**20
# Plain talk is likelier than talk where the model learned by this power of the usual label's
# probability. Powers of 4 to 8 do about as well on posts judged by hand.
PLAIN = 5
# Where the model learned, that probability is spread as Beta(SPREAD share, SPREAD (1 - share)):
# so it is on tweets, to within 3 % of the power's mean.
SPREAD = 2.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Posts with nearly the same probabilities: each post's cell [n], the cells' means [C, K]."""

    places: Ints
    means: Floats


def cells(probabilities: NDArray[np.float32]) -> Cells:
    """Return the cells of n posts, in an order that their probabilities alone decide."""
    n, k = probabilities.shape
    if not n:
        return Cells(np.empty(0, dtype=np.int64), np.empty((0, k)))
    for steps in GRIDS:
        rounded = np.rint(probabilities * steps).astype(np.uint8)
        found, places = np.unique(rounded, axis=0, return_inverse=True)
        if len(found) <= MOST_CELLS:
            break
    fine = np.rint(probabilities.astype(np.float64) * EXACT)
    sums = [np.bincount(places, weights=column, minlength=len(found)) for column in fine.T]
    means = np.maximum(np.stack(sums, axis=1), 1.0)
    return Cells(places, means / means.sum(axis=1, keepdims=True))


def emq(counts: Floats, odds: Floats, sure: Floats, start: Floats) -> Floats:
    """Return the most likely shares [B, K] of B weightings of the same C cells of posts.

    `counts` [B, C] are posts in each cell, `odds` [C, K] their probabilities over the shares that
    the model was trained under, `sure` [B, K] posts of known labels and those of what is usual,
    which must not be 0 together with every count. It stops where a round moves no share by 1e-5.
    Rounds are taken in threes: two, a leap along their way, and one that mends the leap (SQUAREM,
    Varadhan and Roland 2008).
    """
    total = counts.sum(axis=1, keepdims=True) + sure.sum(axis=1, keepdims=True)

    def following(shares: Floats) -> Floats:
        density = np.maximum(shares @ odds.T, TINY)
        return np.asarray((shares * ((counts / density) @ odds) + sure) / total)

    shares = np.tile(start, (len(counts), 1))
    for _ in range(ROUNDS):
        first = following(shares)
        if np.abs(first - shares).max(initial=0.0) < CLOSE:
            return first
        shares = following(_leap(shares, first, following(first)))
    return shares


def plainer(probabilities: Floats, prior: Floats, counts: Floats, usual: int) -> Floats:
    """Return odds [C, K] of cells where the `usual` label may be said more plainly than by `prior`.

    `probabilities` [C, K] are calibrated under `prior` [K], `counts` [C] are the posts of each
    cell. The plainer way is a component of its own beside the K of the training, and EMQ over all
    posts finds its part; where that is none, odds are the probabilities over the prior.
    """
    odds = probabilities / prior
    steps = np.arange(PLAIN)
    mean = np.prod((SPREAD * prior[usual] + steps) / (SPREAD + steps))
    plain = probabilities[:, usual] ** PLAIN / mean
    start = np.append(prior, prior[usual]) / (1 + prior[usual])
    sure = HABIT_POSTS * np.append(prior, 0.0)
    both = np.column_stack([odds, plain])
    shares = emq(counts[None], both, sure[None], start)[0]
    part = shares[-1] / (shares[usual] + shares[-1])
    odds[:, usual] += part * (plain - odds[:, usual])
    return np.asarray(odds)


def _leap(start: Floats, first: Floats, second: Floats) -> Floats:
    """Return where the way from start by first to second leads; second where that is no share."""
    way = first - start
    bend = second - first - way
    size = np.sqrt((way**2).sum(axis=1) / np.maximum((bend**2).sum(axis=1), TINY))[:, None]
    size = np.clip(size, 1.0, 64.0)
    far = start + 2 * size * way + size**2 * bend
    inside = (far > 0).all(axis=1, keepdims=True)
    return np.asarray(np.where(inside, far, second))


def weighted(counts: Floats, sure: Floats, draws: int, chance: np.random.Generator) -> Floats:
    """Return random weights of the cells and of the sure posts, float64 [draws, C + K].

    Each post weighs Gamma(1), so that a cell of c posts weighs Gamma(c).
    """
    shape = np.concatenate([counts, sure])
    return chance.standard_gamma(shape, size=(draws, len(shape)))


def adjusted_count(counts: Floats, confusion: Floats) -> Floats:
    """Return the shares [K] that best explain how often each label was given.

    `counts` [K] are posts by the label that the model gave; `confusion` [K, K] is a held-out
    count of texts by true label (row) and given label (column). Least squares over shares that
    are at least 0 and sum to 1 (adjusted count, Forman 2008, for more than two labels). Where
    nothing was counted, equal shares.
    """
    from scipy.optimize import nnls

    counts = np.asarray(counts, dtype=np.float64)
    if not counts.sum():
        return np.full(len(counts), 1 / len(counts))
    heavy = 1e3
    left = np.vstack([rates(confusion).T, np.full(len(counts), heavy)])
    shares, _ = nnls(left, np.append(counts / counts.sum(), heavy))
    return np.asarray(shares / shares.sum())


def rates(confusion: Floats) -> Floats:
    """Return how often each true label (row) is given each label (column), rows summing to 1.

    Half a text is added to each cell: a label that was never tested is not thought perfect.
    """
    more = np.asarray(confusion, dtype=np.float64) + 0.5
    return np.asarray(more / more.sum(axis=1, keepdims=True))


def error_slopes(confusion: Floats, draws: int, chance: np.random.Generator) -> Floats:
    """Return how the classifier's unsure error rates move shares, float64 [draws, K, K].

    Rates are drawn as the held-out count leaves them open (Dirichlet rows); a slope times the
    shares is, to first order, what an adjusted count would have been off by under those rates.
    """
    mean = rates(confusion)
    gammas = chance.standard_gamma(np.asarray(confusion) + 0.5, size=(draws, *mean.shape))
    drawn = gammas / gammas.sum(axis=2, keepdims=True)
    inverse = np.linalg.pinv(mean.T, rcond=1e-2)
    return np.asarray(-inverse @ (drawn - mean).transpose(0, 2, 1))
