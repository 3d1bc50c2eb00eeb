"""An encoder that reads only what the store has not read: the same vectors, fewer readings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from jobs.encode import encode
from jobs.stored import StoredEncoder
from nlp.encoders.hashing import HashingEncoder
from service.db.session import Database
from tests.jobs.community import records
from tests.jobs.conftest import Import


class Counted(HashingEncoder):
    """A hashing encoder that remembers what it read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read += texts
        return super().encode(texts)


def test_only_texts_that_no_post_says_are_read(
    database: Database, now: datetime, bring: Import
) -> None:
    bring(records())
    inside, outside = Counted(), Counted()
    encode(database, inside.card, lambda: inside, now=now)
    stored = StoredEncoder(database, outside.card, lambda: outside)
    known = inside.read[:3]
    found = stored.encode([known[0], "never said before", known[2], "never said before", known[0]])
    assert outside.read == ["never said before"]
    expected = inside.encode([known[0], "never said before", known[2]])
    np.testing.assert_allclose(found[:3], expected, atol=1e-3)
    np.testing.assert_array_equal(found[3:], found[[1, 0]])
    assert stored.encode([]).shape == (0, outside.card.dimensions)


def test_nothing_is_loaded_where_all_is_known_and_all_is_read_where_nothing_is(
    database: Database, now: datetime, bring: Import
) -> None:
    bring(records())
    encoder = Counted()
    loaded: list[int] = []

    def load() -> Counted:
        loaded.append(1)
        return encoder

    stored = StoredEncoder(database, encoder.card, load)
    before = stored.encode(["one", "two"])
    assert (encoder.read, loaded) == (["one", "two"], [1])
    encode(database, encoder.card, lambda: encoder, now=now)
    told = list(encoder.read[2:])
    fresh = StoredEncoder(database, encoder.card, load)
    assert fresh.encode(told).shape == (len(told), encoder.card.dimensions)
    assert len(loaded) == 1
    np.testing.assert_allclose(before, HashingEncoder().encode(["one", "two"]), atol=1e-3)
