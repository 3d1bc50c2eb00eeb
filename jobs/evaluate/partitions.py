"""How alike two partitions of the same messages are, in percent.

As the published evaluation of Kummerfeld et al. 2019 (https://aclanthology.org/P19-1374) has it:
https://github.com/jkkummerfeld/irc-disentanglement, tools/evaluation/conversation-eval.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence, Set
from math import log2

import numpy as np

Labels = Sequence[Hashable]


def variation(truth: Labels, found: Labels) -> float:
    """Return 100 (1 - VI / log2 n), the scaled variation of information; 100 for equal ones."""
    n = len(truth)
    if n < 2:
        return 100.0
    joint = Counter(zip(truth, found, strict=True))
    left, right = Counter(truth), Counter(found)
    # H(T|F) + H(F|T): every term is at least 0, so that equal partitions give exactly 100.
    bits = sum(
        count * (log2(left[a] / count) + log2(right[b] / count)) for (a, b), count in joint.items()
    )
    return 100.0 * (1.0 - bits / n / log2(n))


def one_to_one(truth: Labels, found: Labels) -> float:
    """Return the share of messages kept by the best one-to-one matching of conversations."""
    from scipy.optimize import linear_sum_assignment

    rows = {label: row for row, label in enumerate(dict.fromkeys(truth))}
    columns = {label: column for column, label in enumerate(dict.fromkeys(found))}
    table = np.zeros((len(rows), len(columns)))
    for (a, b), count in Counter(zip(truth, found, strict=True)).items():
        table[rows[a], columns[b]] = count
    return 100.0 * float(table[linear_sum_assignment(table, maximize=True)].sum()) / len(truth)


def exact(truth: Labels, found: Labels) -> tuple[float, float, float]:
    """Return precision, recall and F1 of whole conversations of more than one message."""
    return shared(_groups(truth), _groups(found))


def shared(truth: Set[Hashable], found: Set[Hashable]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of what was found, such as links, against what is true."""
    hits = len(truth & found)
    precision = 100.0 * hits / len(found) if found else 0.0
    recall = 100.0 * hits / len(truth) if truth else 0.0
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


def _groups(labels: Labels) -> set[frozenset[int]]:
    members: dict[Hashable, list[int]] = {}
    for position, label in enumerate(labels):
        members.setdefault(label, []).append(position)
    return {frozenset(group) for group in members.values() if len(group) > 1}
