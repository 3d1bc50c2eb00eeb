"""Features: means over a text's parts, rows taken, scores of weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from nlp.judgements.features import Features, Weights, softmax


def _features() -> Features:
    """Return three texts: of two parts, of none, of one."""
    return Features(
        np.array([[1, 2], [3, 4], [5, 6]], dtype=np.float32),
        np.array([[1], [0], [2]], dtype=np.float32),
        csr_array(np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]], dtype=np.float32)),
        np.array([0, 0, 2]),
        3,
    )


def test_the_mean_has_a_row_for_each_text_and_zeros_where_nothing_is_said() -> None:
    mean = _features().mean()
    assert mean.texts == 3
    assert mean.owner.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(mean.vectors, [[2, 3], [0, 0], [5, 6]])
    np.testing.assert_array_equal(mean.cues, [[0.5], [0], [2]])
    np.testing.assert_array_equal(
        mean.pieces.toarray(), [[0.5, 0.5, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    )
    assert mean.vectors.dtype == mean.cues.dtype == mean.pieces.dtype == np.float32


def test_the_mean_of_single_parts_is_themselves() -> None:
    once = _features().mean()
    np.testing.assert_array_equal(once.mean().vectors, once.vectors)


def test_the_mean_of_texts_that_all_say_nothing() -> None:
    nothing = Features(
        np.zeros((0, 2), np.float32),
        np.zeros((0, 1), np.float32),
        csr_array((0, 4), dtype=np.float32),
        np.zeros(0, np.int64),
        2,
    )
    mean = nothing.mean()
    assert mean.vectors.tolist() == [[0, 0], [0, 0]]
    assert mean.pieces.shape == (2, 4)
    assert mean.pieces.nnz == 0


def test_texts_are_taken_with_all_their_parts() -> None:
    taken = _features().take([2, 1, 0])
    assert taken.owner.tolist() == [0, 2, 2]
    assert taken.texts == 3
    np.testing.assert_array_equal(taken.vectors, [[5, 6], [1, 2], [3, 4]])
    np.testing.assert_array_equal(taken.cues, [[2], [1], [0]])
    assert taken.pieces.toarray().argmax(axis=1).tolist() == [3, 0, 1]
    assert _features().take([1]).vectors.shape == (0, 2)


def test_rows_are_taken_in_the_order_given() -> None:
    taken = _features().mean().take([2, 0])
    assert (taken.texts, taken.owner.tolist()) == (2, [0, 1])
    np.testing.assert_array_equal(taken.vectors, [[5, 6], [2, 3]])
    np.testing.assert_array_equal(taken.pieces.toarray(), [[0, 0, 0, 1], [0.5, 0.5, 0, 0]])
    assert _features().mean().take(np.zeros(0, np.int64)).vectors.shape == (0, 2)


def test_scores_are_the_sum_of_what_each_block_says() -> None:
    weights = Weights(
        np.array([[1, 0], [0, 1]], dtype=np.float32),
        np.array([[10, 20]], dtype=np.float32),
        np.array([[100, 0], [0, 100], [0, 0], [7, 7]], dtype=np.float32),
        np.array([0.5, -0.5], dtype=np.float32),
    )
    scores = weights.scores(_features())
    assert scores.tolist() == [[111.5, 21.5], [3.5, 103.5], [32.5, 52.5]]
    assert scores.dtype == np.float32


def test_softmax_by_hand_and_far_out() -> None:
    found = softmax(np.array([[0, np.log(3)], [1e4, -1e4], [-1e4, -1e4]], dtype=np.float32))
    assert found.tolist() == pytest.approx(np.array([[0.25, 0.75], [1, 0], [0.5, 0.5]]), abs=1e-6)
    assert found.dtype == np.float32
