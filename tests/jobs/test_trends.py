"""Step `trends`: a tick is decided once, alerts wait to be armed again, the past stays as it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event, func, select

from jobs.trends import TrendsResult, record_trends
from service.db.models import Alert, AlertTick, Member, Post, PostTopic, Thread, Topic, Trend
from service.db.queries import alerts as record
from service.db.queries.trends import trending
from service.db.session import Database, open_database
from tests.service import http_store
from tests.service.http_store import NOW

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("risen") / "store"
    http_store.build(folder)
    database = open_database(http_store.settings(folder).url)
    with database.write() as session:
        session.execute(delete(Alert))
    database.close()
    return folder


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copytree(made, tmp_path / "store")
    database = open_database(http_store.settings(tmp_path / "store").url)
    yield database
    database.close()


def tick(store: Database, at: datetime = NOW, **options: float) -> TrendsResult:
    return record_trends(store, now=at, stale_after_days=2, as_of=at, **options)


def alerts(store: Database) -> list[Alert]:
    with store.read() as session:
        return record.newest_first(session, 100)


def test_a_rise_raises_one_alert_with_its_receipt(store: Database) -> None:
    done = tick(store)
    assert (done.rising, done.alerts, done.new) == (1, 1, True)
    [alert] = alerts(store)
    assert (alert.topic_id, alert.span, alert.verdict) == (1, "daily", "organic")
    assert (alert.observed, alert.ended_at, alert.quiet) == (9, None, 0)
    assert alert.expected == pytest.approx(0.62, abs=0.05)
    assert alert.p <= alert.level
    receipt = alert.receipt
    assert receipt["voices"]["accounts"] == 9
    assert [count for _, count in receipt["people"]] == [1] * 9
    assert receipt["channels"] == [["sync", 9]]
    assert receipt["first_seen"] == "2026-02-28T09:38:00+00:00"
    assert len(receipt["posts"]) == 3
    shift = receipt["sentiment"]
    assert (shift["label"], shift["posts"]) == ("negative", 9)
    assert 0 <= shift["before"] <= 1


def test_a_tick_is_decided_once(store: Database) -> None:
    tick(store)
    again = tick(store)
    assert (again.alerts, again.new) == (0, False)
    # Sooner than a day later nothing is decided, but it is still said that the topic rises.
    soon = tick(store, NOW + timedelta(hours=4))
    assert (soon.alerts, soon.rising) == (0, 1)
    with store.read() as session:
        daily = select(func.count(AlertTick.id)).where(AlertTick.span == "daily")
        assert session.scalar(daily) == 1
        assert len(record.newest_first(session, 10)) == 1


def test_what_a_tick_spent_is_kept_and_gone_on_from(store: Database) -> None:
    tick(store, NOW - 2 * DAY)
    tick(store, NOW - DAY)
    with store.read() as session:
        rows = session.scalars(
            select(AlertTick).where(AlertTick.span == "daily").order_by(AlertTick.tick)
        ).all()
        first, second = rows
        assert (first.tested, first.alerts) == (3, 0)
        assert first.spent == pytest.approx(3 * first.level)
        # 4 in 30 days, three quarters of them for days: a quarter of that to begin with, and of
        # it a tenth a day.
        assert first.spent == pytest.approx(4 * 0.75 * 0.25 * 0.1)
        assert second.spent == pytest.approx(0.1 * first.wealth)
        found = trending(session, as_of=NOW - DAY, now=NOW, stale_after_days=2, limit=5)
        assert found.level == second.level


def test_a_smaller_budget_is_a_stricter_level(store: Database) -> None:
    tick(store, monthly=0.5)
    with store.read() as session:
        one = record.newest_tick(session, "daily")
        assert one is not None
        assert one.spent == pytest.approx(0.5 * 0.75 * 0.25 * 0.1)


def test_an_alert_ends_after_three_quiet_ticks(store: Database) -> None:
    tick(store)
    seen = []
    for day in range(1, 5):
        tick(store, NOW + day * DAY)
        [alert] = alerts(store)
        seen.append((alert.quiet, alert.ended_at))
    assert seen[:2] == [(1, None), (2, None)]
    assert seen[2] == seen[3] == (0, NOW + 3 * DAY)


def test_earlier_ticks_are_never_decided_later(store: Database) -> None:
    tick(store)
    late = tick(store, NOW - 10 * DAY)
    assert late.alerts == 0
    with store.read() as session:
        newest = record.newest_tick(session, "daily")
        assert newest is not None
        assert newest.tick == NOW
        assert session.scalar(select(func.count(AlertTick.id))) == 2  # a day's and an hour's


def test_missed_days_are_decided_first(store: Database) -> None:
    tick(store, NOW - 2 * DAY)
    done = record_trends(store, now=NOW + 2 * DAY, stale_after_days=30)
    assert (done.tick, done.alerts, done.new) == (NOW + 2 * DAY, 1, True)
    assert [alert.tick for alert in alerts(store)] == [NOW]
    daily = select(AlertTick.tick).where(AlertTick.span == "daily").order_by(AlertTick.tick)
    with store.read() as session:
        assert list(session.scalars(daily)) == [NOW + day * DAY for day in range(-2, 3)]


def test_no_more_than_a_week_is_made_up_for(store: Database) -> None:
    tick(store, NOW)
    record_trends(store, now=NOW + 20 * DAY, stale_after_days=30)
    days = select(func.count(AlertTick.id)).where(AlertTick.span == "daily")
    with store.read() as session:
        assert session.scalar(days) == 1 + 7 + 1


def test_an_hour_is_decided_while_it_is_news(store: Database) -> None:
    record_trends(store, now=NOW + 9 * DAY, stale_after_days=30, as_of=NOW)
    with store.read() as session:
        assert record.newest_tick(session, "hourly") is None
    tick(store, NOW + DAY)
    with store.read() as session:
        hour = record.newest_tick(session, "hourly")
        assert hour is not None
        assert hour.tested == 3


def test_posts_that_come_late_raise_nothing(store: Database) -> None:
    tick(store)
    with store.write() as session:
        some = NOW - 20 * DAY
        for number in range(12):
            session.add(Post(
                id=5_000 + number, source_id=1, external_id=f"late{number}", thread_id=2,
                member_id=1 + number, created_at=some, text=f"found in a drawer {number * 7}",
                plain=f"found in a drawer {number * 7}", content_hash=b"x" * 16,
                record_hash=b"x" * 16,
            ))  # fmt: skip
        session.flush()
        for number in range(12):
            session.add(PostTopic(post_id=5_000 + number, topic_id=2, fit_id=1, similarity=0.5))
    done = tick(store, NOW + DAY)
    assert done.alerts == 0
    assert [alert.topic_id for alert in alerts(store)] == [1]


def test_copies_by_many_are_recorded_as_a_brigade(store: Database) -> None:
    with store.write() as session:
        for number, post in enumerate(session.scalars(select(Post).where(Post.text.like(
            "The phone app%"
        ), Post.created_at >= NOW - timedelta(hours=6)))):  # fmt: skip
            post.plain = post.text = f"Sign the petition for offline sync, part {number}, now."
    done = tick(store)
    assert (done.rising, done.alerts) == (0, 0)
    [alert] = alerts(store)
    assert (alert.verdict, alert.receipt["voices"]["copied"]) == ("brigade", 1.0)
    with store.read() as session:
        verdict = select(Trend.verdict).where(Trend.topic_id == 1, Trend.tick == NOW)
        assert session.scalar(verdict) == "brigade"
        assert record.newest_first(session, 5, verdict=record.ORGANIC) == []


def test_hidden_topics_and_bots_and_private_rooms_raise_nothing(store: Database) -> None:
    with store.write() as session:
        session.get_one(Topic, 1).hidden_at = NOW
    assert tick(store).tested == 2
    with store.write() as session:
        session.get_one(Topic, 1).hidden_at = None
        for member in session.scalars(select(Member).where(Member.id <= 9)):
            member.is_bot = True
    assert tick(store, NOW + timedelta(hours=1)).rising == 0
    with store.write() as session:
        for member in session.scalars(select(Member)):
            member.is_bot = False
        session.get_one(Thread, 1).visibility = "private"
    assert tick(store, NOW + timedelta(hours=2)).rising == 0


def test_a_tick_takes_as_many_statements_however_many_topics_rise(store: Database) -> None:
    said: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    tick(store)
    reads = [one for one in said if one.startswith("SELECT")]
    assert len(reads) <= 22
