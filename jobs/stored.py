"""An encoder that takes from the store what the step `encode` has computed already."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.encoders import Card
from nlp.judgements.sight import VectorEncoder
from nlp.text import content_hash
from service.db.queries import embeddings
from service.db.session import Database


class StoredEncoder:
    """Encodes only texts that no post's vector is of; the encoder is loaded if there are some."""

    def __init__(self, database: Database, card: Card, load: Callable[[], VectorEncoder]) -> None:
        self._database = database
        self._card = card
        self._load = load
        self._loaded: VectorEncoder | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit rows, float32 [n, d], of plain texts; the store holds half precision."""
        hashes = [content_hash(text) for text in texts]
        known = self._stored(hashes)
        new = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
        if new:
            self._loaded = self._loaded or self._load()
            rows = self._loaded.encode(list(new.values())).astype(np.float16)
            known.update(zip(new, rows, strict=True))
        found = np.zeros((len(texts), self._card.dimensions), dtype=np.float32)
        for row, key in enumerate(hashes):
            found[row] = known[key]
        return found

    def _stored(self, hashes: Sequence[bytes]) -> dict[bytes, NDArray[np.float16]]:
        with self._database.read() as session:
            encoder = embeddings.encoder_id(session, self._card.name, self._card.revision)
            if encoder is None:
                return {}
            return embeddings.known_vectors(session, encoder, hashes)
