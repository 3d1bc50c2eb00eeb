"""Errors of told shares: beside those of counting, under shifted shares."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.evaluate.judgements import Judged, certain, constant, grouped
from jobs.evaluate.labelled import Labelled
from jobs.evaluate.prevalence import errors


def judged(prior: tuple[float, ...]) -> tuple[Judged, list[int]]:
    """Return calibrated judgements of overlapping normal deviates, drawn by their prior."""
    chance = np.random.default_rng(1)
    gold = chance.choice(len(prior), size=6_000, p=prior)
    seen = chance.normal(gold * 1.5, 1)[:, None]
    density = np.exp(-((seen - 1.5 * np.arange(len(prior))) ** 2) / 2) * np.array(prior)
    found = (density / density.sum(axis=1, keepdims=True)).astype(np.float32)
    return Judged(found, found.argmax(axis=1), prior), gold.tolist()


def test_estimated_shares_are_nearer_than_counted_ones() -> None:
    found, gold = judged((0.15, 0.7, 0.15))
    estimated, counted = errors(found, gold, 0)
    assert 0.01 < estimated < 0.04
    assert 2 * estimated < counted < 0.3
    assert errors(found, gold, 0) == (estimated, counted)
    assert errors(found, gold, 1) != (estimated, counted)


def test_a_wrong_prior_costs() -> None:
    found, gold = judged((0.1, 0.8, 0.1))
    even = Judged(found.probabilities, found.chosen)
    assert errors(found, gold, 0)[0] < errors(even, gold, 0)[0]


def test_who_is_always_right_is_off_by_nothing() -> None:
    gold = [0] * 5 + [1] * 3 + [2] * 9
    estimated, counted = errors(certain(gold, 3), gold, 0)
    assert estimated == pytest.approx(0, abs=2e-3)
    assert counted == 0


def test_one_label_always_is_as_far_off_as_shares_lie_apart() -> None:
    """Of two labels with an even share drawn each time, the mean distance from 1 is one half."""
    gold = [0] * 40 + [1] * 40
    _, counted = errors(constant(80, 2, 1), gold, 0)
    assert counted == pytest.approx(0.5, abs=0.06)


def test_labels_that_do_not_occur_are_never_drawn() -> None:
    assert errors(certain([1, 1], 3), [1, 1], 0) == pytest.approx((0, 0), abs=2e-3)


def test_the_prior_is_that_of_the_groups() -> None:
    data = Labelled("hostility", ["x"], (("civil",), ("hostile", "personal")), [0], [""])
    found = np.array([[0.5, 0.25, 0.25]], dtype=np.float32)
    assert grouped(found, (1, 1, 1), data, (0.8, 0.15, 0.05)).prior == pytest.approx((0.8, 0.2))
    some = Labelled("hostility", ["x"], (("hostile",), ("personal",)), [0], [""])
    assert grouped(found, (1, 1, 1), some, (0.8, 0.15, 0.05)).prior == pytest.approx((0.75, 0.25))
    assert grouped(found, (1, 1, 1), data).prior == ()
