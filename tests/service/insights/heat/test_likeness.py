from __future__ import annotations

import pytest

from service.insights.heat.likeness import nearest


def test_the_most_similar_come_first() -> None:
    others = [{"a": 9.0, "b": 0.0}, {"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.5}]
    found = nearest({"a": 1.0, "b": 1.0}, others, most=2)
    assert [place for place, _ in found] == [1, 2]
    assert found[0][1] == 1.0
    assert found[0][1] > found[1][1] > 0


def test_features_count_alike_whatever_their_scale() -> None:
    others = [{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1_000.0}]
    one, other = nearest({"a": 0.0, "b": 0.0}, others)
    assert (one[0], other[0]) == (0, 1)
    assert one[1] == pytest.approx(other[1])


@pytest.mark.parametrize("others", [[], [{"z": 1.0}]])
def test_without_a_shared_feature_there_is_none(others: list[dict[str, float]]) -> None:
    assert nearest({"a": 1.0}, others) == []


def test_missing_numbers_and_equal_features_are_no_error() -> None:
    same = {"a": float("nan"), "b": 2.0}
    assert nearest(same, [same]) == [(0, 1.0)]
