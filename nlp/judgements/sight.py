"""What a taught head sees of texts beyond the features that packaged heads share: one row each.

How a text opens says more of its intent than the rest (a title, a first line), and the vector that
the index holds says what it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.encoders.registry import BATCH_TOKENS, PACKAGED, load
from nlp.judgements.features import FeatureReader, Features, Floats

# As much as a reader takes in at once.
OPENING_CHARS = 500


@dataclass(frozen=True, slots=True)
class Sight:
    """Blocks of features, one row a text.

    `read` and `opening` [n, d] are the tuned reader's vectors of the text and of its first line;
    `stored` and `stored_opening` [n, e] the encoder's; `cues` [n, c]; `pieces` and
    `opening_pieces` CSR matrices [n, p].
    """

    read: Floats
    opening: Floats
    stored: Floats
    stored_opening: Floats
    cues: Floats
    pieces: Any
    opening_pieces: Any

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Sight:
        """Return some of the rows."""
        index = np.asarray(rows, dtype=np.int64)
        return Sight(*(getattr(self, block.name)[index] for block in fields(self)))


class VectorEncoder(Protocol):
    """Turns texts into vectors for the index."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit rows, float32 [n, e]."""


class WideReader:
    """A reader whose features hold a Sight as well. A text of one line costs no second reading."""

    def __init__(self, reader: FeatureReader, encoder: VectorEncoder) -> None:
        self._reader = reader
        self._encoder = encoder

    def features(self, texts: Sequence[str]) -> Features:
        """Return what heads see of plain texts, with the sight of each."""
        both = [*texts, *map(opening, texts)]
        whole, first = self._reader.features(both).split(len(texts))
        vectors = self._encoder.encode(both)
        mean, begun = whole.mean(), first.mean()
        sight = Sight(
            mean.vectors,
            begun.vectors,
            vectors[: len(texts)],
            vectors[len(texts) :],
            mean.cues,
            mean.pieces,
            begun.pieces,
        )
        return whole.seen(sight)


def widened(
    reader: FeatureReader, *, threads: int = 0, batch_tokens: int = BATCH_TOKENS
) -> WideReader:
    """Return a reader that sees all that a taught head does, by the packaged encoder."""
    return WideReader(reader, load(PACKAGED, threads=threads, batch_tokens=batch_tokens))


def opening(text: str) -> str:
    """Return the first line of a plain text, cut where it is long."""
    return text.lstrip().partition("\n")[0][:OPENING_CHARS].rstrip()
