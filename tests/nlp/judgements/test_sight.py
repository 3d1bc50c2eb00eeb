"""What a taught head sees: how a text opens, whose rows are whose, what is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from nlp.judgements.features import Features, Floats
from nlp.judgements.sight import OPENING_CHARS, Sight, WideReader, opening
from tests.nlp.judgements.sights import kinds, sight

# Parts of a text are told by a bar, as the packaged reader tells them by length.
Texts = st.lists(st.text("ab| \n", max_size=8), max_size=6)


class Bars:
    """A reader that counts letters of parts, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    def features(self, texts: Sequence[str]) -> Features:
        self.given.append(list(texts))
        cut = [(row, p) for row, text in enumerate(texts) for p in text.split("|") if p.strip()]
        counts = np.array([[p.count("a"), p.count("b"), len(p)] for _, p in cut], np.float32)
        counts = counts.reshape(len(cut), 3)
        owner = np.array([row for row, _ in cut], dtype=np.int64)
        return Features(counts[:, 1:], counts[:, :1], csr_array(counts), owner, len(texts))


class Ends:
    """An encoder of the first and the last character, that remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.given.append(list(texts))
        rows = [[ord(t[0]), ord(t[-1])] if t.strip() else [0, 0] for t in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), 2)


def _dense(block: Any) -> Floats:
    found: Floats = np.asarray(block.toarray() if hasattr(block, "toarray") else block)
    return found


def _equal(one: Sight, other: Sight) -> None:
    for block in fields(Sight):
        name = block.name
        np.testing.assert_array_equal(_dense(getattr(one, name)), _dense(getattr(other, name)))


def _wide(texts: Sequence[str]) -> tuple[Features, Sight]:
    found = WideReader(Bars(), Ends()).features(texts)
    assert found.sight is not None
    return found, found.sight


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", ""),
        (" \n\t\n ", ""),
        ("one line", "one line"),
        ("a title  \n\nand more\nof it", "a title"),
        ("\n\n  a title\nand more", "a title"),
        ("x" * OPENING_CHARS + "y", "x" * OPENING_CHARS),
        ("x" * (OPENING_CHARS - 2) + "  y", "x" * (OPENING_CHARS - 2)),
    ],
)
def test_a_text_opens_with_its_first_line(text: str, first: str) -> None:
    assert opening(text) == first


@given(st.text())
def test_an_opening_is_one_line_of_the_text_and_opens_itself(text: str) -> None:
    found = opening(text)
    assert found in text
    assert "\n" not in found
    assert len(found) <= OPENING_CHARS
    assert bool(found) == bool(text.strip())
    assert opening(found) == found == found.strip()


def test_each_row_is_of_its_text_and_parts_are_averaged() -> None:
    found, seen = _wide(["aab\nb", "", "a|bbb|bb", "b"])
    np.testing.assert_allclose(seen.read, np.array([[2, 5], [0, 0], [5 / 3, 2], [1, 1]]), rtol=1e-6)
    np.testing.assert_allclose(
        seen.opening, np.array([[1, 3], [0, 0], [5 / 3, 2], [1, 1]]), rtol=1e-6
    )
    np.testing.assert_allclose(seen.cues, np.array([[2], [0], [1 / 3], [0]]), rtol=1e-6)
    ends = [[97, 98], [0, 0], [97, 98], [98, 98]]
    np.testing.assert_array_equal(seen.stored, ends)
    np.testing.assert_array_equal(seen.stored_opening, ends)
    thirds = [1 / 3, 5 / 3, 2]
    pieces = np.array([[2, 2, 5], [0, 0, 0], thirds, [0, 1, 1]])
    np.testing.assert_allclose(seen.pieces.toarray(), pieces, rtol=1e-6)
    pieces[0] = [2, 1, 3]
    np.testing.assert_allclose(seen.opening_pieces.toarray(), pieces, rtol=1e-6)
    assert (found.texts, found.owner.tolist()) == (4, [0, 2, 2, 2, 3])


def test_the_encoder_tells_a_text_from_its_opening() -> None:
    _, seen = _wide(["ab\nba", " b"])
    np.testing.assert_array_equal(seen.stored, [[97, 97], [32, 98]])
    np.testing.assert_array_equal(seen.stored_opening, [[97, 98], [98, 98]])


@pytest.mark.parametrize("texts", [["a\nb", "", "b"], []])
def test_texts_and_openings_are_read_in_one_go(texts: list[str]) -> None:
    reader, encoder = Bars(), Ends()
    WideReader(reader, encoder).features(texts)
    both = [*texts, *(["a", "", "b"] if texts else [])]
    assert reader.given == encoder.given == [both]
    # A text of one line is its own opening: readers and encoders read equal texts once.
    assert both.count("b") == len(texts) // 2 * 2


@given(Texts)
def test_packaged_heads_see_what_they_saw(texts: list[str]) -> None:
    found, seen = _wide(texts)
    alone = Bars().features(texts)
    assert found.texts == alone.texts == len(seen.read)
    for name in ("vectors", "cues", "pieces", "owner"):
        np.testing.assert_array_equal(_dense(getattr(found, name)), _dense(getattr(alone, name)))


@settings(deadline=None)
@given(Texts, st.randoms(use_true_random=False))
def test_a_text_is_seen_alike_in_any_company(texts: list[str], random: Any) -> None:
    order = list(range(len(texts)))
    random.shuffle(order)
    _, seen = _wide(texts)
    _, other = _wide([texts[row] for row in order])
    _equal(seen.take(order), other)


def test_sights_are_taken_in_the_order_given() -> None:
    whole = sight(kinds(6, 0), 0)
    taken = whole.take([4, 1, 4])
    for block in fields(Sight):
        before, after = _dense(getattr(whole, block.name)), _dense(getattr(taken, block.name))
        np.testing.assert_array_equal(after, before[[4, 1, 4]])
    assert whole.take(np.zeros(0, np.int64)).pieces.shape == (0, 24)


@given(Texts, Texts)
def test_split_features_are_those_of_either_side(first: list[str], others: list[str]) -> None:
    sides = Bars().features([*first, *others]).split(len(first))
    for side, texts in zip(sides, (first, others), strict=True):
        alone = Bars().features(texts)
        assert side.texts == len(texts)
        for name in ("vectors", "cues", "pieces", "owner"):
            np.testing.assert_array_equal(_dense(getattr(side, name)), _dense(getattr(alone, name)))


def test_empty_texts_at_the_cut_stay_on_their_side() -> None:
    first, others = Bars().features(["a|b", "", "", "b"]).split(2)
    assert (first.texts, first.owner.tolist()) == (2, [0, 0])
    assert (others.texts, others.owner.tolist()) == (2, [1])
    np.testing.assert_array_equal(others.mean().vectors, [[0, 0], [1, 1]])


def test_means_and_rows_keep_the_sight() -> None:
    found, seen = _wide(["a|bb", "", "b\na", "ab"])
    mean = found.mean()
    assert mean.sight is seen
    taken = mean.take([3, 0])
    assert taken.sight is not None
    _equal(taken.sight, seen.take([3, 0]))
    np.testing.assert_array_equal(taken.vectors, taken.sight.read)


def test_plain_features_have_no_sight() -> None:
    plain = Bars().features(["a", "b"]).mean()
    assert plain.sight is None
    assert plain.take([1]).sight is None
