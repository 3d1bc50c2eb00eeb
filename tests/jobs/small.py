"""Heads that a person can compute: a reader that counts words, and weights that add them up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from nlp.judgements import layers
from nlp.judgements.cues import names
from nlp.judgements.features import Features, Weights
from nlp.judgements.head import Head, HeadCard, write
from nlp.judgements.labels import TASKS
from nlp.judgements.pieces import WIDTH
from nlp.judgements.reading import reading

# Dimension n of a text is how often word n is in it.
WORDS = ("bad", "plain", "good", "new", "odd")


class Counts:
    """A reader whose vectors are counts of WORDS."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def features(self, texts: Sequence[str]) -> Features:
        self.read += texts
        owner = [row for row, text in enumerate(texts) if reading(text)]
        counts = [[texts[row].lower().split().count(word) for word in WORDS] for row in owner]
        return Features(
            np.array(counts, dtype=np.float32).reshape(len(owner), len(WORDS)),
            np.zeros((len(owner), len(names())), np.float32),
            csr_array((len(owner), WIDTH), dtype=np.float32),
            np.array(owner, dtype=np.int64),
            len(texts),
        )

    def tokens(self, texts: list[str]) -> list[list[int]]:
        """Return a number for each of WORDS in each text, between two that mark its ends."""
        known = {word: 2_000 + number for number, word in enumerate(WORDS)}
        return [[101, *(known[w] for w in text.split() if w in known), 102] for text in texts]


def head(task: str, key: str = "small-1-abababababab", version: str = "v1") -> Head:
    """Return a head by which the n-th word speaks for the n-th label, with a weight of 3."""
    count = len(TASKS[task])
    card = HeadCard(
        task, "small", version, TASKS[task], (1 / count,) * count, (1.0,) * count, key, {}
    )
    weights = Weights(
        3 * np.eye(len(WORDS), count, dtype=np.float32),
        np.zeros((len(names()), count), np.float32),
        np.zeros((WIDTH, count), np.float32),
        np.zeros(count, np.float32),
    )
    return Head(card, weights)


def write_heads(folder: Path, tasks: Sequence[str] = tuple(TASKS)) -> Path:
    """Write heads, and a card of the layers that they name, into a folder; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    card = {"version": "small-1", "encoder": layers.base(), "sha256": "ab" * 32, "about": {}}
    (folder / layers.CARD).write_text(json.dumps(card), encoding="utf-8")
    for task in tasks:
        write(head(task), folder)
    return folder
