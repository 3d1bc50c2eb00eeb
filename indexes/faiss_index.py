"""FAISS, embedded: exact search over 16-bit vectors, with explicit ids.

Vectors are stored as float16 in the database, so that 16 bits lose nothing here and halve the
memory that a search reads. HNSW is not used: it cannot remove ids.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from indexes.base import Ids, Neighbours, Vectors, check, ordered
from indexes.errors import IndexDamaged

TIES = 64


class FaissIndex:
    """A flat 16-bit FAISS index by inner product, under 64-bit ids."""

    kind = "faiss-sqfp16"

    def __init__(self, dimensions: int, inner: Any = None) -> None:
        import faiss

        self._faiss: Any = faiss
        if inner is None:
            flat = faiss.IndexScalarQuantizer(
                dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
            )
            inner = faiss.IndexIDMap2(flat)
        self._inner = inner

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._inner.d)

    def __len__(self) -> int:
        """Return how many vectors it holds."""
        return int(self._inner.ntotal)

    def ids(self) -> Ids:
        """Return every id, sorted, int64 [n]."""
        found: Ids = self._faiss.vector_to_array(self._inner.id_map).astype(np.int64)
        return np.sort(found)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add vectors; one whose id is there already takes its place. Raises BadVectors."""
        check(ids, vectors, self.dimensions)
        if len(self) and len(ids):
            self.remove(ids)
        if len(ids):
            self._inner.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)

    def remove(self, ids: Ids) -> int:
        """Remove ids and return how many were there."""
        return int(self._inner.remove_ids(np.asarray(ids, dtype=np.int64)))

    def search(self, queries: Vectors, k: int, among: Ids | None = None) -> Neighbours:
        """Return the k nearest of each query, of `among` where it is given.

        Equal scores stand by id as long as no more than 64 of them reach past the k-th.
        """
        # FAISS keeps any of equal scores at the end of its k: it is asked for some more.
        wide = min(k + TIES, max(k, len(self)))
        if among is None:
            scores, ids = self._inner.search(queries, wide)
        else:
            chosen = np.ascontiguousarray(among, dtype=np.int64)
            selector = self._faiss.IDSelectorBatch(chosen)
            scores, ids = self._inner.search(
                queries, wide, params=self._faiss.SearchParameters(sel=selector)
            )
        found = ordered(ids, scores)
        return Neighbours(found.ids[:, :k], found.scores[:, :k])

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        self._faiss.write_index(self._inner, str(path))

    @classmethod
    def read(cls, path: Path) -> FaissIndex:
        """Return the index in a file; raise IndexDamaged where it cannot be read.

        FAISS finds few damages by itself: check the file's hash before.
        """
        import faiss

        try:
            inner = faiss.read_index(str(path))
        except RuntimeError as error:
            raise IndexDamaged(f"cannot read {path.name}") from error
        return cls(inner.d, inner)
