"""Targets: what is known of each label of a text."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.judgements.labels import FALSE, TASKS, TRUE, UNASKED, known, targets

CIVIL, HOSTILE, PERSONAL = "civil", "hostile", "personal"


def test_a_label_is_true_and_the_others_are_not() -> None:
    rows = targets(TASKS["sentiment"], [["neutral"], ["positive"]])
    assert rows.dtype == np.int8
    assert rows.tolist() == [[FALSE, TRUE, FALSE], [FALSE, FALSE, TRUE]]


def test_a_coarse_label_is_every_finer_one() -> None:
    rows = targets(TASKS["hostility"], [[HOSTILE, PERSONAL], [CIVIL]])
    assert rows.tolist() == [[FALSE, TRUE, TRUE], [TRUE, FALSE, FALSE]]


def test_labels_that_nobody_asked_about_stay_open() -> None:
    asked = [[CIVIL, HOSTILE], None, []]
    rows = targets(TASKS["hostility"], [[CIVIL], [CIVIL], [CIVIL]], asked)
    assert rows.tolist() == [
        [TRUE, FALSE, UNASKED],
        [TRUE, FALSE, FALSE],
        [TRUE, FALSE, FALSE],
    ]


def test_a_text_without_a_label_is_open_in_all() -> None:
    rows = {"hostility": targets(TASKS["hostility"], [None, [CIVIL]])}
    assert rows["hostility"][0].tolist() == [UNASKED] * 3
    assert known(rows, "hostility").tolist() == [False, True]


def test_labels_of_no_text_are_no_rows() -> None:
    assert targets(TASKS["intent"], []).shape == (0, 9)


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(KeyError, match="rude"):
        targets(TASKS["hostility"], [["rude"]])


def test_civil_is_the_first_label_of_hostility() -> None:
    """Its number is one minus the probability of the first column."""
    assert TASKS["hostility"][0] == CIVIL
    assert all(len(set(labels)) == len(labels) for labels in TASKS.values())
