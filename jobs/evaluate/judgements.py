"""What the measurements of judgements share: texts judged as posts are, and figures of choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.labelled import Group, Labelled
from jobs.evaluate.result import Figures
from nlp.judgements.features import Floats
from nlp.judgements.labels import TASKS

BINS = 15
# Nothing can be ranked where every text is of one side.
RANKS = ("roc_auc", "average_precision")
FEATURE: Group = ("feature_request",)


@dataclass(frozen=True, slots=True)
class Judged:
    """Probabilities over the labels that the data tell apart [n, groups], and the one chosen.

    `prior` is how often they were true where the judge has learned; empty: nobody knows.
    """

    probabilities: Floats
    chosen: NDArray[np.int64]
    prior: tuple[float, ...] = ()


def grouped(
    probabilities: Floats, lean: Sequence[float], data: Labelled, prior: Sequence[float] = ()
) -> Judged:
    """Return probabilities of all labels as a choice among those that the data tell apart.

    `prior` is the card's, of all labels.
    """
    labels = TASKS[data.task]
    leaning = probabilities * np.array(lean, dtype=np.float32)
    columns = [[labels.index(label) for label in group] for group in data.groups]
    shares = np.stack([probabilities[:, held].sum(axis=1) for held in columns], axis=1)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)
    chosen = np.stack([leaning[:, held].sum(axis=1) for held in columns], axis=1).argmax(axis=1)
    masses = [sum(prior[column] for column in held) for held in columns] if prior else []
    return Judged(shares, chosen, tuple(mass / sum(masses) for mass in masses))


def figures(
    found: Judged, gold: Sequence[int], names: Sequence[str], groups: Sequence[Group]
) -> Figures:
    """Return the figures of `names`; those of one class are of the second group.

    Means over labels are over those that occur; ranks are left out where no text, or every one,
    is of the second group.
    """
    from sklearn import metrics

    true = np.asarray(gold)
    there = np.unique(true)
    feature = next((n for n, group in enumerate(groups) if group == FEATURE), -1)
    hit: dict[str, Callable[[], float]] = {
        "accuracy": lambda: metrics.accuracy_score(true, found.chosen),
        "macro_f1": lambda: metrics.f1_score(
            true, found.chosen, labels=there, average="macro", zero_division=0
        ),
        "macro_recall": lambda: metrics.recall_score(
            true, found.chosen, labels=there, average="macro", zero_division=0
        ),
        "f1": lambda: metrics.f1_score(true == 1, found.chosen == 1, zero_division=0),
        "precision": lambda: metrics.precision_score(true == 1, found.chosen == 1, zero_division=0),
        "recall": lambda: metrics.recall_score(true == 1, found.chosen == 1, zero_division=0),
        "roc_auc": lambda: metrics.roc_auc_score(true == 1, found.probabilities[:, 1]),
        "average_precision": lambda: metrics.average_precision_score(
            true == 1, found.probabilities[:, 1]
        ),
        "feature_f1": lambda: metrics.f1_score(
            true == feature, found.chosen == feature, zero_division=0
        ),
        "ece": lambda: calibration_error(found, true),
    }
    sided = 0 < (true == 1).mean() < 1
    return {name: float(hit[name]()) for name in names if sided or name not in RANKS}


def calibration_error(found: Judged, gold: NDArray[np.int64]) -> float:
    """Return the expected calibration error of what was chosen, over BINS equal bins.

    After Naeini, Cooper & Hauskrecht 2015, Obtaining Well Calibrated Probabilities.
    """
    sure = found.probabilities[np.arange(len(gold)), found.chosen]
    right = found.chosen == gold
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [
        abs(right[place == number].mean() - sure[place == number].mean()) * (place == number).mean()
        for number in range(BINS)
        if (place == number).any()
    ]
    return float(sum(gaps))


def constant(count: int, groups: int, label: int) -> Judged:
    """Return the choice of one label always, sure of nothing."""
    shares = np.full((count, groups), 1 / groups, dtype=np.float32)
    return Judged(shares, np.full(count, label, dtype=np.int64))


def certain(chosen: Sequence[int], groups: int) -> Judged:
    """Return choices of a rule, which is always sure."""
    rows = np.asarray(chosen, dtype=np.int64)
    return Judged(np.eye(groups, dtype=np.float32)[rows], rows)
