"""How alike two texts are to a taught head: blocks of features, each scaled to rows of length one.

Words mean other things in other places: "crash" in an issue of a game is not what it is in one
about tests. Likeness counts more between texts of one topic, where topics are those that the word
pieces of the taught texts fall into (latent semantic analysis, Deerwester et al. 1990). This is the
kernel (1 + c <topics, topics'>) <features, features'>, a product as in multi-task kernels
(Evgeniou, Micchelli & Pontil 2005) where tasks are told from the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.features import Floats
from nlp.judgements.sight import Sight

Shares = Mapping[str, float]

# How much each block says: more by words, as of long texts, or more by what a text is about. Found
# on the issues of nlbse24 and half A of FRMiner's dialogs, as the other figures here are.
BY_WORDS: Shares = {
    "read": 0.25,
    "opening": 0.5,
    "stored": 1.0,
    "stored_opening": 1.0,
    "cues": 0.5,
    "pieces": 2.5,
    "opening_pieces": 0.5,
}
BY_MATTER: Shares = {**BY_WORDS, "stored": 3.0, "stored_opening": 3.0}
SPARSE = ("pieces", "opening_pieces")
DENSE = tuple(name for name in BY_WORDS if name not in SPARSE)
TOPICS = 32
TOPICAL = 1.0
BIAS = 0.3
# Added to deviations of cues, so that one that is hardly ever there does not count for much.
QUIET = 0.05

Rows = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scale:
    """What blocks are scaled by: means of dense ones, spread of cues, rarity of word pieces."""

    means: Mapping[str, Floats]
    spread: Floats
    rarity: Mapping[str, Floats]

    def rows(self, sight: Sight) -> Rows:
        """Return the blocks with rows of length one, or zero where a text shows nothing."""
        found: dict[str, Any] = {}
        for name in DENSE:
            held = getattr(sight, name)
            away = np.where(held.any(axis=1, keepdims=True), held - self.means[name], 0)
            found[name] = _unit(away / self.spread if name == "cues" else away)
        for name in SPARSE:
            found[name] = _weighted(getattr(sight, name), self.rarity[name])
        return found


def scale(sight: Sight) -> Scale:
    """Return the scale of texts to learn from; pieces that only one of them has count nothing."""
    means = {name: getattr(sight, name).mean(axis=0) for name in DENSE}
    spread = (sight.cues.std(axis=0) + QUIET).astype(np.float32)
    return Scale(means, spread, {name: _rarity(getattr(sight, name)) for name in SPARSE})


def grams(some: Rows, others: Rows) -> dict[str, Floats]:
    """Return the inner products of rows by block, float32 [n, m]."""
    found = {}
    for name in BY_WORDS:
        product = some[name] @ others[name].T
        found[name] = product.toarray() if name in SPARSE else product
    return found


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics of n texts, unit rows [n, t], and how those of others are told from likeness.

    `centre` [n] is how alike each is to all in its word pieces, `axes` [n, t].
    """

    centre: Floats
    axes: Floats
    rows: Floats

    def of(self, alike: Floats) -> Floats:
        """Return topics of m texts whose word pieces are so alike, [m, n]: unit rows [m, t]."""
        middle = self.centre.mean()
        away = alike - alike.mean(axis=1, keepdims=True) - self.centre + middle
        return _unit(away @ self.axes)


def topics(alike: Floats) -> Topics:
    """Return the topics of texts by how alike their word pieces are, [n, n]."""
    centre = alike.mean(axis=0)
    away = alike - centre - centre[:, None] + centre.mean()
    values, axes = np.linalg.eigh(away.astype(np.float64))
    kept = np.flatnonzero(values > 1e-6)[-min(TOPICS, max(1, len(alike) // 4)) :]
    axes = (axes[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    return Topics(centre, axes, _unit(away @ axes))


def kernel(products: Mapping[str, Floats], shared: Floats, shares: Shares) -> Floats:
    """Return how alike texts are, [n, m], by their blocks' products and those of their topics."""
    whole: Floats = np.zeros(shared.shape, dtype=np.float32)
    for name, share in shares.items():
        whole += np.float32(share) * products[name]
    whole *= 1 + np.float32(TOPICAL) * shared
    whole += np.float32(BIAS)
    return whole


def _rarity(pieces: Any) -> Floats:
    texts, held = pieces.shape[0], np.bincount(pieces.indices, minlength=pieces.shape[1])
    rare = np.log((1 + texts) / (1 + held)) + 1
    return np.where(held > 1, rare, 0).astype(np.float32)


def _weighted(pieces: Any, rarity: Floats) -> Any:
    """Return rows of length one; of a long text, a piece of many parts says little more."""
    from scipy.sparse import csr_array

    cells = (np.sqrt(pieces.data) * rarity[pieces.indices], pieces.indices, pieces.indptr)
    # A copy: what is eliminated here must stay in the pieces, whose indices these are.
    found = csr_array(cells, shape=pieces.shape, copy=True)
    found.eliminate_zeros()
    squares = np.bincount(_row_of(found), found.data**2, minlength=pieces.shape[0])
    long = np.sqrt(np.maximum(squares, 1e-12)).astype(np.float32)
    found.data = (found.data / long[_row_of(found)]).astype(np.float32)
    return found


def _row_of(matrix: Any) -> NDArray[np.int64]:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _unit(rows: NDArray[Any]) -> Floats:
    long = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Floats = (rows / np.maximum(long, 1e-6)).astype(np.float32)
    return found
