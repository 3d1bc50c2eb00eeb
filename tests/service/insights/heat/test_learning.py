"""Verdicts move the shipped weights, no further than they say."""

from __future__ import annotations

import numpy as np
import pytest

from service.insights.heat.learning import LEAST_VERDICTS, learn, likenesses

WEIGHTS = np.array([1.0, 0.5, 0.0])
BIAS = -1.0


def flags(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, list[str | None], np.ndarray]:
    """Return flags of a moderator who dismisses what is technical, whatever its first feature."""
    chance = np.random.default_rng(seed)
    technical = chance.random(count) < 0.5
    rows = chance.normal(size=(count, 3))
    rows[:, 0] += 1
    vectors = chance.normal(size=(count, 16)) * 0.3
    vectors[:, 0] += np.where(technical, 1.0, -1.0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    confirmed = ~technical & (chance.random(count) < 0.9)
    reasons = ["technical" if one else None for one in technical]
    return rows, confirmed, reasons, vectors


def test_too_few_verdicts_teach_nothing() -> None:
    rows, confirmed, reasons, vectors = flags(LEAST_VERDICTS - 1)
    assert learn(rows, confirmed, reasons, vectors, WEIGHTS, BIAS) is None
    rows, confirmed, reasons, vectors = flags(LEAST_VERDICTS)
    assert learn(rows, confirmed & False, reasons, vectors, WEIGHTS, BIAS) is None
    assert learn(rows, confirmed, reasons, vectors, WEIGHTS, BIAS) is not None


def test_what_is_dismissed_for_a_reason_is_known_again() -> None:
    rows, confirmed, reasons, vectors = flags(200)
    found = learn(rows, confirmed, reasons, vectors, WEIGHTS, BIAS)
    assert found is not None
    assert [one.reason for one in found.likenesses] == ["technical"]
    assert found.likeness_weights[0] < -1
    rows, confirmed, _, vectors = flags(400, seed=2)
    shipped = rows @ WEIGHTS + BIAS
    before = confirmed[np.argsort(-shipped)[:20]].mean()
    after = confirmed[np.argsort(-found.logit(rows, vectors))[:20]].mean()
    assert after > before + 0.2
    assert after >= 0.85


def test_a_weight_that_verdicts_say_nothing_about_stays() -> None:
    rows, confirmed, reasons, vectors = flags(60)
    rows[:, 2] = 0
    found = learn(rows, confirmed, reasons, vectors, WEIGHTS, BIAS)
    assert found is not None
    assert found.weights[2] == pytest.approx(WEIGHTS[2], abs=1e-9)


def test_the_order_of_verdicts_changes_nothing() -> None:
    rows, confirmed, reasons, vectors = flags(80)
    order = np.random.default_rng(3).permutation(80)
    one = learn(rows, confirmed, reasons, vectors, WEIGHTS, BIAS)
    other = learn(
        rows[order], confirmed[order], [reasons[n] for n in order], vectors[order], WEIGHTS, BIAS
    )
    assert one is not None
    assert other is not None
    assert other.weights == pytest.approx(one.weights)


def test_rare_reasons_are_no_feature() -> None:
    rows, confirmed, _, vectors = flags(60)
    reasons = ["banter", "banter", *[None] * 58]
    assert likenesses(vectors, confirmed, reasons) == ()
    assert likenesses(np.empty((60, 0)), confirmed, reasons) == ()
    assert rows.shape == (60, 3)
