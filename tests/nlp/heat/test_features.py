"""Features of the turns so far."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.heat import NAMES, WINDOW, Habits, Turn, prefixes
from nlp.heat.features import USUAL

CALM = "Thanks, maybe it works if the cache is cleared."
HOT = "You people never listen! Stop lying, this is ridiculous."


def value(rows: np.ndarray, name: str, at: int = -1) -> float:
    return float(rows[at, NAMES.index(name)])


def talk(*texts: str, who: tuple[int, ...] = (), gap: float | None = 60.0) -> list[Turn]:
    people = who or tuple(n % 2 for n in range(len(texts)))
    return [
        Turn(person, text, None if gap is None else gap * n)
        for n, (person, text) in enumerate(zip(people, texts, strict=True))
    ]


def test_there_is_a_row_for_every_turn() -> None:
    assert prefixes([]).shape == (0, len(NAMES))
    assert prefixes(talk(CALM)).shape == (1, len(NAMES))
    assert prefixes(talk(CALM, HOT, CALM)).shape == (3, len(NAMES))


def test_a_row_knows_nothing_of_what_comes_after() -> None:
    turns = talk(CALM, HOT, CALM, HOT, HOT)
    whole = prefixes(turns)
    for n in range(1, len(turns) + 1):
        assert np.array_equal(prefixes(turns[:n]), whole[:n])


def test_signs_come_and_fade() -> None:
    rows = prefixes(talk(CALM, HOT, HOT, CALM, CALM, CALM, CALM))
    bitter = rows[:, NAMES.index("bitter")]
    assert bitter[0] == 0 < bitter[1] < bitter[2]
    assert (np.diff(bitter[2:]) < 0).all()
    assert value(rows, "sharp_rise", 2) == 0
    assert value(rows, "sharp_rise", 3) > 0
    assert value(rows, "courtesy", 6) > value(rows, "courtesy", 2)


def test_unread_posts_are_usual_ones() -> None:
    unread = prefixes(talk(CALM, HOT))
    usual = [
        replace(turn, hostility=USUAL["hostile"], negative=USUAL["negative"], anger=USUAL["anger"])
        for turn in talk(CALM, HOT)
    ]
    assert np.array_equal(unread, prefixes(usual))
    hot = [replace(turn, hostility=0.9, negative=1.0, anger=0.8) for turn in usual]
    for name in ("hostile", "negative", "anger", "worst"):
        assert value(prefixes(hot), name) > value(unread, name) == 0


def test_deleted_posts_change_nothing() -> None:
    turns = talk(CALM, HOT, HOT)
    gone = [turns[0], Turn(1, "", 30.0, hostility=0.9), turns[1], Turn(0, "  "), turns[2]]
    assert np.array_equal(prefixes(gone)[[0, 2, 4]], prefixes(turns))
    assert np.array_equal(prefixes(gone)[1], prefixes(turns)[0])
    assert not prefixes([Turn(0, ""), Turn(1, "")]).any()


def test_two_people_go_back_and_forth() -> None:
    both = prefixes(talk(*[CALM] * 6))
    many = prefixes(talk(*[CALM] * 6, who=(0, 1, 2, 3, 4, 5)))
    alone = prefixes(talk(*[CALM] * 6, who=(0,) * 6))
    unknown = prefixes(talk(*[CALM] * 6, who=(-1,) * 6))
    assert value(both, "back_and_forth") == pytest.approx(math.log(5))
    assert [value(rows, "back_and_forth") for rows in (many, alone, unknown)] == [0, 0, 0]


def test_many_are_against_one() -> None:
    against = prefixes(talk(HOT, HOT, CALM, HOT, CALM, HOT, who=(1, 2, 0, 3, 0, 4)))
    assert value(against, "against_one") == pytest.approx(math.log(4))
    assert value(prefixes(talk(*[CALM] * 6, who=(1, 2, 0, 3, 0, 4))), "against_one") == 0


@pytest.mark.parametrize("gap", [None, 0.0, math.nan, 60.0])
def test_there_is_no_haste_without_times_or_habit(gap: float | None) -> None:
    assert value(prefixes(talk(*[CALM] * 3, gap=gap)), "haste") == 0


def test_haste_is_against_the_habit() -> None:
    turns = talk(*[CALM] * 5, gap=60.0)
    assert value(prefixes(turns, Habits(gap=600.0)), "haste") == pytest.approx(math.log(10))
    assert value(prefixes(turns, Habits(gap=30.0)), "haste") == 0


def test_newcomers_and_the_past_of_two() -> None:
    turns = talk(CALM, CALM)
    new = [replace(turns[0], newcomer=True), turns[1]]
    assert value(prefixes(new), "newcomer") == 1
    assert value(prefixes(new[:1]), "newcomer") == 0
    assert value(prefixes(turns, Habits(met={(0, 1): 0.5})), "past") == 0.5


def test_what_is_new_is_read_by_itself() -> None:
    turns = talk(*[CALM, HOT, CALM, CALM] * 50)
    whole = prefixes(turns)
    tail = prefixes(turns[-WINDOW - 3 :], start=WINDOW)
    assert tail.shape == (3, len(NAMES))
    assert np.allclose(tail, whole[-3:], atol=1e-6)
    for start in (0, 1, 59, 60, 61, 130, 199, 200):
        assert np.array_equal(prefixes(turns, start=start), whole[start:])


def test_a_thread_of_5_000_posts_is_read_at_once() -> None:
    turns = talk(*[f"{HOT} {n}" if n % 7 == 0 else CALM for n in range(5_000)])
    started = time.perf_counter()
    rows = prefixes(turns)
    assert np.isfinite(rows).all()
    assert time.perf_counter() - started < 5


TEXTS = st.sampled_from(["", " ", CALM, HOT, "\u4f60\u597d", "!!!", "@a you?", "\ud800"])
TURNS = st.builds(
    Turn,
    who=st.integers(-1, 3),
    text=TEXTS,
    at=st.none() | st.floats(),
    hostility=st.just(math.nan) | st.floats(0, 1),
    newcomer=st.booleans(),
)


@given(st.lists(TURNS, max_size=12), st.floats())
def test_rows_are_finite_whatever_comes(turns: list[Turn], gap: float) -> None:
    rows = prefixes(turns, Habits(gap=gap))
    assert rows.shape == (len(turns), len(NAMES))
    assert np.isfinite(rows).all()
