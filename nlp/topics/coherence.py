"""How well the words of a topic belong together, and how much the words of topics differ.

Coherence is the normalised pointwise mutual information of pairs of words (Bouma 2009) in a window
that slides over the documents, as gensim's `c_npmi` has it (Röder, Both & Hinneburg 2015, Exploring
the space of topic coherence measures), diversity the share of distinct words (Dieng, Ruiz & Blei
2020, Topic modeling in embedding spaces).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOW = 10
EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Together:
    """In how many of `total` windows words stand together: int64 [v, v], alone on the diagonal."""

    counts: NDArray[np.int64]
    total: int
    places: dict[str, int]


def together(
    documents: Sequence[Sequence[str]], words: Sequence[str], window: int | None = WINDOW
) -> Together:
    """Count pairs of words in a window that slides over each document; None: whole documents.

    A document no longer than the window is one window.
    """
    from scipy.sparse import csr_array

    places = {word: place for place, word in enumerate(words)}
    lengths = np.array([len(document) for document in documents], dtype=np.int64)
    size = window or max(1, int(lengths.max(initial=0)))
    windows = np.maximum(lengths - size, 0) + 1
    found = np.array(
        [places.get(word, -1) for document in documents for word in document], dtype=np.int64
    )
    rows, columns = _slid(found, lengths, windows, size)
    shape = (int(windows.sum()), len(places))
    holds: Any = csr_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=shape)
    holds.data[:] = 1  # a word that stands in a window twice stands in it
    pairs: NDArray[np.int64] = (holds.T @ holds).toarray().astype(np.int64)
    return Together(pairs, shape[0], places)


def _slid(
    found: NDArray[np.int64], lengths: NDArray[np.int64], windows: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each window that each found word counts in, and the word.

    Once the first of several copies of a word has left the window, the word counts no more until
    another copy enters: gensim has it so, and with it the figures that are published.
    """
    inside = np.flatnonzero(found >= 0)
    document = np.repeat(np.arange(len(lengths)), lengths)[inside]
    position = inside - (np.cumsum(lengths) - lengths)[document]
    first = np.maximum(position - size + 1, 0)
    last = np.minimum(_earliest(found[inside], document, position, first), windows[document] - 1)
    count = last - first + 1
    start = (np.cumsum(windows) - windows)[document] + first
    step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(start, count) + step, np.repeat(found[inside], count)


def _earliest(
    words: NDArray[np.int64],
    documents: NDArray[np.int64],
    positions: NDArray[np.int64],
    first: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return where the earliest copy of each word stands, in its document from `first` on."""
    longest = int(positions.max(initial=0)) + 1
    texts = (words * (int(documents.max(initial=0)) + 1) + documents) * longest
    places = np.sort(texts + positions)
    earliest: NDArray[np.int64] = places[np.searchsorted(places, texts + first)] - texts
    return earliest


def npmi(topics: Sequence[Sequence[str]], seen: Together) -> float:
    """Return the mean over topics of the mean over pairs of their words, -1 to 1.

    A pair with a word that is nowhere, or of words that are everywhere, counts 0; a topic of fewer
    than two words is left out.
    """
    means = [_coherence(words, seen) for words in topics if len(words) > 1]
    return float(np.mean(means)) if means else 0.0


def _coherence(words: Sequence[str], seen: Together) -> float:
    places = np.array([seen.places.get(word, -1) for word in words])
    left, right = np.triu_indices(len(words), 1)
    known = (places[left] >= 0) & (places[right] >= 0)
    first, second = places[left], places[right]
    alone = np.diag(seen.counts)
    expected = (alone[first] / seen.total) * (alone[second] / seen.total)
    joint = seen.counts[first, second] / seen.total + EPSILON
    known &= (expected > 0) & (joint < 1)
    each = np.log(joint[known] / expected[known]) / -np.log(joint[known])
    return float(each.sum() / len(left))


def diversity(topics: Sequence[Sequence[str]]) -> float:
    """Return the share of the words that are distinct, 0 to 1."""
    words = [word for topic in topics for word in topic]
    return len(set(words)) / len(words) if words else 0.0
