"""Tunes the reader's layers to one task: where a head on them is not enough and labels are many.

A head bends what the reader sees; a thousand labels can change what it sees. The layers start from
those in force, the task's head from the head in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.judgements import teach
from nlp.judgements.features import Features, Floats, Weights, logs
from nlp.judgements.head import Head
from nlp.judgements.labels import Targets, loss
from nlp.judgements.lean import lean
from nlp.judgements.reader import Reader, make
from nlp.judgements.reading import parts, reading
from nlp.judgements.tune import Lessons, Log, Plan, Tuned, tune

Rows = NDArray[np.int64]

# From so many labels on, tuning the layers gains more than it risks.
LEAST = 3_000
# Few texts are read more often, up to MOST times: a step more or less matters there.
READINGS = 4_000
PASSES = 4
MOST = 8
BATCH = 16
# A rate at which the last step alone would be off; the mean of the last ones is not.
RATE = 1.6e-4
SETTLED = 0.6
# One text in so many is held out, to calibrate with.
HELD = 10
TUNINGS = 2


@dataclass(frozen=True, slots=True)
class Deepened:
    """The tuned transformer, a reader by it, and the head that goes with it."""

    model: Any
    reader: Reader
    head: Head


def deepen(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    targets: Targets,
    start: Head,
    *,
    seed: int = 0,
    log: Log = lambda line: None,
) -> Deepened:
    """Return layers and a head taught by labelled plain texts.

    They are the mean of several tunings, each in another order (model soups, Wortsman et al. 2022).
    """
    learn, rest = next(teach.folds(targets, HELD, seed))
    task, first = start.card.task, start.weights
    lessons = _lessons([reading(texts[row]) for row in learn], targets[learn], task)
    begun = {task: (first.vectors, first.bias)}
    tunings = []
    for number in range(TUNINGS):
        log(f"tuning {number + 1} of {TUNINGS}")
        plan = Plan(rate=RATE, batch=BATCH, settled=SETTLED, seed=TUNINGS * seed + number)
        tunings.append(tune(deepcopy(model), tokenizer, lessons, plan, log, start=begun))
    tuned = _mean(tunings)
    # The reader may halve the precision of its own.
    reader = make(deepcopy(tuned.model), tokenizer)
    held = reader.features([texts[row] for row in rest])
    return Deepened(tuned.model, reader, _calibrated(tuned.heads[task], start, held, targets, rest))


def _mean(tunings: Sequence[Tuned]) -> Tuned:
    """Return the mean of the weights, which all began alike."""
    model, states = tunings[0].model, [one.model.state_dict() for one in tunings]
    model.load_state_dict(
        {
            name: sum(state[name] for state in states) / len(states)
            if held.is_floating_point()
            else held
            for name, held in states[0].items()
        }
    )
    heads = {
        task: (
            np.mean([one.heads[task][0] for one in tunings], axis=0),
            np.mean([one.heads[task][1] for one in tunings], axis=0),
        )
        for task in tunings[0].heads
    }
    return Tuned(model, heads)


def _calibrated(
    net: tuple[Floats, Floats], start: Head, held: Features, targets: Targets, rest: Rows
) -> Head:
    """Return the head of a net, as sure as it was right of the texts that were held out."""
    blank = Weights(
        net[0], np.zeros_like(start.weights.cues), np.zeros_like(start.weights.pieces), net[1]
    )
    known = targets[rest]
    told = logs(Head(start.card, blank).probabilities(held))
    heat = teach.temperature(told, known)
    said = teach.cool(told, heat)
    card = replace(
        start.card,
        prior=teach.prior(targets, start.card),
        about={
            "held_out": {
                "texts": len(rest),
                "log_loss": round(loss(said, known), 4),
                "temperature": round(heat, 3),
            }
        },
    )
    return Head(replace(card, lean=lean(said, known, card)), teach.cooled(blank, heat))


def _lessons(readings: Sequence[str], targets: Targets, task: str) -> Lessons:
    """Return the parts of the texts; each text is read equally often, in other parts each time.

    What is read most is the start, which says most of what a text is about.
    """
    passes = int(np.clip(READINGS // max(1, len(readings)), PASSES, MOST))
    cut: list[tuple[int, str, int]] = []
    for row, text in enumerate(readings):
        for place, part in enumerate(own := parts(text)[: 1 + passes // 2]):
            cut.append((row, part, 1 if place else 1 + passes - len(own)))
    owner = [row for row, _, _ in cut]
    return Lessons(
        [part for _, part, _ in cut],
        {task: targets[owner]},
        {task: np.ones(len(cut), dtype=np.float32)},
        np.array([often for _, _, often in cut], dtype=np.int64),
    )
