"""Reasons in words, with the sentence, and where a thread turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlp.heat import NAMES, HeatModel, Turn, prefixes, reasons, turning
from nlp.heat.features import OPENING
from nlp.heat.words import HIGH, LOW, told

EVEN = HeatModel("1", NAMES, np.zeros(len(NAMES)), np.ones(len(NAMES)), np.zeros(len(NAMES)), 0.0)
TURNS = [
    Turn(0, "How is the port set?"),
    Turn(1, "Read the docs. This is ridiculous! It takes a minute."),
    Turn(0, "It is 8080 then."),
]


def weighing(**weights: float) -> HeatModel:
    table = np.array([weights.get(name, 0.0) for name in NAMES])
    return replace(EVEN, weights=table)


def test_every_feature_has_words() -> None:
    assert set(HIGH) | set(OPENING) == set(NAMES)
    assert set(LOW) <= set(HIGH)
    for name in NAMES:
        assert told(name, True)[0].isupper()
    assert told("opening_bitter", False) == f"Not so at the opening: {HIGH['bitter']}"


def test_the_strongest_come_first_with_their_sentences() -> None:
    model = weighing(bitter=2.0, question=1.0, hedge=-5.0)
    found = reasons(model, TURNS, prefixes(TURNS), 2)
    assert [(one.name, one.turn) for one in found] == [("bitter", 1), ("question", 0)]
    assert [TURNS[one.turn].text[one.start : one.end] for one in found] == [
        "This is ridiculous!",
        "How is the port set?",
    ]
    assert found[0].words == HIGH["bitter"]
    assert found[0].weight > found[1].weight > 0


def test_what_is_missing_is_told_as_missing() -> None:
    model = replace(weighing(courtesy=-1.0), mean=np.ones(len(NAMES)))
    (found,) = reasons(model, TURNS, prefixes(TURNS), 1)
    assert (found.words, found.turn, found.start, found.end) == (LOW["courtesy"], 1, 0, 0)


def test_an_opening_is_shown_in_the_opening() -> None:
    found = reasons(weighing(opening_question=1.0), TURNS, prefixes(TURNS), 2)
    assert [(one.turn, one.start, one.end) for one in found] == [(0, 0, 20)]


def test_the_hostile_post_is_the_one_shown() -> None:
    turns = [TURNS[0], replace(TURNS[1], hostility=0.9), replace(TURNS[2], hostility=0.1)]
    (found,) = reasons(weighing(worst=1.0), turns, prefixes(turns), 2)
    assert found.turn == 1
    assert turns[1].text[found.start : found.end] == "This is ridiculous!"


def test_nothing_speaks_for_a_calm_thread() -> None:
    assert reasons(EVEN, TURNS, prefixes(TURNS), 2) == []
    with pytest.raises(IndexError):
        reasons(EVEN, TURNS, prefixes(TURNS), 3)


@pytest.mark.parametrize("most", [0, 1, 2])
def test_no_more_are_told_than_asked_for(most: int) -> None:
    model = weighing(bitter=2.0, question=1.0, demand=1.0)
    assert len(reasons(model, TURNS, prefixes(TURNS), 2, most=most)) == most


@pytest.mark.parametrize(
    ("heats", "turn"),
    [
        ([], 0),
        ([0.9], 0),
        ([0.1, 0.1, 0.1], 0),
        ([0.9, 0.5, 0.1], 0),
        ([0.1, 0.1, 0.8, 0.9], 2),
        ([0.1, 0.1, 0.2, 0.1, 0.7], 4),
        ([0.1, 0.8, 0.9, 0.1, 0.1, 0.1], 1),
    ],
)
def test_a_thread_turns_where_its_heat_rose(heats: list[float], turn: int) -> None:
    assert turning(heats) == turn
