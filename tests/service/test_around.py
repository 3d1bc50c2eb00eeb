"""Copies, patterns and people out of a store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from service.copies import copies
from service.db.models import Flag, Member, Thread
from service.db.queries import corrections
from service.db.session import Database, open_database
from service.flag_people import EARLIER, history
from service.patterns import habits
from tests.service import http_store
from tests.service.newcomers import hostile, person, post, thread

NOW = http_store.NOW
ADVERT = "Buy the cheapest notebook covers of the whole wide world at our little shop, number {}"


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    found = open_database(http_store.settings(store).url)
    yield found
    found.close()


def spread(database: Database, author: int, **values: object) -> None:
    with database.write() as session:
        if author > 30:
            person(session, author, "Spam", **values)
        for number in range(4):
            thread(session, 60 + number, NOW - timedelta(days=4 - number))
            made = NOW - timedelta(days=4 - number)
            post(session, 1060 + number, 60 + number, author, made, ADVERT.format(number))


def test_copies_are_told_with_who_and_where(database: Database) -> None:
    spread(database, 31)
    with database.read() as session:
        group, _ = copies(session, NOW).rows  # and one of the store, below
        assert (group.posts, group.threads, group.channels) == (4, 4, ["help"])
        assert [(one.id, one.name, one.posts) for one in group.accounts] == [(31, "Spam", 4)]
        assert (group.first_at, group.last_at) == (
            NOW - timedelta(days=4), NOW - timedelta(days=1),
        )  # fmt: skip
        assert (group.post_ids, group.text) == ([1060, 1061, 1062, 1063], ADVERT.format(0))
        assert copies(session, NOW, days=2, channel="help").rows == []  # two of them only
        assert copies(session, NOW, channel="help").read == 4


@pytest.mark.parametrize("values", [{"is_bot": True}, {"is_staff": True}])
def test_bots_and_staff_may_repeat_themselves(database: Database, values: dict[str, bool]) -> None:
    spread(database, 31, **values)
    with database.read() as session:
        assert copies(session, NOW, channel="help").rows == []


def test_private_and_deleted_copies_are_left_out(database: Database) -> None:
    spread(database, 31)
    with database.write() as session:
        session.get_one(Thread, 60).visibility = "private"
    with database.read() as session:
        [group] = copies(session, NOW, channel="help").rows
        assert group.post_ids == [1061, 1062, 1063]


def test_three_may_be_a_brigade_and_many_are_not(database: Database) -> None:
    with database.read() as session:
        assert copies(session, NOW, channel="themes").rows == []
        [group] = copies(session, NOW, channel="sync").rows
        assert (group.posts, [one.posts for one in group.accounts]) == (3, [1, 1, 1])


def quarrels(database: Database) -> None:
    """Let threads of one channel be hostile, each on a Monday at 9 h."""
    with database.write() as session:
        for number in range(6):
            made = http_store.START + timedelta(weeks=3 + number, hours=9)
            thread(session, 70 + number, made, channel="arena")
            for place in range(5):
                name = 5000 + 10 * number + place
                post(session, name, 70 + number, 1, made + timedelta(minutes=place), "Nonsense!")
                hostile(session, name)


def test_what_comes_again_and_again_is_told(database: Database) -> None:
    quarrels(database)
    with database.read() as session:
        found = habits(session, NOW)
    [channel] = found.hostile_channels
    assert (channel.part, channel.hit, channel.tried, channel.elsewhere) == ("arena", 6, 6, 0.0)
    assert channel.low > 0.6
    [hour] = found.hostile_hours
    assert (hour.part, hour.hit) == ((0, 9), 6)
    assert hour.tried > 6
    assert (found.flag_channels, found.flag_hours) == ([], [])
    assert found.since == NOW - timedelta(weeks=8)


def test_the_span_and_what_people_say_bind(database: Database) -> None:
    quarrels(database)
    with database.read() as session:
        assert habits(session, NOW, NOW - timedelta(weeks=2)).hostile_channels == []
        assert habits(session, NOW, channel="sync").hostile_hours == []
        early = habits(session, NOW, NOW - timedelta(weeks=200))
        assert early.since == NOW - timedelta(weeks=26)
        assert habits(session, NOW, NOW + timedelta(days=1)).since == NOW
    with database.write() as session:
        for number in range(6):
            for place in range(5):
                name = 5000 + 10 * number + place
                corrections.add(session, name, "hostility", "civil", "ann", None, False, NOW)
    with database.read() as session:
        assert habits(session, NOW).hostile_channels == []


def test_without_trouble_there_is_no_pattern(database: Database) -> None:
    with database.read() as session:
        found = habits(session, NOW)
    assert found.hostile_channels == found.hostile_hours == []
    assert found.flag_channels == found.flag_hours == []


def test_people_come_in_the_order_in_which_they_came(database: Database) -> None:
    with database.read() as session:
        found = history(session, session.get_one(Flag, 4))
        # Flags 1 and 2 are of threads that some of them had written in; 3 is of a private one.
        earlier = {one.name: [flag.row.flag.id for flag in one.earlier] for one in found}
        assert {flag for own in earlier.values() for flag in own} <= {1, 2}
        assert any(2 in own for own in earlier.values())
        first = found[0]
        assert first.posts >= 1
        assert first.activity.posts > first.posts
        assert first.activity.first_post_at is not None
        assert [one.earlier for one in history(session, session.get_one(Flag, 1))] == [[]] * len(
            history(session, session.get_one(Flag, 1))
        )


def test_who_came_after_a_flag_was_not_in_it(database: Database) -> None:
    with database.write() as session:
        person(session, 31, "Late")
        flag = session.get_one(Flag, 2)
        post(session, 1031, 3, 31, flag.raised_at + timedelta(hours=1), "What was this about?")
        post(session, 1032, 4, 31, NOW, "And here?")
        session.add(Member(id=41, name="robot", created_at=NOW, is_bot=True))
        post(session, 1033, 4, 41, NOW, "Beep.")
        people = {one.name: one for one in history(session, session.get_one(Flag, 4))}
        assert people["Late"].earlier == []
        assert "robot" not in people


def test_only_the_newest_flags_are_told_by_few_statements(database: Database) -> None:
    counts = []
    seen: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    with database.write() as session:
        last = session.get_one(Flag, 4)
        names = [column.key for column in Flag.__table__.columns]
        for more in (0, 9):
            for number in range(more):
                values = {name: getattr(session.get_one(Flag, 2), name) for name in names}
                session.add(Flag(**values | {"id": 10 + number}))
            values = {name: getattr(last, name) for name in names}
            flag = Flag(**values | {"id": 100 + more, "status": "dismissed"})
            session.add(flag)
            session.flush()
            seen.clear()
            found = history(session, flag)
            counts.append(len(seen))
    assert max(len(one.earlier) for one in found) == EARLIER
    assert counts[0] == counts[1] == 4
