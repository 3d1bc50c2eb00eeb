"""Cards without a past, and labels drawn by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.head import HeadCard
from nlp.judgements.labels import TASKS, Targets, targets

Random = np.random.Generator


def card(task: str) -> HeadCard:
    labels = TASKS[task]
    even = (1 / len(labels),) * len(labels)
    return HeadCard(task, "ours", "v1", labels, even, (1.0,) * len(labels), "r1", {"seed": 3})


def numbered(task: str, numbers: NDArray[np.int64]) -> Targets:
    return targets(TASKS[task], [[TASKS[task][number]] for number in numbers])


def drawn(probabilities: NDArray[np.floating], random: Random) -> NDArray[np.int64]:
    edges = probabilities.cumsum(axis=1)
    edges[:, -1] = 1
    return (random.random((len(edges), 1)) > edges).sum(axis=1)
