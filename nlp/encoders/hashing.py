"""An encoder that a person can compute: for tests, and for machines that hold no model."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.encoders.base import Card
from nlp.vectors import unit

DIMENSIONS = 256
WORD = re.compile(r"\w+")


class HashingEncoder:
    """A bag of words: each lower-case word adds 1 at `crc32(word) % 256`, then unit length."""

    card = Card("hashing", "crc32-256", DIMENSIONS, 1_000_000)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit rows, float32 [n, 256]; a text without words is a zero row."""
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in WORD.findall(text.lower()):
                row[zlib.crc32(word.encode()) % DIMENSIONS] += 1
        return unit(rows)

    def lengths(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the words of each text, int64 [n]."""
        return np.array([len(WORD.findall(text)) for text in texts], dtype=np.int64)
