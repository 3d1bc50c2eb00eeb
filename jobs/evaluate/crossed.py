"""What heads say of texts that each was not taught by: folds of labelled texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.judgements import Judged, grouped
from jobs.evaluate.labelled import Labelled
from jobs.evaluate.result import Options
from jobs.train.heads import Taught, distinct, many, taught
from nlp.judgements import layers, teach
from nlp.judgements.features import Features
from nlp.judgements.head import Head
from nlp.judgements.shelf import Shelved
from nlp.judgements.sight import widened

Rows = NDArray[np.int64]


def crossed(options: Options, start: Shelved, data: Labelled) -> Judged:
    """Return what heads say of texts that each was not taught by; equal texts lie in one fold."""
    shares = np.zeros((len(data.texts), len(data.groups)), dtype=np.float32)
    chosen = np.zeros(len(data.texts), dtype=np.int64)
    answer = _answers(options, start, data)
    for fold, (learn, rest) in enumerate(folds(data, options.folds, options.seed), 1):
        options.log(f"fold {fold} of {options.folds}: {len(learn):,} texts to learn from")
        found = answer(learn, rest)
        shares[rest], chosen[rest] = found.probabilities, found.chosen
    return Judged(shares, chosen, found.prior)


def folds(data: Labelled, count: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Yield rows to learn from, no text twice, and the rest; labels spread evenly."""
    first, owner = (np.array(rows) for rows in distinct(data.texts))
    for learn, rest in teach.folds(data.targets()[first], count, seed):
        yield first[learn], np.flatnonzero(np.isin(owner, rest))


def said(found: Taught, data: Labelled) -> Judged:
    """Return what a taught head says of labelled texts."""
    return _told(found.head, found.reader.features(data.texts), data)


def _told(head: Head, features: Features, data: Labelled) -> Judged:
    return grouped(head.probabilities(features), head.card.lean, data, head.card.prior)


def _answers(options: Options, start: Shelved, data: Labelled) -> Callable[[Rows, Rows], Judged]:
    """Return what teaches a head by some rows and judges others."""

    def deep(learn: Rows, rest: Rows) -> Judged:
        lessons = [_some(data, learn)]
        found = taught(start, lessons, deep=True, seed=options.seed, log=options.log)
        return said(found, _some(data, rest))

    if many([data]):
        return deep
    reader = widened(layers.load(start.layers.folder, start.layers.stem))
    known, every = data.targets(), reader.features(data.texts)

    def shallow(learn: Rows, rest: Rows) -> Judged:
        head = teach.bent(every.take(learn), known[learn], start.head)
        return _told(head, every.take(rest), _some(data, rest))

    return shallow


def _some(data: Labelled, rows: Rows) -> Labelled:
    return replace(
        data,
        texts=[data.texts[row] for row in rows],
        gold=[data.gold[row] for row in rows],
        parts=[data.parts[row] for row in rows],
    )
