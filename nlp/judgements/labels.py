"""What is judged, and the labels of each judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

TASKS: dict[str, tuple[str, ...]] = {
    "sentiment": ("negative", "neutral", "positive"),
    "emotion": (
        "anger",
        "joy",
        "optimism",
        "sadness",
        "gratitude",
        "frustration",
        "confusion",
        "none",
    ),
    "hostility": ("civil", "hostile", "personal"),
    "intent": (
        "question",
        "answer",
        "feature_request",
        "bug_report",
        "praise",
        "complaint",
        "announcement",
        "buying_signal",
        "other",
    ),
}

# Judged too, by other means; its labels are codes of ISO 639-1.
LANGUAGE = "language"

# Of each label of an example: it may be true, it is not true, nobody asked.
TRUE, FALSE, UNASKED = 1, 0, -1

Targets = NDArray[np.int8]


def targets(
    task_labels: Sequence[str],
    given: Sequence[Sequence[str] | None],
    asked: Sequence[Sequence[str] | None] | None = None,
) -> Targets:
    """Return what is known of each label, int8 [n, labels].

    `given` are the labels that may be true: more than one where a data set is coarser than ours
    (an offensive tweet is hostile or personal). `asked` are those that its annotators chose from,
    left out: all. None in `given` is a text without a label.
    """
    rows = np.full((len(given), len(task_labels)), UNASKED, dtype=np.int8)
    place = {label: column for column, label in enumerate(task_labels)}
    for row, true in enumerate(given):
        if true is None:
            continue
        choice = (asked[row] if asked else None) or task_labels
        rows[row, [place[label] for label in choice]] = FALSE
        rows[row, [place[label] for label in true]] = TRUE
    return rows


def known(rows: Mapping[str, Targets], task: str) -> NDArray[np.bool_]:
    """Return which texts have a label of a task, bool [n]."""
    held: NDArray[np.bool_] = (rows[task] == TRUE).any(axis=1)
    return held


def loss(probabilities: NDArray[np.float32], targets: Targets) -> float:
    """Return the mean log loss of what was asked about, of texts with a label."""
    known = (targets == TRUE).any(axis=1)
    held, rows = probabilities[known], targets[known]
    among = np.where(rows != UNASKED, held, 0).sum(axis=1)
    right = np.where(rows == TRUE, held, 0).sum(axis=1)
    return float(-np.log(np.maximum(right, 1e-9) / np.maximum(among, 1e-9)).mean())
