"""A tick's decision: the budget is kept, alerts are raised once, brigades are not shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from service.insights.trends import DAYS, HOURLY, Activity, Counts, alerts
from service.insights.trends.alerts import Standing, Tick, decide
from service.insights.trends.budget import Budget, budget
from service.insights.trends.growth import growth
from service.insights.trends.windows import crowd

START = datetime(2024, 8, 1, tzinfo=UTC)
MONTHLY = 4.0
K = 12


def community(
    days: int = 90, seed: int = 1, bursts: tuple[tuple[int, int, int], ...] = ()
) -> Activity:
    """Return a post a day and topic by somebody of 40, and bursts (topic, day, people)."""
    chance = np.random.default_rng(seed)
    rows = [
        (topic, int(chance.integers(40)), 1_000 * topic + day, day + chance.random() * 0.9)
        for day in range(days)
        for topic in range(K)
        for _ in range(int(chance.poisson(1.0)))
    ]
    rows += [
        (topic, 40 + one, 10**6 + one, day + one / (people + 1))
        for topic, day, people in bursts
        for one in range(people)
    ]
    topics, members, threads = np.array([row[:3] for row in rows], dtype=np.int64).T
    begin = np.datetime64(START.replace(tzinfo=None), "us")
    times = begin + np.array([round(row[3] * 86_400) for row in rows]) * np.timedelta64(1, "s")
    return Activity(topics, members, threads, times, np.ones(len(rows)))


def own(rows: Counts) -> list[str]:
    """Return texts of which no two are alike."""
    return [
        " ".join(f"{'abcdefgh'[at]}{'x' * (row % 97)}{row}y" for at in range(8)) for row in rows
    ]


def ticks(seen: Activity, days: range, standing: Standing | None = None, **options) -> list[Tick]:
    found = []
    standing = standing or alerts.start(K, MONTHLY)
    for day in days:
        done = decide(seen, K, START + timedelta(days=day), standing, MONTHLY, own, **options)
        standing = done.standing
        found.append(done)
    return found


def test_a_burst_is_told_once_and_again_after_three_quiet_ticks() -> None:
    seen = community(bursts=((3, 70, 12), (3, 71, 12), (3, 80, 14)))
    done = ticks(seen, range(69, 86))
    raised = {day: one.alerts for day, one in zip(range(69, 86), done, strict=True) if one.alerts}
    assert raised == {71: [3], 81: [3]}
    first = done[2]
    assert first.told.surprise.observed[3] == 12
    assert first.told.surprise.p[3] <= first.level
    assert first.told.voices[3].verdict == "organic"
    assert first.standing.quiet[3] == 0
    # While it waits it is not tested, and costs nothing.
    assert (first.tested.sum(), done[3].tested.sum()) == (K, K - 1)


def test_the_same_tick_is_decided_the_same() -> None:
    seen = community(bursts=((3, 70, 12),))
    one, two = (ticks(seen, range(71, 72))[0] for _ in range(2))
    assert (one.alerts, one.level, one.standing.wealth) == (
        two.alerts,
        two.level,
        two.standing.wealth,
    )
    np.testing.assert_array_equal(one.told.surprise.p, two.told.surprise.p)


def test_copies_by_many_accounts_are_a_brigade_that_is_kept_back() -> None:
    seen = community(bursts=((3, 70, 12),))
    standing = alerts.start(K, MONTHLY)
    done = decide(
        seen, K, START + timedelta(days=71), standing, MONTHLY,
        lambda rows: ["vote for the green button on the front page now"] * len(rows),
    )  # fmt: skip
    assert (done.alerts, done.brigades) == ([], [3])
    assert done.told.voices[3].copied > 0.5
    assert done.standing.quiet[3] == 0


def test_texts_are_asked_for_once_and_only_of_what_seems_to_rise() -> None:
    asked: list[int] = []

    def texts(rows: Counts) -> list[str]:
        asked.append(len(rows))
        return own(rows)

    seen = community(bursts=((3, 70, 12), (5, 70, 12)))
    decide(seen, K, START + timedelta(days=71), alerts.start(K, MONTHLY), MONTHLY, texts)
    assert len(asked) == 1
    assert asked[0] < 60
    decide(seen, K, START + timedelta(days=69), alerts.start(K, MONTHLY), MONTHLY, texts)
    assert len(asked) == 1


def test_a_young_archive_spends_nothing() -> None:
    standing = alerts.start(K, MONTHLY)
    [done] = ticks(community(bursts=((3, 20, 20),)), range(21, 22), standing)
    assert (done.alerts, done.spent, done.standing) == ([], 0.0, standing)


def test_an_hour_is_a_tick_too() -> None:
    seen = community(bursts=())
    end = START + timedelta(days=80, hours=12)
    late = np.datetime64(end.replace(tzinfo=None), "us") - np.timedelta64(10, "m")
    many = np.arange(10)
    joined = Activity(
        np.append(seen.topics, np.full(10, 2)), np.append(seen.members, 50 + many),
        np.append(seen.threads, 10**6 + many), np.append(seen.times, np.full(10, late)),
        np.ones(len(seen.topics) + 10),
    )  # fmt: skip
    done = decide(joined, K, end, alerts.start(K, MONTHLY, HOURLY), MONTHLY, own, HOURLY)
    assert done.alerts == [2]
    assert done.level < ticks(seen, range(80, 81))[0].level


@pytest.mark.parametrize("alerts_a_day", [0, 1, 5])
def test_no_month_spends_more_than_the_budget(alerts_a_day: int) -> None:
    purse, spent = Budget(MONTHLY), []
    wealth = purse.start
    for _ in range(200):
        level = purse.level(wealth)
        wealth = purse.after(wealth, level, alerts_a_day)
        spent.append(level)
        assert 0 <= wealth <= MONTHLY
    months = [sum(spent[day : day + 30]) for day in range(len(spent) - 30)]
    assert max(months) <= MONTHLY * (1 + 1e-9)
    # A calm community is not deaf, and a lively one may spend nearly everything.
    assert months[-1] == pytest.approx(MONTHLY / 4 if alerts_a_day == 0 else MONTHLY, rel=0.01)


def test_days_and_hours_share_one_budget() -> None:
    day, hour = budget(MONTHLY, alerts.DAILY), budget(MONTHLY, HOURLY)
    assert 30 * day.cap + 30 * 24 * hour.cap == pytest.approx(MONTHLY)


def test_weeks_rise_and_fall() -> None:
    seen = community(days=DAYS, seed=3)
    days = (seen.times - seen.times.min()) // np.timedelta64(1, "D")
    gone = (seen.topics == 4) & (days >= DAYS - 7)
    grown = (seen.topics == 6) & (days < DAYS - 7) & (np.arange(len(days)) % 5 > 0)
    kept = ~(gone | grown)
    busy = (seen.topics == 4) & kept
    rows = np.concatenate([np.flatnonzero(part) for part in (kept, busy, busy)])
    # Topic 4 had three times as many people, until a week ago.
    more = np.repeat([0, 100, 200], [kept.sum(), busy.sum(), busy.sum()])
    whole = Activity(
        seen.topics[rows],
        seen.members[rows] + more,
        seen.threads[rows] + more,
        seen.times[rows],
        np.ones(len(rows)),
    )
    end = START + timedelta(days=DAYS)
    up, down = growth(crowd(whole, K, end), 7)
    assert np.flatnonzero(down.rising).tolist() == [4]
    assert down.observed[4] == 0
    assert 4 not in np.flatnonzero(up.rising)
    assert up.history == DAYS - 7
