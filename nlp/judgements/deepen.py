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

from nlp.judgements import teach
from nlp.judgements.features import softmax
from nlp.judgements.head import Head
from nlp.judgements.labels import Targets
from nlp.judgements.mix import alone, mixed
from nlp.judgements.reader import Reader, make
from nlp.judgements.reading import parts, reading
from nlp.judgements.tune import Lessons, Log, Plan, tune

# From so many labels on, tuning the layers gains more than it risks.
LEAST = 3_000
# Few texts are read more often, up to MOST times: a step more or less matters there.
READINGS = 4_000
PASSES = 4
MOST = 8
BATCH = 16
RATE = 8e-5
# One text in so many is held out, to weigh and to calibrate with.
HELD = 7


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
    """Return layers and a head taught by labelled plain texts; the model is changed in place."""
    plan = Plan(rate=RATE, batch=BATCH, seed=seed)
    learn, rest = next(teach.folds(targets, HELD, seed))
    task, first = start.card.task, start.weights
    readings = [reading(texts[row]) for row in learn]
    begun = {task: (first.vectors, first.bias)}
    lessons = _lessons(readings, targets[learn], task)
    tuned = tune(model, tokenizer, lessons, plan, log, start=begun)
    # The reader may halve the precision of its own.
    reader = make(deepcopy(tuned.model), tokenizer)
    words = alone([texts[row] for row in learn], readings, reader.tokens(readings), targets[learn])
    held, known = reader.features([texts[row] for row in rest]).mean(), targets[rest]
    net = tuned.heads[task]
    said = np.zeros(known.shape, dtype=np.float32)
    for some, others in teach.folds(known, teach.FOLDS, seed):
        part = mixed(net, words, held.take(some), known[some])
        said[others] = softmax(part.scores(held.take(others)))
    card = replace(
        start.card,
        prior=teach.prior(targets, start.card),
        about={"held_out": {"texts": len(rest), "log_loss": round(teach.loss(said, known), 4)}},
    )
    card = replace(card, lean=teach.lean(said, known, card))
    return Deepened(tuned.model, reader, Head(card, mixed(net, words, held, known)))


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
