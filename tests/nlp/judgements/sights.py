"""Small sights of texts of three kinds, and what heads say of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nlp.judgements.features import Floats
from nlp.judgements.sight import Sight

Numbers = NDArray[np.int64]
KINDS, WORDS = 3, 24


def kinds(count: int, seed: int) -> Numbers:
    """Return kinds drawn at random, each about as often."""
    return np.random.default_rng(seed).permutation(np.arange(count) % KINDS)


def sight(numbers: Numbers, seed: int, *, cues: int = 4, width: int = WORDS) -> Sight:
    """Return a sight that tells kinds by each block, none for sure; vectors of four numbers."""
    random = np.random.default_rng(seed)

    def dense(wide: int) -> Floats:
        return (random.normal(size=(len(numbers), wide)) + np.eye(KINDS, wide)[numbers]).astype(
            np.float32
        )

    bags = [bag(numbers, random, width) for _ in range(2)]
    return Sight(dense(4), dense(4), dense(4), dense(4), dense(cues), *bags)


def bag(numbers: Numbers, random: np.random.Generator, width: int = WORDS) -> Any:
    """Return bags of words: two of four that are a kind's own, and three of twelve for all."""
    rows = []
    for number in numbers:
        own = 4 * number + random.permutation(4)[:2]
        rows.append([*own, *(12 + random.permutation(12)[:3])])
    flat = np.array(rows, dtype=np.int64).ravel()
    values = np.full(len(flat), 5**-0.5, np.float32)
    return csr_array((values, flat, np.arange(0, len(flat) + 1, 5)), shape=(len(numbers), width))


def said(numbers: Numbers, sure: float, seed: int = 0) -> Floats:
    """Return log-probabilities [n, 3] that name these labels so surely, give or take."""
    noise = np.random.default_rng(seed).normal(size=(len(numbers), KINDS), scale=0.3)
    return logged(noise + sure * np.eye(KINDS)[numbers])


def logged(scores: NDArray[Any]) -> Floats:
    """Return the log-probabilities of scores, float32."""
    found = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return np.asarray(found, dtype=np.float32)
