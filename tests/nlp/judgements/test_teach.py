"""Teaching: folds, temperature, lean, and how far labels of one's own bend a head."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nlp.judgements.features import Features, Weights, softmax
from nlp.judgements.fit import Ridge
from nlp.judgements.head import Head, HeadCard
from nlp.judgements.labels import TASKS, TRUE, UNASKED, Targets, loss
from nlp.judgements.teach import Plan, folds, prior, scaled, teach, temperature
from tests.nlp.judgements.drawn import card as _card
from tests.nlp.judgements.drawn import drawn as _drawn
from tests.nlp.judgements.drawn import numbered as _targets


def _start(task: str = "sentiment") -> Head:
    """Return a head that reads its labels off the first dimensions of the vectors."""
    labels = len(TASKS[task])
    shapes = ((2, labels), (8, labels), (labels,))
    cues, pieces, bias = (np.zeros(shape, np.float32) for shape in shapes)
    return Head(_card(task), Weights(np.eye(4, labels, dtype=np.float32), cues, pieces, bias))


def _features(vectors: NDArray[np.float64]) -> Features:
    count = len(vectors)
    return Features(
        vectors.astype(np.float32),
        np.zeros((count, 2), np.float32),
        csr_array((count, 8), dtype=np.float32),
        np.arange(count),
        count,
    )


def test_folds_hold_every_text_once_and_each_label_evenly() -> None:
    numbers = np.array([0] * 50 + [1] * 10 + [2] * 7)
    known = np.vstack([_targets("sentiment", numbers), np.full((3, 3), UNASKED)]).astype(np.int8)
    seen = []
    for learn, rest in folds(known, 5, seed=0):
        assert sorted([*learn, *rest]) == list(range(70))
        counts = np.bincount(numbers[rest[rest < 67]], minlength=3)
        assert (counts[0], counts[1]) == (10, 2)
        assert counts[2] in (1, 2)
        seen += rest.tolist()
    assert sorted(seen) == list(range(70))


def test_folds_are_those_of_the_seed() -> None:
    known = _targets("sentiment", np.arange(30) % 3)
    one, same, other = ([rest.tolist() for _, rest in folds(known, 5, seed)] for seed in (1, 1, 2))
    assert one == same != other


def test_loss_by_hand() -> None:
    shares = np.array([[0.5, 0.3, 0.2], [0.2, 0.4, 0.4], [0.6, 0.2, 0.2]], dtype=np.float32)
    known = np.array([[1, 0, 0], [0, 1, 1], [1, 0, UNASKED]], dtype=np.int8)
    expected = -np.log([0.5, 0.8, 0.75]).mean()
    assert loss(shares, known) == pytest.approx(expected, abs=1e-6)
    more = np.vstack([known, np.full((1, 3), UNASKED, np.int8)])
    assert loss(np.vstack([shares, shares[:1]]), more) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("heat", [0.5, 1.0, 2.5])
def test_temperature_recovers_the_heat_that_was_planted(heat: float) -> None:
    random = np.random.default_rng(1)
    scores = random.normal(size=(6_000, 3), scale=1.5).astype(np.float32)
    known = _targets("sentiment", _drawn(softmax(scores), random))
    assert temperature(scores * np.float32(heat), known) == pytest.approx(heat, rel=0.06)


def test_a_few_easy_texts_do_not_make_boundlessly_sure() -> None:
    sure = np.eye(3, dtype=np.float32)[np.arange(30) % 3]
    few = temperature(sure, _targets("sentiment", np.arange(30) % 3))
    many = temperature(np.tile(sure, (100, 1)), _targets("sentiment", np.arange(3_000) % 3))
    assert 0.2 < many < 0.25 < 0.35 < few < 0.4


def test_the_prior_shares_coarse_labels_out() -> None:
    known = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 1], [-1, -1, -1]], dtype=np.int8)
    card = HeadCard("hostility", "o", "v", TASKS["hostility"], (0.7, 0.2, 0.1), (1, 1, 1), "r")
    # Half a text is added to each label.
    expected = [2.5 / 4.5, (2 / 3 + 0.5) / 4.5, (1 / 3 + 0.5) / 4.5]
    assert prior(known, card) == pytest.approx(expected, abs=1e-6)
    assert sum(prior(known, card)) == pytest.approx(1, abs=1e-5)


def test_the_prior_of_labels_that_nobody_was_asked_about_stays() -> None:
    known = np.array([[1, 0, UNASKED], [0, 1, UNASKED], [1, 0, UNASKED]], dtype=np.int8)
    card = HeadCard("hostility", "o", "v", TASKS["hostility"], (0.5, 0.1, 0.4), (1, 1, 1), "r")
    expected = [0.6 * 2.5 / 4, 0.6 * 1.5 / 4, 0.4]
    assert prior(known, card) == pytest.approx(expected, abs=1e-6)


def test_a_stronger_ridge_leaves_the_bias_free() -> None:
    assert scaled(Ridge(1, 2, 3, 4), 10) == Ridge(10, 20, 30, 4)


def _lessons(count: int, seed: int, *, turned: bool) -> tuple[Features, Targets]:
    """Return texts whose labels are those that `_start` reads, or the next ones to them."""
    random = np.random.default_rng(seed)
    numbers = random.integers(3, size=count)
    vectors = random.normal(size=(count, 4), scale=0.6)
    vectors[np.arange(count), numbers] += 2
    return _features(vectors), _targets("sentiment", (numbers + turned) % 3)


def _agreement(one: Head, features: Features, known: Targets) -> float:
    named = one.choice(one.probabilities(features))[0]
    return float((named == (known == TRUE).argmax(axis=1)).mean())


def test_many_labels_remake_a_head() -> None:
    many = teach(*_lessons(900, 2, turned=True), _start(), Plan())
    assert _agreement(_start(), *_lessons(400, 3, turned=True)) < 0.05
    assert _agreement(many, *_lessons(400, 3, turned=True)) > 0.95


def test_few_labels_leave_what_a_head_knows() -> None:
    few = teach(*_lessons(24, 1, turned=False), _start(), Plan())
    assert _agreement(few, *_lessons(400, 4, turned=False)) > 0.95


def test_labels_that_tell_nothing_are_held_at_arms_length() -> None:
    features, _ = _lessons(24, 2, turned=False)
    noise = _targets("sentiment", np.random.default_rng(52).integers(3, size=24))
    taught = teach(features, noise, _start(), Plan())
    held = taught.card.about["held_out"]
    assert held["strength"] >= 1.0
    assert held["temperature"] > 1.5
    sure = taught.probabilities(_lessons(400, 4, turned=False)[0]).max(axis=1)
    assert sure.mean() < 0.8


def test_the_card_tells_what_was_found_on_texts_held_out() -> None:
    taught = teach(*_lessons(120, 5, turned=True), _start(), Plan(folds=4))
    held = taught.card.about["held_out"]
    assert held["folds"] == 4
    assert held["log_loss"] < held["log_loss_before"]
    assert held["strength"] in (0.1, 1.0, 10.0)
    assert taught.card.task == "sentiment"
    assert sum(taught.card.prior) == pytest.approx(1, abs=1e-4)


def test_equal_lessons_make_equal_heads() -> None:
    one, other = (teach(*_lessons(60, 6, turned=False), _start(), Plan(seed=4)) for _ in range(2))
    assert one.card == other.card
    np.testing.assert_array_equal(one.weights.vectors, other.weights.vectors)
    np.testing.assert_array_equal(one.weights.bias, other.weights.bias)
