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
