"""Fitting: logistic regression, coarse labels, labels not asked about, where it starts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nlp.judgements.features import Features, Weights, softmax
from nlp.judgements.fit import Ridge, fit, zeros
from nlp.judgements.labels import TRUE, UNASKED, Targets, targets

LABELS = ("a", "b", "c")
EVEN = Ridge(2.0, 2.0, 2.0, 1e-9)


def _made(count: int = 90, seed: int = 0) -> tuple[Features, NDArray[np.int64]]:
    """Return features of three overlapping kinds of text, and which kind each is."""
    random = np.random.default_rng(seed)
    kind = np.arange(count) % 3
    vectors = random.normal(size=(count, 4)).astype(np.float32)
    vectors[:, 0] += kind
    cues = (random.random((count, 2)) < 0.3 + 0.2 * (kind == 1)[:, None]).astype(np.float32)
    bag = (random.random((count, 6)) < 0.2 + 0.3 * (kind == 2)[:, None]).astype(np.float32)
    bag[:, 5] = 0
    features = Features(vectors, cues, csr_array(bag), np.arange(count), count)
    return features, kind


def _targets(kind: NDArray[np.int64]) -> Targets:
    return targets(LABELS, [[LABELS[one]] for one in kind])


def _start(features: Features) -> Weights:
    return zeros(features.vectors.shape[1], features.cues.shape[1], features.pieces.shape[1], 3)


def test_it_is_the_logistic_regression_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    features, kind = _made()
    found = fit(features, _targets(kind), _start(features), EVEN)
    dense = np.hstack([features.vectors, features.cues, features.pieces.toarray()])
    theirs = LogisticRegression(C=1 / 2, tol=1e-8, max_iter=2_000).fit(dense, kind)
    ours = np.vstack([found.vectors, found.cues, found.pieces])
    np.testing.assert_allclose(ours, theirs.coef_.T, atol=1e-2)
    np.testing.assert_allclose(
        softmax(found.scores(features)), theirs.predict_proba(dense), atol=1e-2
    )


def test_a_text_weighs_as_much_as_its_copies() -> None:
    features, kind = _made(30)
    twice = np.concatenate([np.arange(30), np.flatnonzero(kind == 0)])
    mass = np.where(kind == 0, 2, 1).astype(np.float32)
    weighed = fit(features, _targets(kind), _start(features), Ridge(3.0, 3.0, 3.0), mass)
    scale = len(twice) / 30
    copied = fit(
        features.take(twice),
        _targets(kind)[twice],
        _start(features),
        Ridge(3.0 * scale, 3.0 * scale, 3.0 * scale),
    )
    np.testing.assert_allclose(weighed.vectors, copied.vectors, atol=1e-2)


def test_a_coarse_label_spreads_over_the_finer_ones() -> None:
    """Some texts say only `b or c`: that they are no `a` is learned, not which they are."""
    features, kind = _made(300, seed=1)
    fine = _targets(kind)
    coarse = fine.copy()
    hidden = np.flatnonzero(kind > 0)[::3]
    coarse[np.ix_(hidden, [1, 2])] = TRUE
    rows = softmax(fit(features, coarse, _start(features), EVEN).scores(features))
    full = softmax(fit(features, fine, _start(features), EVEN).scores(features))
    assert np.abs(rows[:, 0] - full[:, 0]).max() < 0.1
    assert rows[hidden].mean(axis=0) == pytest.approx(full[hidden].mean(axis=0), abs=0.05)


def test_only_coarse_labels_leave_the_finer_ones_alike() -> None:
    features, kind = _made(60)
    known = targets(LABELS, [["a"] if one == 0 else ["b", "c"] for one in kind])
    found = fit(features, known, _start(features), EVEN)
    np.testing.assert_allclose(found.vectors[:, 1], found.vectors[:, 2], atol=1e-4)
    assert np.abs(found.vectors[:, 0] - found.vectors[:, 1]).max() > 0.1


def test_labels_that_nobody_asked_about_are_not_pushed_down() -> None:
    features, kind = _made(60)
    two = kind < 2
    known = _targets(np.where(two, kind, 0))
    known[:, 2] = UNASKED
    start = _start(features)
    start.bias[2] = 0.7
    start.vectors[:, 2] = 0.3
    found = fit(features, known, start, EVEN)
    np.testing.assert_allclose(found.vectors[:, 2], 0.3, atol=1e-6)
    assert found.bias[2] == pytest.approx(0.7, abs=1e-6)
    assert np.abs(found.vectors[:, :2]).max() > 0.1


def test_rows_without_labels_are_left_out() -> None:
    features, kind = _made(60)
    known = _targets(kind)
    known[30:] = UNASKED
    some = fit(features, known, _start(features), EVEN)
    alone = fit(features.take(np.arange(30)), known[:30], _start(features), EVEN)
    np.testing.assert_array_equal(some.vectors, alone.vectors)
    np.testing.assert_array_equal(some.pieces, alone.pieces)


def test_a_strong_pull_keeps_what_it_starts_from() -> None:
    features, kind = _made(60)
    random = np.random.default_rng(3)
    start = Weights(*(random.normal(size=s).astype("f4") for s in ((4, 3), (2, 3), (6, 3), (3,))))
    kept = fit(features, _targets(kind), start, Ridge(1e7, 1e7, 1e7, 1e7))
    freed = fit(features, _targets(kind), start, Ridge(1e-2, 1e-2, 1e-2))
    for name in ("vectors", "cues", "pieces", "bias"):
        np.testing.assert_allclose(getattr(kept, name), getattr(start, name), atol=1e-3)
    assert np.abs(freed.vectors - start.vectors).max() > 0.3


def test_pieces_that_do_not_occur_keep_their_weights() -> None:
    features, kind = _made(60)
    start = _start(features)
    start.pieces[5] = (1, 2, 3)
    before = start.pieces.copy()
    found = fit(features, _targets(kind), start, EVEN)
    assert found.pieces[5].tolist() == [1, 2, 3]
    assert np.abs(found.pieces[:5]).max() > 0.05
    np.testing.assert_array_equal(start.pieces, before)


def test_nothing_to_learn_from_changes_nothing() -> None:
    features, _ = _made(6)
    start = _start(features)
    start.bias[:] = (1, 2, 3)
    found = fit(features, np.full((6, 3), UNASKED, np.int8), start, EVEN)
    assert found.bias.tolist() == [1, 2, 3]
    assert not found.vectors.any()
