"""Where weights begin before any thread is learned from: what is known without data."""

from __future__ import annotations

import numpy as np

from nlp.heat.features import NAMES
from nlp.heat.model import TINY, Floats, HeatModel

# Weights that data may move. Open hostility is rare before a thread derails, so that threads cut
# there say little of it; it is heat all the same.
BEGUN = {"hostile": 0.25, "worst": 0.2, "insult": 0.15, "accuse": 0.1}
# Weights, and usual spreads, of what data without times, without newcomers and without anybody's
# past cannot teach.
BY_HAND = {
    "back_and_forth": (0.1, 0.7),
    "against_one": (0.15, 0.5),
    "haste": (0.15, 0.7),
    "newcomer": (0.05, 0.4),
    "past": (0.3, 0.3),
}
# Spreads are never taken to be less: where hardly anybody is hostile, one doubtful post is not
# far out.
LEAST_SPREAD = {"hostile": 0.12, "worst": 0.25}


def beginning(rows: Floats) -> HeatModel:
    """Return the model from which learning by rows of features begins; their usual is its usual."""
    spread = rows.std(axis=0)
    mean, scale = rows.mean(axis=0), np.where(spread > TINY, spread, 1.0)
    for name, least in LEAST_SPREAD.items():
        scale[NAMES.index(name)] = max(scale[NAMES.index(name)], least)
    weights = np.array([BEGUN.get(name, 0.0) for name in NAMES])
    for name, (weight, usual) in BY_HAND.items():
        place = NAMES.index(name)
        weights[place], scale[place], mean[place] = weight, usual, 0.0
    return HeatModel("beginning", NAMES, mean, scale, weights, 0.0)
