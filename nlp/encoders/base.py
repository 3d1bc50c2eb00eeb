"""What an encoder is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Card:
    """Describes an encoder. Vectors are comparable where name and revision are equal."""

    name: str
    revision: str
    dimensions: int
    max_tokens: int


class Encoder(Protocol):
    """Turns texts into vectors."""

    @property
    def card(self) -> Card:
        """Name, revision, dimensions and longest input."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit rows, float32 [n, d], in the order of `texts`; empty text is a zero row."""

    def lengths(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the tokens that the encoder reads of each text, int64 [n]."""


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows scaled to length one, float32 [n, d]; rows of zeros stay zeros."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
