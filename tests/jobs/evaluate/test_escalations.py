"""What a moderator sees of planted escalations: raised, read, taken back, and how early."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.evaluate.escalations import DAY, WEEK, Flagged, Story, figures, flags, read

START = 8 * WEEK
HOUR = DAY / 24


def story(thread: int, heats: list[float], at: float = START, turned: int | None = None) -> Story:
    times = at + HOUR * np.arange(len(heats), dtype=np.float64)
    return Story(thread, times, np.array(heats), turned)


def calm(count: int, heat: float = 0.1) -> list[Story]:
    return [story(1_000 + n, [heat] * 3, at=n * (START + WEEK) / count) for n in range(count)]


def test_a_hot_thread_is_raised_when_it_turns_hot_and_taken_back_when_it_calms() -> None:
    hot = story(1, [0.1, 0.9, 0.9, 0.2, 0.2, 0.2], turned=2)
    [one] = flags([*calm(50), hot], START, 1, 10)
    assert (one.story.thread, one.post, one.raised) == (1, 1, START + HOUR)
    assert one.withdrawn == START + 5 * HOUR


def test_the_threshold_follows_the_weeks_before() -> None:
    loud = calm(400, heat=0.92)
    hot = story(1, [0.1, 0.9, 0.95], turned=2)
    found = flags([*loud, hot], START, 1, 10)
    assert [one.post for one in found if one.story is hot] == [2]


def test_the_hottest_are_read_each_evening_within_the_budget() -> None:
    flagged = [Flagged(story(n, [0.5 + n / 100] * 3), START + HOUR, 0, None) for n in range(1, 21)]
    seen = read(flagged, START, 1, 10)
    # One of ten a week falls on the first evening, three more until nobody looks any longer.
    assert [one.story.thread for one in seen] == [20, 19, 18, 17]


def test_what_was_taken_back_is_not_read() -> None:
    gone = Flagged(story(1, [0.9]), START + HOUR, 0, START + 2 * HOUR)
    assert read([gone], START, 1, 10) == []


def test_figures_count_what_was_read_and_how_early_it_was_raised() -> None:
    early = Flagged(story(1, [0.9] * 6, turned=4), START, 0, None)
    late = Flagged(story(2, [0.9] * 6, turned=1), START + HOUR, 1, None)
    wrong = Flagged(story(3, [0.9] * 3), START, 0, START + 2 * HOUR)
    told = figures([early, late, wrong], [early, late, wrong], planted=4)
    assert told["precision_at_10"] == pytest.approx(2 / 3)
    assert told["recall"] == 0.5
    assert told["lead_posts"] == 2.0
    assert told["lead_minutes"] == pytest.approx(120.0)
    assert told["early_share"] == 0.5
    assert (told["withdrawn"], told["withdrawn_rightly"]) == (1.0, 1.0)


def test_nothing_raised_is_told_as_nothing() -> None:
    told = figures([], [], planted=3)
    assert (told["precision_at_10"], told["recall"], told["flags"]) == (0.0, 0.0, 0.0)
    assert np.isnan(told["lead_posts"])
