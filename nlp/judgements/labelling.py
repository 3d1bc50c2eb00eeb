"""How the labels of another maker's model become ours, and its logits probabilities of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.errors import UnknownModel
from nlp.judgements.features import Floats, softmax
from nlp.judgements.labels import TASKS
from nlp.judgements.naming import DROPPED, REST, resolve


@dataclass(frozen=True, slots=True)
class Labelling:
    """How a model's labels become ours: `columns` has the column of each, None where dropped.

    `many` is a model that says yes or no to each of its labels by itself. `rest` is the column of
    the label that such a model does not have and that is likely where all others are not.
    """

    labels: tuple[str, ...]
    columns: tuple[int | None, ...]
    dropped: tuple[str, ...]
    many: bool
    rest: int | None

    def merged(self, logits: Floats) -> Floats:
        """Return probabilities of our labels, float32 [n, K], of a model's logits.

        Labels that mean the same of ours are summed, or of a model that chooses many, the likeliest
        counts, since "toxic" and "severely toxic" are true together. Rows sum to one, or to less:
        what went to dropped labels, or what none of many labels took, is doubt.
        """
        found = np.zeros((len(logits), len(self.labels)), dtype=np.float64)
        own = (_sigmoid if self.many else softmax)(logits)
        for number, column in enumerate(self.columns):
            if column is not None:
                join = np.maximum if self.many else np.add
                found[:, column] = join(found[:, column], own[:, number])
        return (self._shared(found) if self.many else found).astype(np.float32)

    def _shared(self, found: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows of independent chances as rows that sum to at most one."""
        total = np.maximum(found.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        if self.rest is None:
            scaled: NDArray[np.float64] = found / np.maximum(total, 1.0)
            return scaled
        likeliest = found.max(axis=1, keepdims=True)
        shared: NDArray[np.float64] = found * (likeliest / total)
        shared[:, self.rest] = 1.0 - likeliest[:, 0]
        return shared


def labelling_of(
    task: str, name: str, config: Mapping[str, Any], given: Mapping[str, str]
) -> Labelling:
    """Return how the labels in a model's config.json become ours; raise UnknownModel.

    Which models choose many labels is read as the pipelines of transformers read it.
    """
    kind = config.get("problem_type")
    theirs = _theirs(name, config)
    if kind == "regression":
        raise UnknownModel(f"{name!r} gives a number and no labels: use a classifier")
    many = kind == "multi_label_classification" or len(theirs) == 1
    meant = resolve(task, name, theirs, given)
    held = {ours for ours in meant if ours != DROPPED}
    rest = REST[task] if many and REST[task] not in held else None
    labels = _in_order(task, name, held | ({rest} if rest else set()))
    columns = tuple(None if ours == DROPPED else labels.index(ours) for ours in meant)
    dropped = tuple(label for label, ours in zip(theirs, meant, strict=True) if ours == DROPPED)
    return Labelling(labels, columns, dropped, many, labels.index(rest) if rest else None)


def _theirs(name: str, config: Mapping[str, Any]) -> list[str]:
    """Return the model's labels in their order: `id2label`, or as many as `num_labels` says."""
    count, names = config.get("num_labels", 2), config.get("id2label")
    if not names:
        if type(count) is not int or count < 1:
            raise UnknownModel(_odd(name, f"num_labels is {count!r:.40} and no count"))
        return [f"LABEL_{number}" for number in range(count)]
    if not isinstance(names, dict) or set(map(str, names)) != set(map(str, range(len(names)))):
        raise UnknownModel(_odd(name, 'id2label does not number labels as {"0": ..., "1": ...}'))
    return [str(names[key]) for key in sorted(names, key=int)]


def _odd(name: str, reason: str) -> str:
    return f"in the config.json of {name!r} {reason}: mend it there, or use another model"


def _in_order(task: str, name: str, held: set[str]) -> tuple[str, ...]:
    labels = tuple(label for label in TASKS[task] if label in held)
    if len(labels) < 2:
        raise UnknownModel(
            f"{name!r} tells nothing apart: of the labels of {task} it has {', '.join(labels)}"
        )
    return labels


def _sigmoid(logits: Floats) -> Floats:
    found: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return found
