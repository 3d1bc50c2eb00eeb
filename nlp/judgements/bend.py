"""Bends what a head says towards labelled texts that are alike: kernel ridge regression.

What the head does not yet explain of the labels (one minus its probability) is regressed on how
alike texts are. Leave-one-out predictions come with the solution (Rifkin & Lippert 2007, Notes on
Regularized Least Squares), so that how far the head is believed, how strongly to bend it and how
sure to be are chosen on texts that the answer has not seen. A head that is no use on these texts is
believed nothing; a few labels, which may look right by chance, must speak clearly to move it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.features import Floats, softmax
from nlp.judgements.kernel import (
    BY_MATTER,
    BY_WORDS,
    DENSE,
    SPARSE,
    Rows,
    Scale,
    Shares,
    Topics,
    grams,
    kernel,
    scale,
    topics,
)
from nlp.judgements.labels import TRUE, UNASKED, Targets, loss
from nlp.judgements.sight import Sight

Doubles = NDArray[np.float64]

VIEWS: Mapping[str, Shares] = {"words": BY_WORDS, "matter": BY_MATTER}
# How far the head is believed: 0 begins with how common labels are, 1 with what it says.
TRUSTS = (0.0, 0.25, 0.5, 1.0)
RIDGES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
STEPS = np.exp(np.linspace(-2.5, 2.5, 26))
# What it costs in log loss, over all texts, not to believe the head, and e times the usual step.
DISTRUST = 0.25
USUAL_STEP, UNUSUAL = 5.0, 0.25


@dataclass(frozen=True, slots=True)
class Bend:
    """Texts that were learned from and what each speaks for.

    `rows` are their scaled blocks, `view` names how much each of these says; `pull` [n, k] is what
    each text adds to the log-odds of the k labels `asked`; `trust` and `usual` [k], the log of how
    common labels are, say where it begins.
    """

    scale: Scale
    rows: Rows
    topics: Topics
    view: str
    pull: Floats
    asked: NDArray[np.int64]
    usual: Floats
    trust: float

    def scores(self, known: Floats, sight: Sight) -> Floats:
        """Return log-probabilities [n, labels], given those that the head says, of texts.

        Labels that nobody was asked about keep their probability.
        """
        seen = grams(self.scale.rows(sight), self.rows)
        shared = self.topics.of(seen["pieces"]) @ self.topics.rows.T
        near = kernel(seen, shared, VIEWS[self.view])
        start = _start(known, self.asked, self.usual, self.trust)
        return _among(known, self.asked, start + near @ self.pull)

    def fits(self, vectors: int, cues: int, pieces: int, labels: int) -> bool:
        """Return whether its arrays fit each other, and features and labels of such widths."""
        texts, axes = len(self.pull), self.topics.axes.shape
        wide = {name: len(self.scale.means[name]) for name in DENSE}
        return bool(
            wide["read"] == wide["opening"] == vectors
            and wide["stored"] == wide["stored_opening"]
            and wide["cues"] == len(self.scale.spread) == cues
            and all(self.rows[name].shape == (texts, wide[name]) for name in DENSE)
            and all(self.rows[name].shape == (texts, pieces) for name in SPARSE)
            and all(self.scale.rarity[name].shape == (pieces,) for name in SPARSE)
            and self.topics.rows.shape == axes == (texts, axes[-1])
            and self.topics.centre.shape == (texts,)
            and self.pull.shape == (texts, len(self.asked))
            and self.usual.shape == self.asked.shape
            and set(self.asked.tolist()) <= set(range(labels))
            and len(set(self.asked.tolist())) == len(self.asked) > 0
            and all(np.isfinite(table).all() for table in tables(self).values())
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """How it was bent: by the mean log loss of texts left out, and what boldness costs."""

    cost: float
    loss: float
    view: str
    trust: float
    ridge: float
    step: float


def bend(
    sight: Sight, targets: Targets, known: Floats, prior: Floats
) -> tuple[Bend, Floats, Choice]:
    """Return the bend, log-probabilities of each text by all others, and how it was chosen.

    `known` [n, labels] are log-probabilities that the head says; `prior` [labels] how common labels
    are. Every text has a label.
    """
    asked = np.flatnonzero((targets != UNASKED).any(axis=0))
    measure = scale(sight)
    rows = measure.rows(sight)
    products = grams(rows, rows)
    found = topics(products["pieces"])
    usual = np.log(np.maximum(prior[asked], 1e-9)).astype(np.float32)
    start, labels = (_logs(known, asked), usual), targets[:, asked]
    shared = found.rows @ found.rows.T
    tried = [
        _choose(name, kernel(products, shared, shares), labels, *start)
        for name, shares in VIEWS.items()
    ]
    best, pull, held = min(tried, key=lambda one: one[0].cost)
    made = Bend(measure, rows, found, best.view, pull, asked, usual, best.trust)
    return made, _among(known, asked, held), best


def _choose(
    view: str, alike: Floats, targets: Targets, known: Floats, usual: Floats
) -> tuple[Choice, Floats, Floats]:
    """Return the best choice, the pull of each text, and scores of each by all others."""
    values, axes = np.linalg.eigh(alike.astype(np.float64))
    squares = axes**2
    tried: list[tuple[Choice, Floats, Floats]] = []
    for trust, ridge in product(TRUSTS, RIDGES):
        start = (trust * known + (1 - trust) * usual).astype(np.float32)
        rest = _unexplained(start, targets)
        share = 1 / (np.maximum(values, 0) + ridge)
        pull = axes @ (share[:, None] * (axes.T @ rest))
        own = squares @ share
        away = rest - pull / own[:, None]
        losses = np.array(
            [loss(softmax((start + step * away).astype(np.float32)), targets) for step in STEPS]
        )
        bold = DISTRUST * (1 - trust) + UNUSUAL * np.log(STEPS / USUAL_STEP) ** 2
        place = int(np.argmin(costs := losses + bold / len(rest)))
        step = float(STEPS[place])
        choice = Choice(float(costs[place]), float(losses[place]), view, trust, ridge, step)
        held = (start + step * away).astype(np.float32)
        tried.append((choice, (step * pull).astype(np.float32), held))
    return min(tried, key=lambda one: one[0].cost)


def _unexplained(start: Floats, targets: Targets) -> Doubles:
    """Return what is true minus what is said; a coarse label is shared as the head shares it."""
    said = softmax(start).astype(np.float64)
    true, asked = targets == TRUE, targets != UNASKED
    share = np.where(true, said, 0)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
    among = np.where(asked, said, 0)
    among /= np.maximum(among.sum(axis=1, keepdims=True), 1e-12)
    rest: Doubles = share - among
    return rest


def _logs(known: Floats, asked: NDArray[np.int64]) -> Floats:
    """Return the log-probabilities among the labels that were asked about."""
    some = known[:, asked]
    top = some.max(axis=1, keepdims=True)
    whole = top + np.log(np.exp(some - top).sum(axis=1, keepdims=True))
    found: Floats = np.maximum(some - whole, np.log(1e-4)).astype(np.float32)
    return found


def _start(known: Floats, asked: NDArray[np.int64], usual: Floats, trust: float) -> Floats:
    return (trust * _logs(known, asked) + (1 - trust) * usual).astype(np.float32)


def _among(known: Floats, asked: NDArray[np.int64], scores: Floats) -> Floats:
    """Return log-probabilities where those asked about share what they had as the scores say."""
    found = known.copy()
    mass = np.exp(known[:, asked]).sum(axis=1, keepdims=True)
    found[:, asked] = np.log(np.maximum(softmax(scores) * mass, 1e-12))
    return found


def tables(made: Bend) -> dict[str, NDArray[Any]]:
    """Return the arrays of a bend by name, in half precision where that is enough."""
    found: dict[str, NDArray[Any]] = {
        "spread": made.scale.spread,
        "centre": made.topics.centre,
        "axes": made.topics.axes,
        "topics": made.topics.rows.astype(np.float16),
        "pull": made.pull,
        "asked": made.asked,
        "usual": made.usual,
        "trust": np.array(made.trust, dtype=np.float32),
        "view": np.array(list(VIEWS).index(made.view)),
    }
    for name in DENSE:
        found[f"mean_{name}"] = made.scale.means[name]
        found[f"rows_{name}"] = made.rows[name].astype(np.float16)
    for name in SPARSE:
        found[f"rarity_{name}"] = made.scale.rarity[name].astype(np.float16)
        found[f"rows_{name}_data"] = made.rows[name].data.astype(np.float16)
        found[f"rows_{name}_indices"] = made.rows[name].indices.astype(np.int32)
        found[f"rows_{name}_indptr"] = made.rows[name].indptr.astype(np.int32)
    return found


def restored(saved: Mapping[str, NDArray[Any]]) -> Bend:
    """Return the bend of such arrays; raise KeyError or ValueError where they are none."""
    from scipy.sparse import csr_array

    def table(name: str, axes: int) -> NDArray[Any]:
        if saved[name].ndim != axes:
            raise ValueError(f"{name} has {saved[name].ndim} axes and not {axes}")
        return saved[name]

    def floats(name: str, axes: int = 1) -> Floats:
        found: Floats = table(name, axes).astype(np.float32)
        return found

    rarity = {name: floats(f"rarity_{name}") for name in SPARSE}
    rows: dict[str, Any] = {name: floats(f"rows_{name}", 2) for name in DENSE}
    pull = floats("pull", 2)
    for name in SPARSE:
        held = f"rows_{name}"
        cells = (floats(f"{held}_data"), table(f"{held}_indices", 1), table(f"{held}_indptr", 1))
        rows[name] = csr_array(cells, shape=(len(pull), len(rarity[name])))
        rows[name].check_format(full_check=True)
    means = {name: floats(f"mean_{name}") for name in DENSE}
    seen = Topics(floats("centre"), floats("axes", 2), floats("topics", 2))
    measure = Scale(means, floats("spread"), rarity)
    asked, trust = table("asked", 1).astype(np.int64), float(saved["trust"].item())
    view = dict(enumerate(VIEWS))[int(saved["view"].item())]
    return Bend(measure, rows, seen, view, pull, asked, floats("usual"), trust)
