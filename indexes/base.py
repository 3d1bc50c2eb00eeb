"""What a vector index is: ids and unit vectors in, nearest ids by inner product out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from indexes.errors import BadVectors

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Neighbours of q queries, best first: ids int64 [q, k], scores float32 [q, k].

    Rows with fewer than k neighbours end in id -1 and score -inf. Equal scores stand by id.
    """

    ids: Ids
    scores: Vectors


class VectorIndex(Protocol):
    """Holds vectors under explicit 64-bit ids. Many threads may read it, one may write it."""

    kind: str

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    def __len__(self) -> int:
        """Return how many vectors it holds."""

    def ids(self) -> Ids:
        """Return every id, sorted, int64 [n]."""

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add vectors; one whose id is there already takes its place. Raises BadVectors."""

    def remove(self, ids: Ids) -> int:
        """Remove ids and return how many were there."""

    def search(self, queries: Vectors, k: int, among: Ids | None = None) -> Neighbours:
        """Return the k nearest of each query, float32 [q, d], of `among` where it is given."""

    def save(self, path: Path) -> None:
        """Write the index to a file."""


def check(ids: Ids, vectors: Vectors, dimensions: int) -> None:
    """Raise BadVectors unless ids and vectors fit each other and the index."""
    if vectors.ndim != 2 or vectors.shape[1] != dimensions:
        raise BadVectors(f"vectors of shape {vectors.shape} do not fit {dimensions} dimensions")
    if ids.shape != (len(vectors),) or ids.dtype != np.int64:
        raise BadVectors(f"ids must be int64, one for each of the {len(vectors)} vectors")
    if len(np.unique(ids)) != len(ids) or (len(ids) and ids.min() < 0):
        raise BadVectors("ids must be distinct and not negative")
    if not np.isfinite(vectors).all():
        raise BadVectors("vectors must be finite")


def ordered(ids: Ids, scores: Vectors) -> Neighbours:
    """Return rows sorted by falling score, then id, with missing neighbours at the end."""
    scores = np.where(ids < 0, -np.inf, scores).astype(np.float32)
    order = np.lexsort((ids, -scores), axis=1)
    return Neighbours(
        np.take_along_axis(ids, order, axis=1), np.take_along_axis(scores, order, axis=1)
    )
