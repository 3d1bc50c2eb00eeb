"""Words of a message, and how much each of them tells: inverse document frequencies, hashed."""

from __future__ import annotations

import re
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 15
WORD = re.compile(r"[^\W_]+(?:['’.\-+][^\W_]+)*")
LINK = re.compile(r"https?://\S+|www\.\S+")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, in order."""
    return WORD.findall(text.lower())


@lru_cache(maxsize=1 << 16)
def bucket(word: str) -> int:
    """Return the row of a word in tables of words."""
    return crc32(word.encode()) % BUCKETS


def buckets(text: str) -> Ints:
    """Return the distinct rows of a text's words, ascending."""
    return np.unique(np.fromiter((bucket(word) for word in words(text)), dtype=np.int64))


def frequencies(texts: list[str]) -> Floats:
    """Return idf of each bucket over texts, 0 for a word in all of them, 1 for an unknown one."""
    counts = np.zeros(BUCKETS)
    for text in texts:
        counts[buckets(text)] += 1
    idf: Floats = np.log((1 + len(texts)) / (1 + counts)) / np.log(1 + len(texts))
    return idf
