from __future__ import annotations

import pytest

from service.insights.agreement import wilson
from service.insights.heat.patterns import Cases, at_least, patterns


def test_the_chance_is_fishers() -> None:
    # Fisher's tea: of 8 cups 4 had milk first, and of the 4 chosen 3 were right, or 4.
    assert at_least(3, 4, 4, 8) == pytest.approx(17 / 70)
    assert at_least(4, 4, 4, 8) == pytest.approx(1 / 70)
    assert at_least(0, 4, 4, 8) == pytest.approx(1.0)
    assert at_least(0, 0, 0, 0) == 1.0
    assert at_least(8, 8, 8, 8) == 1.0


def test_only_what_chance_does_not_explain_is_told() -> None:
    parts = {name: Cases(2, 100, 2) for name in "abcdefgh"}
    assert patterns(parts) == []
    [found] = patterns({**parts, "loud": Cases(15, 100, 12)})
    assert (found.part, found.hit, found.tried, found.share) == ("loud", 15, 100, 0.15)
    assert (found.low, found.high) == wilson(15, 100)
    assert found.elsewhere == 0.02
    assert found.q < 0.001


def test_what_comes_in_two_threads_does_not_repeat() -> None:
    parts = {"a": Cases(0, 500, 0), "b": Cases(20, 100, 2)}
    assert patterns(parts) == []
    assert patterns({}) == []
    assert patterns({"only": Cases(9, 10, 9)}) == []


def test_many_parts_cost_what_many_tests_cost() -> None:
    # 4 of 20 against 1 in 20 elsewhere: rare for one part, not for the rarest of 168.
    alone = {"calm": Cases(50, 1000, 50), "hour": Cases(5, 20, 5)}
    assert [one.part for one in patterns(alone)] == ["hour"]
    hours = {hour: Cases(1, 20, 1) for hour in range(167)}
    assert patterns({**hours, 168: Cases(4, 20, 4)}) == []
