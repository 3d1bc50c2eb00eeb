from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.insights.agreement import wilson
from service.insights.heat import record
from service.insights.heat.record import Fact

AT = datetime(2026, 2, 28, 12, tzinfo=UTC)  # a Saturday


def fact(
    status: str, reason: str | None = None, channel: str = "a", days: int = 0, peak: float = 0.5
) -> Fact:
    return Fact(AT - timedelta(days=days), peak, status, reason, channel)


FACTS = [
    fact("confirmed"), fact("confirmed", days=7), fact("dismissed", "banter"),
    fact("dismissed", "banter", "b"), fact("dismissed", None, "b"), fact("withdrawn"),
    fact("open"), fact("snoozed", days=5),
]  # fmt: skip


def test_precision_is_of_what_people_decided() -> None:
    found = record.tally(FACTS)
    assert (found.flags, found.confirmed, found.dismissed) == (8, 2, 3)
    assert (found.withdrawn, found.waiting, found.precision) == (1, 2, 0.4)
    assert (found.low, found.high) == wilson(2, 5)
    empty = record.tally([])
    assert (empty.flags, empty.precision, empty.low) == (0, None, None)


def test_flags_a_week_with_the_limits_of_a_poisson_count() -> None:
    found = record.rate(10, timedelta(days=14))
    assert found is not None
    # Exact 90 % limits of a count of 10 are 5.425 and 16.962.
    assert (found.weeks, found.flags) == (2.0, 5.0)
    assert (found.low, found.high) == pytest.approx((2.71, 8.48), abs=0.02)
    none = record.rate(0, timedelta(days=7))
    assert none is not None
    assert (none.low, none.flags) == (0.0, 0.0)
    assert none.high == pytest.approx(3.0, abs=0.15)  # -ln(.05)
    assert record.rate(0, timedelta(0)) is None


def test_parts() -> None:
    assert record.reasons(FACTS) == {"banter": 2, None: 1}
    weeks = record.by(FACTS, record.week)
    monday = datetime(2026, 2, 23, tzinfo=UTC)
    assert {day: one.flags for day, one in weeks.items()} == {
        monday: 7, monday - timedelta(days=7): 1,
    }  # fmt: skip
    assert record.by(FACTS, lambda one: one.channel)["b"].dismissed == 2
    assert record.hour(FACTS[0]) == (5, 12)


def test_the_first_of_each_week_are_the_hottest() -> None:
    facts = [
        fact("dismissed", peak=0.6), fact("confirmed", peak=0.9), fact("confirmed", peak=0.7),
        fact("dismissed", days=7, peak=0.4),
    ]  # fmt: skip
    found = record.first(facts, 2)
    assert [one.peak for one in found] == [0.9, 0.7, 0.4]
    assert record.tally(found).precision == pytest.approx(2 / 3)
    assert record.first(facts, 9) == facts
