"""Who counts as how much: threads, newcomers, copies, and sources that are new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from service.insights.trends import DAILY, HOURLY, Activity, crowd
from service.insights.trends.brigades import judged
from service.insights.trends.trust import copies, original, settled, trust
from service.insights.trends.windows import voices

AS_OF = datetime(2024, 10, 6, tzinfo=UTC)
END = np.datetime64("2024-10-06", "us")
DAY = np.timedelta64(1, "D")


def activity(rows: list[tuple[int, int, int, float]], trusted: float = 1.0) -> Activity:
    """Return posts from (topic, author, thread, days before the end)."""
    topics, members, threads = np.array([row[:3] for row in rows], dtype=np.int64).T
    back = np.array([round(row[3] * 86_400) for row in rows]) * np.timedelta64(1, "s")
    return Activity(topics, members, threads, END - back, np.full(len(rows), trusted))


def test_people_of_one_thread_count_as_one() -> None:
    rows = [(0, author, 1, 0.5) for author in range(10)]
    rows += [(1, author, author, 0.5) for author in range(10)]
    found = crowd(activity(rows), 2, AS_OF)
    assert found.people[:, -1].tolist() == [10, 10]
    assert found.trusted.tolist() == [10, 10]
    assert found.voices[0, -1] == pytest.approx(1)
    assert found.voices[1, -1] == pytest.approx(10)
    assert found.community[-1] == 10
    assert found.active == 10


def test_an_author_of_several_threads_counts_once_by_the_one_that_counts_most() -> None:
    rows = [(0, 7, 1, 0.5), (0, 7, 2, 0.5), (0, 8, 1, 0.5), (0, 7, 1, 0.6)]
    seen = activity(rows)
    window = np.full(4, 0)
    assert voices(seen, window, (1, 1))[0, 0] == pytest.approx(1 + 1 / 2)


def test_windows_are_days_or_hours() -> None:
    rows = [(0, 1, 1, 0.01), (0, 2, 2, 0.03), (0, 3, 3, 0.9)]
    assert crowd(activity(rows), 1, AS_OF).people[0, -1] == 3
    hours = crowd(activity(rows), 1, AS_OF, HOURLY)
    assert hours.people[0, -2:].tolist() == [0, 1] or hours.people[0, -1] == 2
    assert hours.people.sum() == 3
    assert (DAILY.count, HOURLY.count) == (65, 1514)


def test_accounts_are_trusted_by_their_age() -> None:
    start = np.datetime64("2024-01-01", "us")
    first = start + np.array([0, 13, 100, 100, 100]) * DAY
    times = first + np.array([0, 1, 0, 10, 14]) * DAY
    found = trust(times, first, start)
    # Who came in the archive's first fortnight was there before, as far as anybody knows.
    np.testing.assert_allclose(found, [1, 1, 0.5, 10 / 14, 1])


def test_copies_are_told_though_numbers_links_and_names_differ() -> None:
    texts = [
        "buy the new token today at https://a.example/1 with code 17 my friends",
        "buy the new token today at https://b.example/2 with code 99 my friends @ada",
        "the server answers slowly since the update of this morning, who else sees it",
        "thanks a lot!",
        "thanks a lot!",
    ]
    assert copies(texts, np.arange(5)).tolist() == [1, 1, 0, 0, 0]
    assert original(texts, np.arange(5)).tolist() == [0.5, 0.5, 1, 1, 1]
    # One's own copies are no others'.
    assert copies(texts, np.array([1, 1, 2, 3, 4])).tolist() == [0, 0, 0, 0, 0]
    assert copies([], np.array([], dtype=np.int64)).tolist() == []


def test_a_few_loud_accounts_are_a_brigade() -> None:
    many, whole = np.arange(12), np.ones(12)
    assert judged(many, whole, whole).verdict == "organic"
    few = judged(many % 3, whole, whole)
    assert (few.verdict, few.accounts, few.posts, few.top) == ("brigade", 3, 12, 1.0)
    copied = judged(many, np.where(many < 6, 0.5, 1.0), whole)
    assert (copied.verdict, copied.copied) == ("brigade", 0.5)
    fresh = np.full(12, 0.5)
    # Newcomers in words of their own have a question; with copies among them they are sent.
    assert judged(many, whole, fresh).verdict == "organic"
    assert judged(many, np.where(many < 3, 0.5, 1.0), fresh).verdict == "brigade"


def test_a_source_that_was_connected_lately_is_no_news() -> None:
    sources = np.array([1, 1, 2, 2])
    times = END - np.array([60, 1, 10, 1]) * DAY
    assert settled(sources, times, END).tolist() == [True, True, False, False]
    assert settled(sources[2:], times[2:], END).tolist() == [True, True]
    # Where none is old, all count.
    young = END - np.array([20, 1, 10, 1]) * DAY
    assert settled(sources, young, END).tolist() == [True] * 4
    back = END - timedelta(days=40)
    assert settled(sources, np.array([times[0], times[1], back, END]), END).all()
