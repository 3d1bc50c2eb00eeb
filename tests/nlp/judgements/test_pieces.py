"""Bags of word pieces and of pairs of neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.judgements.pieces import PAIRS, SINGLES, WIDTH, pieces

CLS, SEP = 101, 102
FACTOR = 0x9E3779B97F4A7C15


def _pair(left: int, right: int) -> int:
    return SINGLES + (((left * SINGLES + right) * FACTOR) % 2**64 >> 47)


def test_a_pair_stays_in_its_column() -> None:
    """Packaged weights were trained on these columns."""
    found = pieces([[CLS, 2204, SEP]])
    assert sorted(found.indices.tolist()) == sorted([2204, _pair(CLS, 2204), _pair(2204, SEP)])
    assert (_pair(CLS, 2204), _pair(2204, SEP)) == (46352, 38813)


def test_small_bags_by_hand() -> None:
    found = pieces([[CLS, 7, 8, SEP], [], [CLS, 7, 7, 7, SEP]])
    assert found.shape == (3, WIDTH)
    assert found.dtype == np.float32
    dense = {
        (row, column): value
        for row, column, value in zip(
            np.repeat(np.arange(3), np.diff(found.indptr)), found.indices, found.data, strict=True
        )
    }
    first = [7, 8, _pair(CLS, 7), _pair(7, 8), _pair(8, SEP)]
    last = [7, _pair(CLS, 7), _pair(7, 7), _pair(7, SEP)]
    assert dense == {
        **{(0, column): pytest.approx(5**-0.5) for column in first},
        **{(2, column): pytest.approx(4**-0.5) for column in last},
    }


def test_ends_are_no_words_of_their_own() -> None:
    found = pieces([[CLS, SEP], [CLS]])
    assert found.indices.tolist() == [_pair(CLS, SEP)]
    assert found.indptr.tolist() == [0, 1, 1]


def test_no_texts_and_empty_texts() -> None:
    assert pieces([]).shape == (0, WIDTH)
    assert pieces([[], []]).nnz == 0


@given(st.lists(st.lists(st.integers(0, SINGLES - 1), max_size=12), max_size=6))
def test_rows_have_length_one_and_do_not_depend_on_their_company(tokens: list[list[int]]) -> None:
    found = pieces(tokens)
    norms = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    np.testing.assert_allclose(norms, [float(len(ids) > 1) for ids in tokens], atol=1e-6)
    for row, ids in enumerate(tokens):
        assert found[[row]].indices.tolist() == pieces([ids]).indices.tolist()
    assert (found.indices < SINGLES + PAIRS).all()
