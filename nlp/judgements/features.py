"""What heads see of texts: tuned vectors, cues and word pieces, in one row for each part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nlp.judgements.sight import Sight

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Features:
    """Rows of parts of texts; `owner` is the text that a part is of, in rising order.

    `vectors` [parts, d] are the tuned encoder's, `cues` [parts, c] dense, `pieces` a CSR matrix
    [parts, p]. A text in which nothing is said has no part. `sight`, a row for each text, is there
    where a reader sees more than that.
    """

    vectors: Floats
    cues: Floats
    pieces: Any
    owner: NDArray[np.int64]
    texts: int
    sight: Sight | None = None

    def seen(self, sight: Sight) -> Features:
        """Return these features with a sight of the same texts."""
        return replace(self, sight=sight)

    def split(self, texts: int) -> tuple[Features, Features]:
        """Return the features of the first so many texts, and of the others."""
        cut = int(np.searchsorted(self.owner, texts))
        sides = ((slice(0, cut), 0, texts), (slice(cut, None), texts, self.texts - texts))
        first, others = (
            Features(
                self.vectors[rows],
                self.cues[rows],
                self.pieces[rows],
                self.owner[rows] - start,
                count,
            )
            for rows, start, count in sides
        )
        return first, others

    def mean(self) -> Features:
        """Return one row for each text: the mean of its parts, zeros where it has none."""
        from scipy.sparse import csr_array

        counts = np.bincount(self.owner, minlength=self.texts)
        share = (1 / np.maximum(counts, 1)).astype(np.float32)
        cells = (share[self.owner], (self.owner, np.arange(len(self.owner))))
        mixer = csr_array(cells, shape=(self.texts, len(self.owner)))
        return Features(
            mixer @ self.vectors,
            mixer @ self.cues,
            csr_array(mixer @ self.pieces),
            np.arange(self.texts),
            self.texts,
            self.sight,
        )

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Features:
        """Return the features of some texts, with all their parts."""
        index = np.asarray(rows, dtype=np.int64)
        starts = np.searchsorted(self.owner, index)
        counts = np.searchsorted(self.owner, index, side="right") - starts
        owner = np.repeat(np.arange(len(index)), counts)
        parts = np.arange(len(owner)) + np.repeat(starts - np.cumsum(counts) + counts, counts)
        return Features(
            self.vectors[parts],
            self.cues[parts],
            self.pieces[parts],
            owner,
            len(index),
            self.sight and self.sight.take(index),
        )


class FeatureReader(Protocol):
    """Turns texts into what heads see."""

    def features(self, texts: Sequence[str]) -> Features:
        """Return a row for each part of each text."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One column a label for each block of features, and a bias [labels]."""

    vectors: Floats
    cues: Floats
    pieces: Floats
    bias: Floats

    def scores(self, features: Features) -> Floats:
        """Return the log-odds of each label up to a constant, float32 [parts, labels]."""
        scores: Floats = (
            features.vectors @ self.vectors
            + features.cues @ self.cues
            + features.pieces @ self.pieces
            + self.bias
        )
        return scores


def softmax(scores: Floats) -> Floats:
    """Return probabilities, rows that sum to one."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Floats = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    return found


def logs(probabilities: Floats) -> Floats:
    """Return log-probabilities; what is said to be impossible is one in a billion."""
    found: Floats = np.log(np.maximum(probabilities, 1e-9))
    return found
