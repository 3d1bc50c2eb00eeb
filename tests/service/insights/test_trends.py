"""Trends on counts that were drawn: bursts of people are found, loud accounts are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from service.insights import trends
from service.insights.trends import DAYS, Options
from service.insights.trends.tails import middle

AS_OF = datetime(2024, 10, 6, tzinfo=UTC)


def quiet(topics: int, rate: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate, size=(topics, DAYS))


def rising(counts: np.ndarray, active: int = 100) -> list[int]:
    found = trends.surprise(counts, counts.sum(axis=0), active)
    return np.flatnonzero(found.rising).tolist()


def test_a_burst_of_people_rises() -> None:
    counts = quiet(40, 1.5, seed=1)
    counts[7, -1] = 14
    found = trends.surprise(counts, counts.sum(axis=0), 100)
    assert np.flatnonzero(found.rising).tolist() == [7]
    assert found.observed[7] == 14
    assert 0.8 < found.expected[7] < 3
    assert found.q[7] < 0.01


def test_calm_topics_seldom_rise() -> None:
    found = []
    for seed in range(120):
        counts = quiet(50, 2.0, seed=seed)
        found.append(trends.surprise(counts, counts.sum(axis=0), 100))
    # Benjamini and Hochberg at 0.1: where nothing rises, something is shown in one of ten at most.
    assert sum(bool(one.rising.any()) for one in found) <= 12
    p = np.concatenate([one.p for one in found])
    for level in (0.05, 0.01, 0.002):
        assert (p <= level).mean() <= level


def test_a_busy_day_for_everybody_is_no_trend() -> None:
    counts = quiet(40, 4.0, seed=2)
    counts[:, -1] = np.random.default_rng(3).poisson(4.0 * 2.2, size=40)
    assert len(rising(counts)) <= 1


def test_a_weekday_that_is_always_busy_is_no_trend() -> None:
    weekly = np.where(np.arange(DAYS) % 7 == (DAYS - 1) % 7, 3.0, 1.0)
    counts = np.random.default_rng(4).poisson(3.0 * weekly, size=(40, DAYS))
    assert len(rising(counts)) <= 1


def test_two_days_together_find_a_burst_that_one_would_miss() -> None:
    counts = np.ones((30, DAYS), dtype=np.int64)
    counts[3, -2:] = 6
    assert rising(counts) == [3]


def test_a_rise_needs_more_people_in_a_larger_community() -> None:
    counts = np.zeros((20, DAYS), dtype=np.int64)
    counts[0, -1], counts[1, -1], counts[2, -1], counts[19, 0] = 2, 4, 5, 1
    assert rising(counts, active=10) == [1, 2]
    assert rising(counts, active=250) == [2]
    assert rising(counts, active=1_000) == []
    assert [trends.support(active, Options()) for active in (10, 249, 250, 274, 1_000)] == [
        3, 5, 5, 6, 20,
    ]  # fmt: skip


def test_a_rise_that_is_a_week_old_still_rises() -> None:
    counts = quiet(30, 0.5, seed=6)
    counts[5, -8:] = 15
    assert 5 in rising(counts)


@pytest.mark.parametrize("days", [7, 14, 21])
def test_a_young_archive_is_not_judged(days: int) -> None:
    counts = quiet(40, 6.0, seed=8)
    counts[:, : DAYS - days] = 0
    found = trends.surprise(counts, counts.sum(axis=0), 100)
    assert not found.rising.any()
    assert found.p.tolist() == [1.0] * 40
    assert found.history == max(0, days - (DAYS - trends.BASELINE_DAYS))


@pytest.mark.parametrize("days", [40, 50])
def test_an_archive_of_some_weeks_is_judged_by_those(days: int) -> None:
    shown = 0
    for seed in range(10):
        counts = quiet(40, 6.0, seed=seed)
        counts[:, : DAYS - days] = 0
        shown += len(rising(counts))
        counts[3, -1] = 30
        assert 3 in rising(counts)
    assert shown <= 2


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2, 0.5, 1.0, 3.0])
def test_what_is_expected_is_what_is_usual(rate: float) -> None:
    counts = quiet(400, rate, seed=9)
    # The rest of the community keeps the site factor at one.
    community = counts.sum(axis=0) + 4_000
    found = trends.surprise(counts, community, 100)
    usual = rate + 0.5 / trends.BASELINE_DAYS
    assert float(found.expected.mean()) == pytest.approx(usual, rel=0.1)


def test_a_burst_of_the_past_does_not_hide_the_next() -> None:
    counts = quiet(30, 0.5, seed=10)
    counts[4, 10:14] = 20
    counts[4, -1] = 12
    assert rising(counts) == [4]


def test_an_archive_without_a_past_gives_no_error() -> None:
    counts = np.zeros((3, DAYS), dtype=np.int64)
    assert rising(counts) == []
    assert trends.surprise(counts[:0], counts.sum(axis=0), 0).p.shape == (0,)


def test_days_are_windows_that_end_at_as_of() -> None:
    hour = timedelta(hours=1)
    times = [
        AS_OF,
        AS_OF - timedelta(microseconds=1),
        AS_OF - 24 * hour,
        AS_OF - 25 * hour,
        AS_OF - timedelta(days=DAYS),
        AS_OF - timedelta(days=DAYS, microseconds=1),
    ]
    stamps = np.array([time.replace(tzinfo=None) for time in times], dtype="datetime64[us]")
    found = trends.day_numbers(stamps, AS_OF)
    assert found.tolist() == [-1, DAYS - 1, DAYS - 1, DAYS - 2, 0, -1]


def test_authors_are_counted_once_a_day_and_topic() -> None:
    found = trends.distinct_authors(
        np.array([0, 0, 0, 1, -1, 0]),
        np.array([7, 7, 8, 7, 7, 7]),
        np.array([2, 2, 2, 2, 2, 0]),
        (2, 3),
    )
    assert found.tolist() == [[1, 0, 2], [0, 0, 1]]


def test_the_tail_is_that_of_scipy() -> None:
    one = np.array([8])
    wide = trends.tail(one, np.array([2.0]), np.array([2.5]))
    assert wide[0] == pytest.approx(nbinom.sf(7, 2.0 / 1.5, 1 / 2.5))
    plain = trends.tail(one, np.array([2.0]), np.array([1.0]))
    assert plain[0] == pytest.approx(poisson.sf(7, 2.0))


def test_the_middle_leaves_out_half_of_the_chance_of_just_so_many() -> None:
    seen, mean, spread = np.array([8.0]), np.array([2.0]), np.array([1.0])
    above = trends.tail(seen + 1, mean, spread)[0]
    just = np.exp(-2.0) * 2.0**8 / 40320
    assert middle(seen, mean, spread)[0] == pytest.approx(above + just / 2)


def test_fisher_of_two_even_tests() -> None:
    assert trends.fisher(np.array([0.5]), np.array([0.5]))[0] == pytest.approx(0.5966, abs=1e-4)


def test_false_discovery_is_that_of_benjamini_and_hochberg() -> None:
    found = trends.false_discovery(np.array([0.01, 0.04, 0.03, 0.5]))
    np.testing.assert_allclose(found, [0.04, 0.16 / 3, 0.16 / 3, 0.5])
