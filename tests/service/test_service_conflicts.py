"""What people are shown of flags: the right sentence, as of the right time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service import conflicts
from service.conflicts import Shown, alike, hash_of
from service.db.models import Flag, Post
from service.db.session import Database, open_database
from tests.service import http_store

NOW = http_store.NOW


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    found = open_database(http_store.settings(store).url)
    yield found
    found.close()


def reason(database: Database) -> Shown:
    with database.read() as session:
        [[shown]] = conflicts.reasons(session, [session.get_one(Flag, 1)]).values()
    return shown


def test_a_sentence_is_known_by_its_hash() -> None:
    assert hash_of("Which") == "f3e63aa7e7ce25c3"
    assert len({hash_of(""), hash_of("Which"), hash_of("which")}) == 3


@pytest.mark.parametrize("text", ["Sorry, I was wrong.", "Whic", ""])
def test_other_words_than_the_reason_was_told_of_are_never_shown(
    database: Database, text: str
) -> None:
    assert (reason(database).sentence, reason(database).end) == ("Which", 5)
    with database.write() as session:  # while nobody has decided, and without a time of the edit
        session.get_one(Post, 180).plain = text
    found = reason(database)
    assert (found.sentence, found.start, found.end, found.post_id) == (None, 0, 0, 180)


def test_what_is_added_around_a_sentence_leaves_it(database: Database) -> None:
    with database.write() as session:
        session.get_one(Post, 180).plain += " Edited: never mind."
    assert reason(database).sentence == "Which"


def test_a_reason_without_a_hash_shows_no_sentence(database: Database) -> None:
    with database.write() as session:
        flag = session.get_one(Flag, 1)
        flag.reasons = [{**flag.reasons[0], "hash": None}]
    assert reason(database).sentence is None


def test_reasons_of_one_sentence_stand_together() -> None:
    told = [
        Shown("a", "A.", 3.0, 1, 0, 5, "Which"), Shown("b", "B.", 2.0, None, 0, 0, None),
        Shown("c", "C.", 1.5, 1, 0, 5, "Which"), Shown("d", "D.", 1.0, None, 0, 0, None),
        Shown("e", "E.", 0.5, 2, 0, 5, "Which"),
    ]  # fmt: skip
    assert [([one.name for one in own], sentence) for own, sentence in alike(told)] == [
        (["a", "c"], "Which"), (["b"], None), (["d"], None), (["e"], "Which"),
    ]  # fmt: skip


def test_flags_count_when_their_posts_were_made(database: Database) -> None:
    with database.write() as session:
        for number in (1, 2, 4):
            session.get_one(Flag, number).raised_at = NOW
    with database.read() as session:
        found = conflicts.summary(session, NOW)
        assert set(found.hours) == {(3, 9)}  # Thursday, not Saturday noon
        friday = NOW - timedelta(days=1)
        assert conflicts.summary(session, NOW, since=friday).whole.flags == 0
        assert conflicts.summary(session, friday).whole.flags == 3


def test_an_archive_to_which_nothing_is_added_keeps_its_rate(database: Database) -> None:
    with database.read() as session:
        found = conflicts.summary(session, NOW)
        later = conflicts.summary(session, NOW + timedelta(days=400))
        assert found == later
        assert found.until <= NOW
        assert found.rate is not None
        assert found.rate.flags == pytest.approx(3.88, abs=0.01)


def test_nothing_ages_in_an_older_archive(database: Database) -> None:
    later = NOW + timedelta(days=2_000)
    with database.write() as session:
        as_of = conflicts.seen_until(session, later, 7)
        assert conflicts.seen_until(session, NOW, 7) == NOW
        assert NOW - timedelta(hours=3) < as_of <= NOW
        flag = session.get_one(Flag, 1)
        assert conflicts.priority_of(flag, as_of) > 0.3
        flag.rank += 2_000_000_000  # put aside until long after the newest post
        assert conflicts.priority_of(flag, as_of) == pytest.approx(1.6)
