"""Threads that derailed, planted among an archive's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from jobs.evaluate import planted
from jobs.evaluate.escalations import DAY, WEEK, Story
from jobs.evaluate.planted import Given, Thread
from jobs.evaluate.result import MeasurementFailed, Options
from service.errors import InvalidInput
from service.settings import Settings

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def row(thread: str, author: str, day: float, text: str = "All is well.") -> dict[str, Any]:
    made = BEGIN + timedelta(days=day)
    return {"thread_id": thread, "author": author, "created_at": made.isoformat(), "text": text}


def thread(number: int, at: float, posts: int = 3, turned: int | None = None) -> Thread:
    times = at + 60 * np.arange(posts, dtype=np.float64)
    return Thread(number, times, np.zeros((posts, 2)), turned, np.zeros(posts))


def test_an_archive_is_read_thread_by_thread_in_the_order_of_time() -> None:
    rows = [row("b", "bo", 1), row("a", "ada", 2), row("b", "ada", 0.5), row("b", "bo", 30)]
    found = list(planted._archive(rows))
    assert [len(turns) for _, turns in found] == [1, 3]
    times, turns = found[1]
    assert np.diff(times).tolist() == pytest.approx([0.5 * DAY, 29 * DAY])
    assert [turn.who for turn in turns] == [0, 1, 1]
    assert [turn.at for turn in turns] == times.tolist()


def test_newcomers_are_new_once_the_archive_is_not() -> None:
    rows = [row("a", "old", 0), row("a", "early", 3), row("a", "new", 40), row("a", "new", 60)]
    [(_, turns)] = planted._archive(rows)
    assert [turn.newcomer for turn in turns] == [False, False, True, False]


def test_the_first_toxic_post_is_found_by_its_place() -> None:
    comments = [{"seq": 2, "author": "a", "text": "x"}, {"seq": 5, "author": "b", "text": "y"}]
    told = {"group": "derailed_toxic", "first_toxic_seq": 5, "comments": comments}
    assert planted._toxic(told) == 1
    assert planted._derailed(told)
    assert not planted._derailed({**told, "first_toxic_seq": 2})
    assert not planted._derailed({**told, "group": "non_toxic"})


def test_three_in_a_hundred_threads_are_planted_inside_the_weeks() -> None:
    own = [thread(n, n * 10 * WEEK / 970) for n in range(970)]
    whole = [thread(-1, 0.0, posts=5, turned=3) for _ in range(40)]
    given = Given(own, whole, [], [], np.array([60.0, 120.0, 9 * DAY]))
    start = 5 * WEEK
    found = planted._planted(given, start, np.random.default_rng(1))
    inside = sum(
        bool((one.times >= start).any() and one.times[0] < start + 4 * WEEK) for one in own
    )
    assert len(found) == round(inside * 0.03 / 0.97)
    assert len({place for place, _ in found}) == len(found)
    for _, one in found:
        assert start <= one.times[0] < start + 4 * WEEK
        assert set(np.diff(one.times).round().tolist()) <= {60.0, 120.0}


def test_what_ends_before_its_first_toxic_post_is_cold_from_there_on() -> None:
    whole = Story(1, np.arange(4.0), np.array([0.2, 0.7, 0.9, 0.8]), turned=2)
    short = planted._before(whole)
    assert short.heats.tolist() == [0.2, 0.7, 0.0, 0.0]
    assert short.turned == 2


def test_an_archive_needs_weeks_before_those_that_are_read() -> None:
    with pytest.raises(MeasurementFailed, match="12 weeks"):
        planted._start([thread(1, 0.0), thread(2, 10 * WEEK)], np.random.default_rng(1))


def test_threads_to_plant_are_asked_for() -> None:
    with pytest.raises(InvalidInput, match="--train"):
        planted.evaluate(Options(Settings()))
