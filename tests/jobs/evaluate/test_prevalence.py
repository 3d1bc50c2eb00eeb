"""Errors of told shares: beside those of counting, under shifted shares."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.evaluate.judgements import Judged, certain, constant, grouped
from jobs.evaluate.labelled import Labelled
from jobs.evaluate.prevalence import confusion, errors
from nlp.judgements.head import read_card
from nlp.judgements.labels import TASKS
from nlp.judgements.panel import card_of
from nlp.judgements.shelf import PACKAGED


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


def packaged(task: str) -> tuple[str, np.ndarray]:
    """Return the packaged judge's name as a measurement tells it, and its counts of posts."""
    card = read_card(PACKAGED, task)
    judge = card_of(card)
    return f"{judge.name}@{judge.version}", np.array(card.about["confusion"])


def test_errors_on_judged_posts_are_those_of_the_judge_that_is_measured() -> None:
    judge, counts = packaged("sentiment")
    groups = [(label,) for label in TASKS["sentiment"]]
    known = confusion("sentiment", judge, groups)
    assert known is not None
    assert known.tolist() == counts.tolist()
    turned = confusion("sentiment", judge, groups[::-1])
    assert turned is not None
    assert turned.tolist() == counts[::-1, ::-1].tolist()
    assert confusion("sentiment", f"{judge}, taught", groups) is None
    assert confusion("sentiment", f"other/{judge}", groups) is None


def test_errors_are_of_the_groups_that_the_data_tell_apart() -> None:
    judge, counts = packaged("hostility")
    known = confusion("hostility", judge, [("civil",), ("hostile", "personal")])
    assert known is not None
    assert known.sum() == counts.sum()
    assert known[1, 1] == counts[1:, 1:].sum()
    judge, _ = packaged("emotion")
    assert confusion("emotion", judge, [("anger",), ("joy",)]) is None


def test_what_is_told_where_the_usual_label_is_plainer_is_what_is_measured() -> None:
    """Neutral texts here are those that are surest: as mood tells them, moods are found."""
    chance = np.random.default_rng(2)
    pool = chance.dirichlet((0.3, 0.9, 0.8), size=4_000)
    gold = (chance.random(4_000)[:, None] > pool.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    kept = (gold != 1) | (chance.random(4_000) < pool[:, 1] ** 7)
    found, true = pool[kept].astype(np.float32), gold[kept].tolist()
    judged = Judged(found, found.argmax(axis=1), (0.15, 0.45, 0.40))
    known = np.array([[5.0, 8, 0], [13, 252, 15], [1, 10, 21]])
    assert errors(judged, true, 0, known)[0] < 0.8 * errors(judged, true, 0)[0]
