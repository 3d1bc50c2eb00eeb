"""`evaluate trends`: what is planted, what counts as right, and a run on a small archive."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from jobs.evaluate import trends
from jobs.evaluate.bursts import (
    Planted,
    Stream,
    plant_brigades,
    plant_bursts,
    plant_seasons,
    rates,
    shuffled,
)
from jobs.evaluate.result import Options
from service.errors import BadArchive
from service.settings import Settings

K, DAYS = 12, 140
START = datetime(2024, 1, 1, tzinfo=UTC)
WORDS = [
    *("sync", "export", "theme", "plugin", "price", "mobile"),
    *("login", "search", "table", "graph", "offline", "script"),
]


def drawn(seed: int = 0, rate: float = 1.3) -> Stream:
    """Return posts of 60 people on 12 subjects, each in a thread of a few."""
    chance = np.random.default_rng(seed)
    topics = np.repeat(np.arange(K), DAYS * 3)
    days = np.tile(np.repeat(np.arange(DAYS), 3), K)
    kept = chance.random(len(topics)) < rate / 3
    topics, days = topics[kept], days[kept]
    n = len(topics)
    return Stream(
        topics, chance.integers(60, size=n), np.arange(n), days,
        chance.integers(0, 86_400, n).astype("timedelta64[s]"), np.ones(n), np.arange(n),
    )  # fmt: skip


def said(count: int) -> list[str]:
    """Return texts of which no two are alike."""
    return [
        " ".join(f"{'abcdefghijklmno'[at]}{spelt(row)}" for at in range(15)) for row in range(count)
    ]


def spelt(number: int) -> str:
    return "".join("qrstuvwxyz"[int(digit)] for digit in str(number))


def test_days_change_for_others_of_the_same_weekday() -> None:
    stream = drawn()
    mixed = shuffled(stream, np.random.default_rng(1))
    assert (mixed.days % 7 == stream.days % 7).all()
    assert (mixed.days != stream.days).mean() > 0.8
    # Whole days: what was together stays together.
    pairs = {(int(one), int(two)) for one, two in zip(stream.days, mixed.days, strict=True)}
    assert len(pairs) == DAYS


def test_bursts_are_made_of_the_subject_s_own_posts() -> None:
    stream = drawn()
    rate = rates(stream, K)
    moved, bursts = plant_bursts(stream, K, 3, np.random.default_rng(1), [])
    assert len(bursts) == 3
    assert len(moved.days) == len(stream.days)
    np.testing.assert_array_equal(moved.topics, stream.topics)
    np.testing.assert_array_equal(moved.threads, stream.threads)
    for burst in bursts:
        assert burst.authors >= 8
        assert burst.factor == pytest.approx(burst.authors / rate[burst.topic])
        assert 3 <= burst.factor <= 10
        for day in range(burst.day, burst.day + burst.days):
            inside = (moved.topics == burst.topic) & (moved.days == day)
            assert len(np.unique(moved.members[inside])) >= burst.authors
    _, again = plant_bursts(stream, K, 3, np.random.default_rng(1), [])
    assert again == bursts


def test_a_burst_may_be_kept_to_two_threads() -> None:
    moved, [burst] = plant_bursts(drawn(), K, 1, np.random.default_rng(1), [], places=2)
    inside = (moved.topics == burst.topic) & (moved.days == burst.day) & (moved.threads < 0)
    assert len(np.unique(moved.threads[inside])) == 2


def test_brigades_are_near_copies_by_at_most_three() -> None:
    stream = drawn()
    texts = said(len(stream.days))
    loud, brigades, words = plant_brigades(stream, K, 4, np.random.default_rng(2), [], texts)
    assert len(loud.days) == len(stream.days) + len(words)
    for one in brigades:
        inside = (loud.topics == one.topic) & (loud.days == one.day) & (loud.text < 0)
        assert 12 <= inside.sum() <= 40
        assert len(np.unique(loud.members[inside])) <= one.authors <= 3


def test_seasons_keep_a_weekday_a_release_and_a_lull() -> None:
    stream = drawn(rate=2.0)
    found = plant_seasons(stream, K, 2, np.random.default_rng(3))
    per_day = np.bincount(found.days, minlength=DAYS)
    assert per_day.max() > 1.5 * np.median(per_day)
    assert np.sort(per_day)[:7].max() < 0.8 * np.median(per_day)
    weekdays = np.array(
        [np.bincount(found.days[found.topics == k] % 7, minlength=7) for k in range(K)]
    )
    busy = weekdays.max(axis=1) > 2 * np.median(weekdays, axis=1)
    assert busy.sum() == 2


def test_what_counts_as_right() -> None:
    stream = drawn()
    planted = [
        Planted("burst", 1, 70, 2, 6.0, 8), Planted("burst", 2, 90, 1, 4.0, 8),
        Planted("burst", 3, 100, 1, 9.0, 9), Planted("brigade", 4, 80, 1, 20.0, 2),
    ]  # fmt: skip
    world = trends.World(stream, planted, [])
    # Found at the end of its second day; a day late; a brigade; twice; too late; nothing there.
    found = [(72, 1), (92, 2), (81, 4), (73, 1), (103, 3), (75, 9)]
    told = trends.figures(found, world)
    weeks = (DAYS + 1 - 65) / 7
    assert told["precision"] == pytest.approx(2 / 6)
    assert told["recall"] == 0.5
    assert told["recall_all"] == pytest.approx(2 / 3)
    assert told["false_alerts_per_week"] == pytest.approx(4 / weeks)
    assert told["brigades_shown"] == 1
    assert told["delay_ticks"] == 2


def test_the_baseline_takes_a_loud_account_for_a_trend() -> None:
    stream = drawn()
    texts = said(len(stream.days))
    loud, [brigade], words = plant_brigades(stream, K, 1, np.random.default_rng(2), [], texts)
    alarm = (brigade.day + 1, brigade.topic)
    assert alarm in trends.z_score(loud, K)
    world = trends.World(loud, [brigade], words)
    assert alarm not in trends.ours(trends.Archive(loud, texts), world, K, 4.0)[0]


def test_a_large_burst_is_found_by_what_a_run_calls() -> None:
    stream = drawn()
    moved, bursts = plant_bursts(stream, K, 3, np.random.default_rng(5), [])
    texts = said(len(stream.days))
    found, chances = trends.ours(
        trends.Archive(moved, texts), trends.World(moved, bursts, []), K, 4.0
    )
    told = trends.figures(found, trends.World(moved, bursts, []))
    assert told["recall"] == 1.0
    assert told["false_alerts_per_week"] < 0.3
    assert chances.shape == (DAYS + 1 - 65, K)


def archive(folder: Path, days: int) -> Path:
    stream = drawn()
    rows = [
        {
            "thread_id": str(thread), "author": f"person {author}",
            "created_at": (START + timedelta(days=int(day), seconds=int(second))).isoformat(),
            "text": f"{f'{WORDS[topic]} ' * 9} {' '.join(spelt(thread + n) for n in range(9))}",
        }
        for topic, author, thread, day, second in zip(
            stream.topics, stream.members, stream.threads, stream.days,
            stream.clock.astype(int), strict=True,
        )
        if day < days
    ]  # fmt: skip
    path = folder / "archive.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_small_archive_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trends, "SUBJECTS", K)
    monkeypatch.setattr(trends, "WORLDS", 1)
    path = archive(tmp_path, DAYS)
    options = Options(Settings(data_dir=tmp_path, encoder="hashing"), data=path)
    found = trends.evaluate(options)
    assert found.name == "trends"
    assert found.metrics["precision"] == 1
    assert found.metrics["recall_all"] > 0
    assert found.metrics["brigades_shown"] == 0
    assert found.metrics["bursts"] == K // 4
    assert found.metrics["aa_alerts_per_week"] < 0.5
    assert set(found.baselines["z-score on posts"]) < set(found.metrics)


def test_too_short_an_archive_says_so(tmp_path: Path) -> None:
    path = archive(tmp_path, 60)
    with pytest.raises(BadArchive, match="16 weeks or more; these are 8"):
        trends.evaluate(Options(Settings(data_dir=tmp_path, encoder="hashing"), data=path))
