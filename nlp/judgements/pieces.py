"""Word pieces and pairs of neighbours as a sparse bag: what a text says word by word.

The pieces are those that the encoder has cut anyway, so that a text is cut once: rare words fall
into the letters that they share with others, as n-grams of characters would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SINGLES = 30_522
PAIRS = 1 << 17
WIDTH = SINGLES + PAIRS
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def pieces(tokens: Sequence[Sequence[int]]) -> Any:
    """Return a scipy CSR matrix, float32 [n, WIDTH], with rows of length one.

    Columns are piece ids, then neighbouring pairs hashed; first and last piece, which mark the
    ends of a text, count as neighbours only.
    """
    from scipy.sparse import csr_array

    lengths = np.array([len(ids) for ids in tokens], dtype=np.int64)
    flat = np.fromiter((piece for ids in tokens for piece in ids), np.int64, int(lengths.sum()))
    row = np.repeat(np.arange(len(tokens), dtype=np.int64), lengths)
    inner = np.ones(len(flat), dtype=bool)
    ends = np.cumsum(lengths)
    filled = lengths > 0
    inner[(ends - lengths)[filled]] = False
    inner[(ends - 1)[filled]] = False
    paired = row[:-1] == row[1:]
    pairs = SINGLES + _hashed(flat[:-1][paired], flat[1:][paired])
    rows = np.concatenate([row[inner], row[:-1][paired]])
    columns = np.concatenate([flat[inner], pairs])
    cells = np.unique(rows * WIDTH + columns)
    rows, columns = cells // WIDTH, cells % WIDTH
    counts = np.bincount(rows, minlength=len(tokens))
    values = (1 / np.sqrt(np.maximum(counts, 1))).astype(np.float32)[rows]
    starts = np.concatenate([[0], np.cumsum(counts)])
    return csr_array((values, columns, starts), shape=(len(tokens), WIDTH))


def _hashed(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    mixed = (left.astype(np.uint64) * np.uint64(SINGLES) + right.astype(np.uint64)) * _FACTOR
    found: NDArray[np.int64] = (mixed >> np.uint64(47)).astype(np.int64)
    return found
