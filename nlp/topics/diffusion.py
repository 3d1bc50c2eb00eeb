"""Diffusion coordinates: where a random walk from text to like text leads in a few steps.

Texts of one subject that share few words are far apart, and yet a chain of neighbours leads from
one to the other: their coordinates are near. After Coifman & Lafon 2006, Diffusion maps; rows are
scaled to length one as in Ng, Jordan & Weiss 2001, On spectral clustering.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.vectors import unit

Rows = NDArray[np.float32]

NEIGHBOURS = 15
STEPS = 4
STAY = 1e-6
BLOCK = 2_048
# Up to so many rows all eigenvectors are found at once, where few would be asked of a solver.
DENSE = 600


def coordinates(
    rows: Rows, count: int, *, neighbours: int = NEIGHBOURS, steps: int = STEPS
) -> Rows:
    """Return up to `count` coordinates of each unit row, unit rows float32 [n, count]."""
    walk = _walk(rows, min(neighbours, len(rows) - 1))
    values, axes = _largest(walk, min(count, len(rows)))
    return unit((axes * np.maximum(values, 0) ** steps).astype(np.float32))


def _walk(rows: Rows, neighbours: int) -> Any:
    """Return how likely a step between two rows is, symmetric, sparse [n, n]."""
    from scipy.sparse import csr_array, diags_array

    n = len(rows)
    near = np.empty((n, neighbours + 1), dtype=np.int64)
    likeness = np.empty((n, neighbours + 1), dtype=np.float64)
    for start in range(0, n, BLOCK):
        block = rows[start : start + BLOCK] @ rows.T
        found = np.argpartition(-block, neighbours, axis=1)[:, : neighbours + 1]
        near[start : start + BLOCK] = found
        likeness[start : start + BLOCK] = np.take_along_axis(block, found, axis=1)
    starts = np.arange(0, n * (neighbours + 1) + 1, neighbours + 1)
    links = csr_array((np.maximum(likeness, 0).ravel(), near.ravel(), starts), shape=(n, n))
    links = links.maximum(links.T).tocsr()
    # Hardly a step stays where it is, but for a row that is like no other.
    links.setdiag(STAY)
    scale = diags_array(1 / np.sqrt(links.sum(axis=1)))
    return scale @ links @ scale


def _largest(walk: Any, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the largest eigenvalues [count] and their eigenvectors [n, count]."""
    n = walk.shape[0]
    if n <= DENSE or count >= n // 2:
        values, axes = np.linalg.eigh(walk.toarray())
        return values[-count:], axes[:, -count:]
    from scipy.sparse.linalg import eigsh

    # A start of the solver's own would be drawn anew each time; an even one misses some axes. With
    # a tolerance, one of two parts that no step joins would be missed.
    chance = np.random.default_rng(0)
    found: tuple[NDArray[np.float64], NDArray[np.float64]] = eigsh(
        walk, k=count, which="LA", v0=chance.standard_normal(n), rng=chance
    )
    return found
