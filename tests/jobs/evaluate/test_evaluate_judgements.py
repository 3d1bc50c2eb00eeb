"""Figures of choices, against those that a person counts."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.evaluate.judgements import (
    BINS,
    FEATURE,
    Judged,
    calibration_error,
    certain,
    constant,
    figures,
    grouped,
)
from jobs.evaluate.labelled import HOSTILE, Labelled

CIVIL = ("civil",)


def hostility(gold: list[int]) -> Labelled:
    return Labelled("hostility", ["x"] * len(gold), (CIVIL, HOSTILE), gold, [""] * len(gold))


def test_groups_are_sums_of_their_labels() -> None:
    shares = np.array([[0.45, 0.3, 0.25], [0.6, 0.1, 0.3]], dtype=np.float32)
    found = grouped(shares, (1, 1, 1), hostility([1, 0]))
    np.testing.assert_allclose(found.probabilities, [[0.45, 0.55], [0.6, 0.4]], atol=1e-6)
    assert found.chosen.tolist() == [1, 0]
    leaning = grouped(shares, (0.5, 1, 1), hostility([1, 0]))
    assert leaning.chosen.tolist() == [1, 1]
    np.testing.assert_array_equal(leaning.probabilities, found.probabilities)


def test_labels_that_the_data_do_not_know_take_no_part() -> None:
    shares = np.array([[0.1, 0.8, 0.1], [0.0, 1.0, 0.0]], dtype=np.float32)
    data = Labelled("sentiment", ["x", "y"], (("negative",), ("positive",)), [0, 1], ["", ""])
    found = grouped(shares, (1, 1, 2), data)
    np.testing.assert_allclose(found.probabilities[0], [0.5, 0.5], atol=1e-6)
    assert found.probabilities[1].tolist() == [0, 0]
    assert found.chosen.tolist() == [1, 0]


def test_figures_of_one_class() -> None:
    """Of 5 hostile texts 3 are found, beside 1 of 5 civil ones."""
    gold = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    chosen = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    found = figures(
        certain(chosen, 2),
        gold,
        ("accuracy", "precision", "recall", "f1", "macro_f1", "macro_recall", "roc_auc"),
        (CIVIL, HOSTILE),
    )
    assert found == pytest.approx({
        "accuracy": 0.7,
        "precision": 3 / 4,
        "recall": 3 / 5,
        "f1": 2 / 3,
        "macro_f1": (2 / 3 + 8 / 11) / 2,
        "macro_recall": (3 / 5 + 4 / 5) / 2,
        "roc_auc": 0.7,
    })  # fmt: skip


def test_figures_of_ranks_go_by_the_second_group() -> None:
    shares = np.array([[0.1, 0.9], [0.4, 0.6], [0.7, 0.3], [0.8, 0.2]], dtype=np.float32)
    judged = Judged(shares, shares.argmax(axis=1))
    found = figures(judged, [1, 0, 1, 0], ("roc_auc", "average_precision"), (CIVIL, HOSTILE))
    assert found["roc_auc"] == 3 / 4
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)


def test_feature_requests_have_a_figure_of_their_own() -> None:
    groups = (("question",), FEATURE, ("bug_report",))
    found = figures(certain([0, 1, 1, 2], 3), [0, 1, 2, 1], ("feature_f1",), groups)
    assert found["feature_f1"] == 0.5
    none = figures(certain([0, 1], 2), [0, 1], ("feature_f1",), (("question",), ("answer",)))
    assert none["feature_f1"] == 0


def test_nothing_found_is_zero_and_no_warning() -> None:
    found = figures(
        constant(4, 2, 0), [0, 0, 1, 1], ("f1", "precision", "recall"), (CIVIL, HOSTILE)
    )
    assert set(found.values()) == {0.0}


def test_where_all_texts_are_of_one_side_nothing_is_ranked() -> None:
    names = ("accuracy", "roc_auc", "average_precision", "recall")
    found = figures(certain([0, 1], 2), [0, 0], names, (CIVIL, HOSTILE))
    assert found == {"accuracy": 0.5, "recall": 0.0}
    assert figures(certain([0, 1], 2), [1, 1], names, (CIVIL, HOSTILE)).keys() == found.keys()


def test_means_are_over_the_labels_that_occur() -> None:
    groups = (("negative",), ("neutral",), ("positive",))
    found = figures(certain([0, 1, 2], 3), [0, 0, 2], ("macro_f1", "macro_recall"), groups)
    assert found == pytest.approx({"macro_f1": (2 / 3 + 1) / 2, "macro_recall": 0.75})


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    """Four of .9 of which three are right, and one of .55 that is wrong: the means of two bins."""
    sure = np.array([0.9, 0.9, 0.9, 0.9, 0.55])
    found = Judged(np.stack([sure, 1 - sure], axis=1).astype(np.float32), np.zeros(5, np.int64))
    gold = np.array([0, 0, 0, 1, 1])
    assert calibration_error(found, gold) == pytest.approx(0.8 * 0.15 + 0.2 * 0.55)
    certainly = Judged(np.eye(2, dtype=np.float32), np.arange(2))
    assert calibration_error(certainly, np.array([0, 1])) == 0
    assert calibration_error(certainly, np.array([1, 0])) == 1
    assert BINS == 15


def test_rules_are_sure_or_of_nothing() -> None:
    always = constant(3, 4, 2)
    assert always.chosen.tolist() == [2, 2, 2]
    assert (always.probabilities == 0.25).all()
    assert certain([1, 0], 2).probabilities.tolist() == [[0, 1], [1, 0]]
