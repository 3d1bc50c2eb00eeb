from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.insights.agreement import Agreed, agreed, wilson


@pytest.mark.parametrize(
    ("hits", "trials", "level", "low", "high"),
    [
        (81, 263, 0.95, 0.2553, 0.3662),  # Newcombe (1998), table I, method 3
        (15, 148, 0.95, 0.0624, 0.1605),
        (0, 20, 0.95, 0.0, 0.1611),
        (1, 29, 0.95, 0.0061, 0.1718),
        (5, 10, 0.9, 0.2693, 0.7307),
    ],
)
def test_intervals_are_those_of_the_literature(
    hits: int, trials: int, level: float, low: float, high: float
) -> None:
    assert wilson(hits, trials, level=level) == pytest.approx((low, high), abs=5e-5)


def test_the_ends_are_the_ends() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0


@given(st.integers(1, 10_000), st.data())
def test_an_interval_holds_its_share_and_narrows_with_trials(trials: int, data) -> None:
    hits = data.draw(st.integers(0, trials))
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1
    mirrored = wilson(trials - hits, trials)
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)
    wide, narrow = high - low, wilson(4 * hits, 4 * trials)
    assert narrow[1] - narrow[0] < wide


@pytest.mark.parametrize(("hits", "trials", "level"), [(2, 1, 0.9), (-1, 1, 0.9), (1, 2, 1.0)])
def test_no_share_is_refused(hits: int, trials: int, level: float) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(hits, trials, level=level)


def test_what_the_judge_left_open_is_counted_apart() -> None:
    rows = [("a", "a", 5), ("a", "b", 3), ("b", "a", 2), (None, "a", 4)]
    found = agreed(rows)
    assert (found.reviewed, found.agreeing, found.abstained) == (10, 5, 4)
    assert found.share == 0.5
    assert (found.low, found.high) == wilson(5, 10)
    assert agreed([(None, "a", 4)]) == Agreed(0, 0, 4, None, None, None)
    assert agreed([]) == Agreed(0, 0, 0, None, None, None)
