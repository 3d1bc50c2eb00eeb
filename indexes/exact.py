"""An index in plain numpy: the oracle that every other implementation is held against."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from indexes.base import Ids, Neighbours, Vectors, check, ordered
from indexes.errors import IndexDamaged


class ExactIndex:
    """Every vector compared with every query."""

    kind = "exact"

    def __init__(self, dimensions: int) -> None:
        self._ids: Ids = np.empty(0, dtype=np.int64)
        self._vectors: Vectors = np.empty((0, dimensions), dtype=np.float32)

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def __len__(self) -> int:
        """Return how many vectors it holds."""
        return len(self._ids)

    def ids(self) -> Ids:
        """Return every id, sorted, int64 [n]."""
        return self._ids.copy()

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add vectors; one whose id is there already takes its place. Raises BadVectors."""
        check(ids, vectors, self.dimensions)
        self.remove(ids)
        every = np.concatenate([self._ids, ids])
        order = np.argsort(every)
        self._vectors = np.concatenate([self._vectors, vectors])[order]
        self._ids = every[order]

    def remove(self, ids: Ids) -> int:
        """Remove ids and return how many were there."""
        keep = ~np.isin(self._ids, ids)
        self._ids, self._vectors = self._ids[keep], self._vectors[keep]
        return int((~keep).sum())

    def search(self, queries: Vectors, k: int, among: Ids | None = None) -> Neighbours:
        """Return the k nearest of each query, of `among` where it is given."""
        rows = slice(None) if among is None else np.isin(self._ids, among)
        ids, scores = self._ids[rows], queries @ self._vectors[rows].T
        best = np.lexsort((np.broadcast_to(ids, scores.shape), -scores), axis=1)[:, :k]
        found = np.full((len(queries), k), -1, dtype=np.int64)
        values = np.full((len(queries), k), -np.inf, dtype=np.float32)
        found[:, : best.shape[1]] = ids[best]
        values[:, : best.shape[1]] = np.take_along_axis(scores, best, axis=1)
        return ordered(found, values)

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        with path.open("wb") as file:
            np.savez(file, ids=self._ids, vectors=self._vectors)

    @classmethod
    def read(cls, path: Path) -> ExactIndex:
        """Return the index in a file; raise IndexDamaged where it cannot be read."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                index = cls(arrays["vectors"].shape[1])
                index.add(arrays["ids"], arrays["vectors"])
                return index
        except (OSError, ValueError, KeyError) as error:
            raise IndexDamaged(f"cannot read {path.name}: {error}") from error
