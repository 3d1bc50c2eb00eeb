"""Lays one head over two: a tuned one and one on word pieces, as far as each can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.cues import cues
from nlp.judgements.features import Features, Floats, Weights
from nlp.judgements.fit import Ridge, fit, zeros
from nlp.judgements.labels import Targets
from nlp.judgements.pieces import WIDTH, pieces

# For a head on word pieces and cues alone, and for what is laid over it and the tuned head.
ALONE = Ridge(cues=1.0, pieces=0.3, bias=1e-3)
MIX = Ridge(vectors=3.0, cues=10.0, bias=1e-3)
ROUNDS = 200

Net = tuple[Floats, Floats]


def alone(
    plain: Sequence[str],
    readings: Sequence[str],
    tokens: Sequence[Sequence[int]],
    targets: Targets,
    weights: NDArray[np.float32] | None = None,
) -> Weights:
    """Return a head on word pieces and cues, which needs no tuned vectors."""
    shown = cues(plain, readings)
    empty = np.zeros((len(plain), 0), dtype=np.float32)
    rows = np.arange(len(plain))
    features = Features(empty, shown, pieces(tokens), rows, len(plain))
    start = zeros(0, shown.shape[1], WIDTH, targets.shape[1])
    return fit(features, targets, start, ALONE, weights, rounds=ROUNDS)


def mixed(net: Net, words: Weights, features: Features, targets: Targets) -> Weights:
    """Return one head that weighs the tuned one, `words` and the cues.

    `features`, one row a text, must be of texts that neither was taught by: a tuned head is far
    surer of those that it was taught by.
    """
    tuned, bias = net
    labels = targets.shape[1]
    blind = replace(features, vectors=features.vectors[:, :0])
    both = np.hstack([features.vectors @ tuned + bias, words.scores(blind)])
    start = zeros(2 * labels, features.cues.shape[1], 0, labels)
    start.vectors[:labels] = np.eye(labels)
    shown = replace(features, vectors=both, pieces=_none(features.pieces))
    mix = fit(shown, targets, start, MIX, rounds=ROUNDS)
    upper, lower = mix.vectors[:labels], mix.vectors[labels:]
    return Weights(
        vectors=tuned @ upper,
        cues=words.cues @ lower + mix.cues,
        pieces=words.pieces @ lower,
        bias=bias @ upper + words.bias @ lower + mix.bias,
    )


def _none(held: Any) -> Any:
    return held[:, :0]
