from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from service.insights.heat.rank import HALF_LIFE, harm, priority, standing, worth

AT = datetime(2026, 2, 28, 12, tzinfo=UTC)


def test_harm_grows_with_hostile_posts_and_a_newcomer() -> None:
    assert [harm(0, False), harm(2, False), harm(0, True)] == [1.0, 1.5, 1.5]
    assert harm(8, False) == harm(5_000, False) == 3.0


def test_priority_is_heat_times_harm_halved_each_day() -> None:
    found = standing(0.8, 2, True, AT)
    most = worth(0.8, 2, True)
    assert priority(found, most, AT) == pytest.approx(1.6, rel=1e-5)
    assert priority(found, most, AT + HALF_LIFE) == pytest.approx(0.8, rel=1e-5)


def test_what_lies_ahead_is_no_more_than_new() -> None:
    found = standing(0.8, 2, True, AT)
    for earlier in (timedelta(minutes=1), timedelta(days=5_000)):
        assert priority(found, worth(0.8, 2, True), AT - earlier) == pytest.approx(1.6)


def test_the_order_hangs_on_no_clock() -> None:
    flags = [(0.9, 0, False, AT), (0.6, 4, True, AT - timedelta(hours=20)),
             (0.5, 0, False, AT + timedelta(hours=10)), (0.0, 0, False, AT)]  # fmt: skip
    order = sorted((standing(*flag) for flag in flags), reverse=True)
    for later in (timedelta(0), timedelta(days=3), timedelta(days=400)):
        shown = [priority(one, 9.0, AT + later) for one in order]
        assert all(one > other for one, other in pairwise(shown))
