"""Logistic regression that knows coarse labels and starts from what is known.

The loss of a text is minus the log of the probability that its label is among those that may be
true, given that it is among those that were asked about. Weights are drawn to those that one
starts from, not to zero: a few labels of one's own bend a head, many remake it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.features import Features, Weights
from nlp.judgements.labels import TRUE, UNASKED, Targets

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ridge:
    """How strongly each block is drawn to where it starts, against the summed loss of all texts.

    Rows of vectors are about twelve long, of cues three, of pieces one: what is long needs more.
    """

    vectors: float = 10.0
    cues: float = 10.0
    pieces: float = 0.05
    bias: float = 0.3


def fit(
    features: Features,
    targets: Targets,
    start: Weights,
    ridge: Ridge,
    weights: NDArray[np.float32] | None = None,
    *,
    rounds: int = 100,
) -> Weights:
    """Return weights that fit the labelled rows best, by L-BFGS from `start`.

    Rows without a label are left out. Only pieces that two texts share (one alone says nothing of
    others), and labels that somebody was asked about, are learned.
    """
    from scipy.optimize import minimize

    rows = np.flatnonzero((targets == TRUE).any(axis=1))
    if not len(rows):
        return start
    held, known = features.take(rows), targets[rows]
    labels = np.flatnonzero((known != UNASKED).any(axis=0))
    columns = np.flatnonzero(np.bincount(held.pieces.indices, minlength=1) > 1)
    first = _Parts(
        start.vectors[:, labels],
        start.cues[:, labels],
        start.pieces[np.ix_(columns, labels)],
        start.bias[labels],
    )
    mass = np.ones(len(rows)) if weights is None else weights[rows].astype(np.float64)
    loss = _loss(held, held.pieces[:, columns].tocsr(), known[:, labels], first, ridge, mass)
    found = minimize(loss, first.flat(), jac=True, method="L-BFGS-B", options={"maxiter": rounds})
    return _put(start, first.like(found.x), columns, labels)


def _loss(
    held: Features, pieces: Any, known: Targets, first: _Parts, ridge: Ridge, mass: Doubles
) -> Callable[[Doubles], tuple[float, Doubles]]:
    """Return the loss of all weights in a row, and its slope."""
    pull, origin = first.spread(ridge) / max(1, len(known)), first.flat()
    true, asked = known == TRUE, known != UNASKED
    share = mass / max(mass.sum(), 1e-12)
    # Once, not in every round: the weights are doubles.
    vectors, cues, pieces = (
        block.astype(np.float64) for block in (held.vectors, held.cues, pieces)
    )

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        parts = first.like(flat)
        scores = vectors @ parts.vectors + cues @ parts.cues
        scores = scores + pieces @ parts.pieces + parts.bias
        every, among_asked = _among(scores, asked)
        right, among_true = _among(scores, true)
        away = flat - origin
        slope = (among_asked - among_true) * share[:, None]
        steepness = _Parts(vectors.T @ slope, cues.T @ slope, pieces.T @ slope, slope.sum(0))
        value = float(((every - right) * share).sum() + 0.5 * (pull * away**2).sum())
        return value, steepness.flat() + pull * away

    return loss


def _put(
    start: Weights, best: _Parts, columns: NDArray[np.int64], labels: NDArray[np.int64]
) -> Weights:
    """Return `start` with what was learned in its place."""
    whole = Weights(start.vectors.copy(), start.cues.copy(), start.pieces.copy(), start.bias.copy())
    whole.vectors[:, labels] = best.vectors
    whole.cues[:, labels] = best.cues
    whole.pieces[np.ix_(columns, labels)] = best.pieces
    whole.bias[labels] = best.bias
    return whole


def zeros(dimensions: int, cues: int, pieces: int, labels: int) -> Weights:
    """Return weights that know nothing."""
    shapes = ((dimensions, labels), (cues, labels), (pieces, labels), (labels,))
    return Weights(*(np.zeros(shape, dtype=np.float32) for shape in shapes))


@dataclass(frozen=True, slots=True)
class _Parts:
    vectors: Any
    cues: Any
    pieces: Any
    bias: Any

    def flat(self) -> Doubles:
        blocks = (self.vectors, self.cues, self.pieces, self.bias)
        return np.concatenate([np.asarray(block, np.float64).ravel() for block in blocks])

    def like(self, flat: Doubles) -> _Parts:
        blocks, at = [], 0
        for block in (self.vectors, self.cues, self.pieces, self.bias):
            blocks.append(flat[at : at + block.size].reshape(block.shape))
            at += block.size
        return _Parts(*blocks)

    def spread(self, ridge: Ridge) -> Doubles:
        sizes = (self.vectors.size, self.cues.size, self.pieces.size, self.bias.size)
        return np.repeat([ridge.vectors, ridge.cues, ridge.pieces, ridge.bias], sizes)


def _among(scores: Doubles, chosen: NDArray[np.bool_]) -> tuple[Doubles, Doubles]:
    """Return the log of the sum over the chosen labels, and each one's share of it."""
    cut = np.where(chosen, scores, -np.inf)
    top = cut.max(axis=1, keepdims=True)
    raised = np.exp(cut - top)
    total = raised.sum(axis=1, keepdims=True)
    return (top + np.log(total)).ravel(), raised / total
