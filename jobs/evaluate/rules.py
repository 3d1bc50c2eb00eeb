"""Rules without learning that judgements are measured against: lists of words, the commonest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.judgements import Judged, certain, constant
from jobs.evaluate.labelled import Labelled
from nlp.judgements.lists import RULES, hostilities


def majority(data: Labelled) -> Judged:
    """Return the commonest label always."""
    commonest = Counter(data.gold).most_common(1)[0][0]
    return constant(len(data.texts), len(data.groups), commonest)


def lists(data: Labelled) -> Judged:
    """Return the label that lists of words say; the last group where the data know no such one."""
    place = {label: number for number, group in enumerate(data.groups) for label in group}
    labels = RULES[data.task](data.texts)
    return certain([place.get(label, len(data.groups) - 1) for label in labels], len(data.groups))


def word_list_scores(texts: Sequence[str]) -> NDArray[np.float64]:
    """Return 1 for texts that hold an insult or a profanity, else 0."""
    return np.array([float(label != "civil") for label in hostilities(texts)])
