"""How far told shares of labels are off where they are other than where the judge has learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.judgements import Judged
from jobs.evaluate.labelled import Group
from nlp.judgements.labels import TASKS
from service.insights.mood import Quantifier, prevalences
from service.mood import errors_of

SAMPLES = 200
TEXTS = 300


def confusion(task: str, judge: str, groups: Sequence[Group]) -> NDArray[np.float64] | None:
    """Return how a judge, told as `name@version`, erred on posts judged by hand, of these groups.

    float64 [groups, groups] in posts, by true (row) and given group. None where nobody knows, or
    where the data do not ask about the label that is commonest there.
    """
    name, _, version = judge.partition("@")
    counts = errors_of(task, name, version)
    if counts is None:
        return None
    labels = TASKS[task]
    usual = labels[int(counts.sum(axis=1).argmax())]
    columns = [[labels.index(label) for label in group] for group in groups]
    if not any(usual in group for group in groups):
        return None
    return np.array([[counts[np.ix_(row, column)].sum() for column in columns] for row in columns])


def errors(
    found: Judged,
    gold: Sequence[int],
    seed: int,
    known: NDArray[np.float64] | None = None,
) -> tuple[float, float]:
    """Return the mean absolute error of shares as mood tells them, and as counting would, 0 to 1.

    It is the mean over labels, and over SAMPLES samples of TEXTS texts, drawn with replacement so
    that the labels that occur have shares of an even Dirichlet each time (the artificial prevalence
    protocol, Forman 2008). `known` is what `confusion` returns of the judge.
    """
    chance = np.random.default_rng(seed)
    true = np.asarray(gold)
    labels = found.probabilities.shape[1]
    texts = [np.flatnonzero(true == label) for label in np.unique(true)]
    prior = np.array(found.prior or (1 / labels,) * labels)
    quantifier = Quantifier(prior, confusion=known, draws=1)
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
