"""How far told shares of labels are off where they are other than where the judge has learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.judgements import Judged
from service.insights.mood import Quantifier, prevalences

SAMPLES = 200
TEXTS = 300


def errors(found: Judged, gold: Sequence[int], seed: int) -> tuple[float, float]:
    """Return the mean absolute error of shares as mood tells them, and as counting would, 0 to 1.

    It is the mean over labels, and over SAMPLES samples of TEXTS texts, drawn with replacement so
    that the labels that occur have shares of an even Dirichlet each time (the artificial prevalence
    protocol, Forman 2008).
    """
    chance = np.random.default_rng(seed)
    true = np.asarray(gold)
    labels = found.probabilities.shape[1]
    texts = [np.flatnonzero(true == label) for label in np.unique(true)]
    quantifier = Quantifier(np.array(found.prior or (1 / labels,) * labels), draws=1)
    gaps = np.zeros(2)
    for _ in range(SAMPLES):
        counts = chance.multinomial(TEXTS, chance.dirichlet(np.ones(len(texts))))
        rows = np.concatenate([chance.choice(*some) for some in zip(texts, counts, strict=True)])
        told = prevalences(
            np.zeros(TEXTS, dtype=np.int64), 1, found.probabilities[rows], quantifier
        )
        shares = _counted(true[rows], labels)
        gaps += [
            np.abs(told[0].shares - shares).mean(),
            np.abs(_counted(found.chosen[rows], labels) - shares).mean(),
        ]
    estimated, counted = gaps / SAMPLES
    return float(estimated), float(counted)


def _counted(chosen: NDArray[np.int64], labels: int) -> NDArray[np.float64]:
    return np.bincount(chosen, minlength=labels) / len(chosen)
