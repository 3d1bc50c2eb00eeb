"""The reader: what heads see of texts, by the packaged encoder."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.judgements import layers
from nlp.judgements.cues import names
from nlp.judgements.pieces import WIDTH
from nlp.judgements.reader import MAX_TOKENS, Reader, make

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reader() -> Reader:
    return make(*layers.untuned())


def test_a_text_has_a_row_for_each_part_and_none_where_nothing_is_said(reader: Reader) -> None:
    long = " ".join(["the sync stops again"] * 60)
    found = reader.features(["fine", "", "[code]", long])
    assert found.texts == 4
    assert found.owner.tolist() == [0, 3, 3, 3]
    assert found.vectors.shape == (4, 384)
    assert found.cues.shape == (4, len(names()))
    assert found.pieces.shape == (4, WIDTH)
    assert np.abs(found.vectors).sum(axis=1).min() > 1


def test_nothing_to_read(reader: Reader) -> None:
    for texts in ([], ["", " "]):
        found = reader.features(texts)
        assert (found.texts, found.vectors.shape) == (len(texts), (0, 384))


def test_who_is_named_changes_nothing_that_heads_see(reader: Reader) -> None:
    one, other = "Greg, a gay man, broke it 😀", "Fatima, an Asian woman, broke it 😀"
    found = reader.features([one, other])
    np.testing.assert_array_equal(found.vectors[0], found.vectors[1])
    np.testing.assert_array_equal(found.cues[0], found.cues[1])
    np.testing.assert_array_equal(*(found.pieces[[row]].indices for row in (0, 1)))


def test_a_row_does_not_depend_on_what_is_read_beside_it(reader: Reader) -> None:
    text = "why does the sync stop when my phone is asleep?"
    alone = reader.features([text])
    beside = reader.features([*(f"word {n} " * n for n in range(1, 40, 4)), text])
    np.testing.assert_array_equal(beside.vectors[-1], alone.vectors[0])


def test_vectors_are_the_mean_of_the_states(reader: Reader) -> None:
    """The packaged encoder untuned: its own vectors before they are made unit."""
    from nlp.encoders import load

    vector = reader.features(["a sync conflict"]).vectors[0]
    expected = load("all-MiniLM-L6-v2").encode(["a sync conflict"])[0]
    np.testing.assert_allclose(vector / np.linalg.norm(vector), expected, atol=3e-3)


def test_no_more_than_its_window_is_read(reader: Reader) -> None:
    assert [len(ids) for ids in reader.tokens(["a " * 400, "a b"])] == [MAX_TOKENS, 4]


@pytest.mark.parametrize(
    "text", ["\\ud83d", "\ud800 hello", "\x00\x07", "ı" * 3_000, "puerto rıcan"]
)
def test_odd_texts_are_read(reader: Reader, text: str) -> None:
    found = reader.features([text])
    assert np.isfinite(found.vectors).all()
