"""Which label is named in doubt: weights of the labels, so that rare ones are named too."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.features import Floats
from nlp.judgements.head import HeadCard
from nlp.judgements.labels import TRUE, UNASKED, Targets

LEANS = np.exp(np.linspace(-1.6, 1.6, 17))


def lean(probabilities: Floats, targets: Targets, card: HeadCard) -> tuple[float, ...]:
    """Return weights of the labels by which one is chosen, so that rare ones are named too.

    Of sentiment, whose measure is macro recall (SemEval), they are one over the prior: with
    honest probabilities nothing recalls better (Menon & Williamson 2018 for two classes). Of the
    others they are found by ascent on the macro F1; of hostility only whether there is any is
    weighed. Labels that no text has keep their weight.
    """
    if card.task == "sentiment":
        shares = np.array(card.prior)
        there = (targets == TRUE).any(axis=0)
        weights = np.where(there, shares[there].max(initial=1e-9) / shares, 1.0)
        return tuple(round(float(weight), 4) for weight in weights)
    known = (targets == TRUE).any(axis=1)
    held, rows = probabilities[known], targets[known]
    best = np.ones(len(card.labels))
    if not len(held):
        return tuple(best.tolist())
    if card.task == "hostility":
        coarse = np.stack([rows[:, 0], rows[:, 1:].max(axis=1)], axis=1)
        shares = np.stack([held[:, 0], held[:, 1:].sum(axis=1)], axis=1)
        best[0] = _ascend(shares, coarse, [0])[0]
    else:
        best = _ascend(held, rows, np.flatnonzero((rows == TRUE).any(axis=0)).tolist())
    return tuple(round(float(weight), 4) for weight in best)


def _ascend(held: Floats, rows: Targets, columns: list[int]) -> NDArray[np.float64]:
    """Return the weights of the columns, tried one after the other, of the best macro F1."""
    groups, best = _Groups.of(held, rows), np.ones(rows.shape[1])
    top = groups.macro(best)
    for _, column in product(range(2), columns):
        for factor in LEANS:
            tried = best.copy()
            tried[column] = factor
            if (score := groups.macro(tried)) > top + 1e-4:
                best, top = tried, score
    return best


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups of labels that the data tell apart [g, labels], and which of them is true."""

    held: Floats
    asked: NDArray[np.bool_]
    groups: NDArray[np.bool_]
    actual: NDArray[np.int64]
    likely: Floats

    @classmethod
    def of(cls, held: Floats, rows: Targets) -> _Groups:
        true = rows == TRUE
        groups, actual = np.unique(true, axis=0, return_inverse=True)
        asked = rows != UNASKED
        likely = _sums(held, asked, groups)
        likely = likely / np.maximum(likely.sum(axis=1, keepdims=True), 1e-9)
        return cls(held, asked, groups, actual.ravel(), likely)

    def macro(self, weights: NDArray[np.float64]) -> float:
        """Return the mean F1 over groups: half as counted, half as the probabilities expect.

        The counts of a few texts are noisy, and the best of many noisy figures is too good; what
        is expected (Jansche 2007, A maximum expected utility framework for binary sequence
        labeling) does not depend on how they fell.
        """
        leaning = (self.held * weights).astype(np.float32)
        chosen = _sums(leaning, self.asked, self.groups).argmax(axis=1)
        scores = []
        for number in range(len(self.groups)):
            named, there = chosen == number, self.actual == number
            hits, expected = (named & there).sum(), self.likely[named, number].sum()
            scores += [
                2 * hits / max(1, named.sum() + there.sum()),
                2 * expected / max(1e-9, named.sum() + self.likely[:, number].sum()),
            ]
        return float(np.mean(scores))


def _sums(shares: Floats, asked: NDArray[np.bool_], groups: NDArray[np.bool_]) -> Floats:
    """Return what each group has of the labels that a text was asked about, [n, g]."""
    held = np.where(asked, shares, 0)
    found: Floats = np.stack([held[:, group].sum(axis=1) for group in groups], axis=1)
    return found
