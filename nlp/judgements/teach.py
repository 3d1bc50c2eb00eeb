"""Teaches a head: from labels of one's own, beginning with what the packaged head knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.bend import bend
from nlp.judgements.features import Features, Floats, Weights, logs, softmax
from nlp.judgements.fit import Ridge, fit
from nlp.judgements.head import Head, HeadCard
from nlp.judgements.labels import TRUE, UNASKED, Targets, loss
from nlp.judgements.lean import lean

FOLDS = 5
# A temperature of e must be worth so much log loss in all.
CAUTION = 5.0
# Each is tried by cross-validation: from bending the head to making it anew.
STRENGTHS = (0.1, 1.0, 10.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a head is taught."""

    ridge: Ridge = field(default_factory=Ridge)
    folds: int = FOLDS
    seed: int = 0


def teach(features: Features, targets: Targets, start: Head, plan: Plan) -> Head:
    """Return `start` taught by labelled texts; `features` hold one row for each.

    How far it may go from where it starts is chosen by cross-validation, which also yields the
    temperature of the probabilities and the lean of the choice.
    """
    tried = {strength: across(features, targets, start, plan, strength) for strength in STRENGTHS}
    heats = {strength: temperature(scores, targets) for strength, scores in tried.items()}
    best = min(tried, key=lambda strength: loss(cool(tried[strength], heats[strength]), targets))
    heat, said = heats[best], cool(tried[best], heats[best])
    whole = fit(features, targets, start.weights, scaled(plan.ridge, best))
    card = replace(
        start.card,
        prior=prior(targets, start.card),
        lean=lean(said, targets, replace(start.card, prior=prior(targets, start.card))),
        about={
            "held_out": {
                "folds": plan.folds,
                "log_loss": round(loss(said, targets), 4),
                "log_loss_before": round(loss(softmax(start.weights.scores(features)), targets), 4),
                "strength": best,
                "temperature": round(heat, 3),
            }
        },
    )
    return Head(card, cooled(whole, heat))


def bent(features: Features, targets: Targets, start: Head, usual: tuple[float, ...] = ()) -> Head:
    """Return `start` bent towards labelled texts; `features` are a wide reader's of them.

    What is held out is each text by itself. Texts in which nothing is said teach nothing. Prior
    and lean are those of the labelled texts, unless `usual` says how common labels are.
    """
    said = np.unique(features.owner)
    if not len(said):
        return start
    features, targets = features.take(said), targets[said]
    assert features.sight is not None
    first = Head(start.card, start.weights)
    before = first.probabilities(features)
    card = replace(start.card, prior=usual or prior(targets, start.card))
    known, common = logs(before), np.array(card.prior, dtype=np.float32)
    made, held, choice = bend(features.sight, targets, known, common)
    others = np.exp(held)
    told = {
        "texts": len(targets),
        "log_loss": round(loss(others, targets), 4),
        "log_loss_before": round(loss(before, targets), 4),
        "view": choice.view,
        "trust": choice.trust,
        "ridge": choice.ridge,
        "step": round(choice.step, 3),
    }
    card = replace(card, lean=lean(others, targets, card), about={"held_out": told})
    return Head(card, start.weights, made)


def across(
    features: Features, targets: Targets, start: Head, plan: Plan, strength: float
) -> Floats:
    """Return scores of each text by a head that was not taught by it, float32 [n, labels]."""
    found = start.weights.scores(features)
    for learn, rest in folds(targets, plan.folds, plan.seed):
        weights = fit(
            features.take(learn), targets[learn], start.weights, scaled(plan.ridge, strength)
        )
        found[rest] = weights.scores(features.take(rest))
    return found


def folds(
    targets: Targets, count: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield rows to learn from and the rest, each label spread evenly over the folds."""
    random = np.random.default_rng(seed)
    kind = (targets == TRUE) @ (1 << np.arange(targets.shape[1], dtype=np.int64))
    place = np.zeros(len(targets), dtype=np.int64)
    for value in np.unique(kind):
        rows = random.permutation(np.flatnonzero(kind == value))
        place[rows] = (np.arange(len(rows)) + random.integers(count)) % count
    for fold in range(count):
        yield np.flatnonzero(place != fold), np.flatnonzero(place == fold)


def temperature(scores: Floats, targets: Targets) -> float:
    """Return what to divide scores by so that probabilities are as often right as they say.

    After Guo et al. 2017, On Calibration of Modern Neural Networks; held near one where few texts
    speak for anything else, since a few easy ones ask for boundless sureness.
    """
    from scipy.optimize import minimize_scalar

    count = max(1, int((targets == TRUE).any(axis=1).sum()))
    found = minimize_scalar(
        lambda heat: loss(cool(scores, float(np.exp(heat))), targets) + CAUTION * heat**2 / count,
        bounds=(-1.5, 1.5),
        method="bounded",
    )
    return float(np.exp(found.x))


def prior(targets: Targets, card: HeadCard) -> tuple[float, ...]:
    """Return how often each label is true; coarse labels are shared as the card's prior is.

    Labels that nobody was asked about keep the share that they have there.
    """
    rows = targets[(targets == TRUE).any(axis=1)]
    usual, asked = np.array(card.prior), (rows != UNASKED).any(axis=0)
    mass = (rows == TRUE) * usual
    mass = mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-12)
    shares = (mass.sum(axis=0) + 0.5) * asked
    shares = np.where(asked, shares * usual[asked].sum() / max(shares.sum(), 1e-12), usual)
    return tuple(round(float(share), 6) for share in shares)


def scaled(ridge: Ridge, strength: float) -> Ridge:
    """Return a ridge so many times as strong; the bias stays free."""
    return Ridge(
        ridge.vectors * strength, ridge.cues * strength, ridge.pieces * strength, ridge.bias
    )


def cool(scores: Floats, heat: float) -> Floats:
    """Return probabilities by scores that are so many times too sure."""
    return softmax((scores / heat).astype(np.float32))


def cooled(weights: Weights, heat: float) -> Weights:
    """Return weights whose scores are divided by so much."""
    by = np.float32(heat)
    return Weights(weights.vectors / by, weights.cues / by, weights.pieces / by, weights.bias / by)
