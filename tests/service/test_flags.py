"""What people do with flags: who came between, what is undone, and what is kept of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from service import flags
from service.db.models import AuditEntry, Flag, FlagReview, Post
from service.db.queries import flags as record
from service.db.session import Database, open_database
from service.errors import Conflict, InvalidInput, NotFound, Stale
from service.flag_words import tell, undoable
from service.flags import TO, Done, status_at
from service.insights.heat.rank import standing
from tests.service import http_store

AT = http_store.NOW


class World:
    """A store in which flag 1 waits, 2 was dismissed and 4 is claimed by ann."""

    def __init__(self, database: Database) -> None:
        self.database, self.at = database, AT

    def act(
        self, flag: int, action: str, revision: int | None, actor: str = "bo", **given: Any
    ) -> Done:
        self.at += timedelta(minutes=1)
        with self.database.write() as session:
            return flags.act(
                session, flag, action, revision=revision, actor=actor, now=self.at, **given
            )

    def undo(self, flag: int, review: int | None, actor: str = "bo") -> Done:
        self.at += timedelta(minutes=1)
        with self.database.write() as session:
            return flags.undo(session, flag, review or 0, self.at, actor)

    def withdraw(self, flag: int) -> None:
        with self.database.write() as session:
            evidence = {"heat": 0.1, "threshold": 0.5}
            record.withdraw(session, session.get_one(Flag, flag), self.at, evidence)

    def flag(self, flag: int) -> Flag:
        with self.database.read() as session:
            return session.get_one(Flag, flag)

    def state(self, flag: int) -> dict[str, Any]:
        return record.state(self.flag(flag))


@pytest.fixture
def world(store: Path) -> Iterator[World]:
    database = open_database(http_store.settings(store).url)
    yield World(database)
    database.close()


def test_a_claimed_flag_is_decided_by_who_claimed_it(world: World) -> None:
    assert world.act(1, "claim", 1) == Done(1, True, 2, "claimed", 3)
    with pytest.raises(Conflict, match="claimed by bo on 2026-02-28 12:01 UTC; release it first"):
        world.act(1, "confirm", 2, "cleo")
    done = world.act(1, "confirm", 2, note="  It was. ")
    assert (done.status, done.revision) == ("confirmed", 3)
    row = world.flag(1)
    assert (row.decided_by, row.decided_at, row.claimed_by) == ("bo", world.at, None)
    with world.database.read() as session:
        newest = record.reviews(session, 1)[-1]
        assert (newest.note, newest.actor, newest.before["status"]) == ("It was.", "bo", "claimed")
        assert newest.post_id == 180


def test_who_came_between_is_told(world: World) -> None:
    world.act(1, "dismiss", 1, "ann", reason="banter")
    with pytest.raises(Stale, match="dismissed as banter by ann on 2026-02-28 12:01 UTC"):
        world.act(1, "confirm", 1)
    assert world.flag(1).status == "dismissed"
    with pytest.raises(Conflict, match=r"dismissed as banter by ann .*: it is dismissed"):
        world.act(1, "confirm", 2)
    with pytest.raises(InvalidInput, match="no revision 9 yet"):
        world.act(1, "reopen", 9)


def test_to_repeat_a_step_changes_nothing(world: World) -> None:
    first = world.act(1, "dismiss", 1, reason="quoted", note="x")
    again = world.act(1, "dismiss", 1, reason="quoted", note="x")
    assert (again.changed, again.review, again.revision) == (False, first.review, 2)
    assert not world.act(1, "dismiss", 2, reason="quoted").changed
    assert world.act(1, "dismiss", 2, reason="technical").changed  # said more exactly
    assert not world.act(4, "claim", 2, "ann").changed


def test_what_is_released_is_escalated_again(world: World) -> None:
    world.act(1, "escalate", 1, "ann")
    claim = world.act(1, "claim", 2)
    done = world.act(1, "release", 3, "cleo")
    assert (done.status, world.flag(1).claimed_by) == ("escalated", None)
    assert not world.act(1, "release", None).changed
    world.undo(1, done.review)
    world.undo(1, claim.review)
    world.act(1, "reopen", None)
    world.act(1, "claim", None)
    assert world.act(1, "release", None).status == "open"


def test_a_note_that_is_added_is_kept(world: World) -> None:
    first = world.act(1, "dismiss", 1, "ann", reason="banter")
    at, more = world.at, world.act(1, "dismiss", 2, note="They are old friends.")
    assert (more.changed, more.revision, more.status) == (True, 3, "dismissed")
    row = world.flag(1)
    assert (row.decided_by, row.decided_at, row.reason) == ("ann", at, "banter")
    with world.database.read() as session:
        notes = [(one.id, one.note) for one in record.reviews(session, 1)]
    assert notes == [(first.review, None), (more.review, "They are old friends.")]
    assert not world.act(1, "dismiss", None, note="They are old friends.").changed
    world.undo(1, more.review)
    assert world.flag(1).reason == "banter"


def test_a_key_that_is_called_run_is_a_person(world: World) -> None:
    # Such keys cannot be made any more, but an older store may have one.
    done = world.act(1, "escalate", 1, "run")
    with pytest.raises(Stale, match="escalated by run on"):
        world.act(1, "confirm", 1)
    with world.database.read() as session:
        assert undoable(record.reviews(session, 1)[-1])
    assert world.undo(1, done.review).status == "open"


def test_a_snooze_counts_as_news_when_it_is_over(world: World) -> None:
    before, until = world.flag(1).rank, AT + timedelta(days=2)
    world.act(1, "snooze", 1, until=until)
    row = world.flag(1)
    assert row.rank == standing(row.heat, row.hostile, row.newcomer, until) > before
    world.act(1, "reopen", 2)
    assert world.flag(1).rank == before


def test_a_verdict_on_a_withdrawn_flag_is_taken_and_said(world: World) -> None:
    world.withdraw(1)
    assert world.flag(1).status == "withdrawn"
    told = r"calmed down by a run on .* UTC \(heat 0.10, threshold 0.50\); look again"
    with pytest.raises(Stale, match=told):
        world.act(1, "claim", 1)
    done = world.act(1, "confirm", 1)
    assert (done.changed, done.withdrawn, done.status) == (True, True, "confirmed")
    with world.database.read() as session:
        told = tell(record.reviews(session, 1)[-1])
        assert told.startswith("confirmed after a run had withdrawn it by bo")
        assert [one.confirmed for one in record.verdicts(session)] == [False, True]
    world.undo(1, done.review)
    assert world.flag(1).status == "withdrawn"


def test_a_snooze_ends_by_itself(world: World) -> None:
    until = AT + timedelta(days=2)
    world.act(1, "snooze", 1, until=until)
    row = world.flag(1)
    for moment, status in ((until - timedelta(microseconds=1), "snoozed"), (until, "open")):
        assert status_at(row, moment) == status
    world.at = until
    assert world.act(1, "claim", 2).status == "claimed"


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("burn", {}),
        ("confirm", {"reason": "banter"}),
        ("dismiss", {"reason": "boring"}),
        ("confirm", {"until": AT + timedelta(days=1)}),
        ("snooze", {}),
        ("snooze", {"until": AT}),
        ("snooze", {"until": AT + timedelta(days=91)}),
        ("confirm", {"note": "x" * 501}),
        ("confirm", {"note": "a\0b"}),
    ],
)
def test_what_cannot_be_asked_is_said(world: World, action: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        world.act(1, action, 1, **given)
    assert world.flag(1).revision == 1


def test_no_such_flag_or_review(world: World) -> None:
    with pytest.raises(NotFound, match="no flag 99"):
        world.act(99, "claim", 1)
    for flag, review in ((1, 99), (1, 1), (99, 1)):
        with pytest.raises(NotFound):
            world.undo(flag, review)


def test_only_the_newest_step_is_undone(world: World) -> None:
    first, second = world.act(1, "claim", 1), world.act(1, "confirm", 2)
    with pytest.raises(Conflict, match=f"confirmed by bo .* undo review {second.review} first"):
        world.undo(1, first.review)
    back = world.undo(1, second.review)
    assert (back.status, back.revision) == ("claimed", 4)
    assert not world.undo(1, second.review).changed
    with pytest.raises(Conflict, match="decide that anew"):
        world.undo(1, back.review)
    assert world.undo(1, first.review).status == "open"
    world.withdraw(1)
    with world.database.read() as session:
        last = record.reviews(session, 1)[-1].id
    with pytest.raises(Conflict, match="reopen flag 1 instead"):
        world.undo(1, last)


def test_a_thread_has_one_flag_that_waits(world: World) -> None:
    with world.database.write() as session:
        old = session.get_one(Flag, 2)
        values = {name: getattr(old, name) for name in (
            "thread_id", "heat", "peak", "threshold", "version", "newest_at", "rank", "reasons",
            "features",
        )} | {"raised_at": AT, "post_id": old.post_id}  # fmt: skip
        assert record.raise_flag(session, values) is None  # no post since the verdict
        newer = record.raise_flag(session, values | {"post_id": old.post_id + 1})
        assert newer is not None
        assert record.raise_flag(session, values | {"post_id": old.post_id + 2}) is None
    with pytest.raises(Conflict, match=f"flagged anew since: see flag {newer.id}"):
        world.act(2, "reopen", 2)
    with pytest.raises(Conflict, match="flagged anew"):
        world.undo(2, 1)
    world.act(newer.id, "confirm", 1)
    assert world.act(2, "reopen", 2).status == "open"


@pytest.mark.parametrize("seed", range(4))
def test_steps_undone_from_the_last_leave_every_flag_as_it_was(world: World, seed: int) -> None:
    chance = random.Random(seed)
    before = [world.state(flag) for flag in (1, 2, 4)]
    made = []
    for _ in range(25):
        flag, action = chance.choice((1, 2, 4)), chance.choice(list(TO))
        until = world.at + timedelta(hours=5) if action == "snooze" else None
        try:
            done = world.act(flag, action, None, chance.choice(("ann", "bo")), until=until)
        except Conflict:
            continue
        if done.changed:
            made.append((flag, done.review))
    assert len(made) > 8
    for flag, review in reversed(made):
        assert world.undo(flag, review).changed
    assert [world.state(flag) for flag in (1, 2, 4)] == before


def test_every_step_is_audited(world: World) -> None:
    done = world.act(1, "dismiss", 1, reason="technical", note="what nobody else reads")
    world.undo(1, done.review)
    with world.database.read() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(2)).all()
        assert [(row.action, row.target, row.actor) for row in rows] == [
            ("conflict.undone", "conflict 1", "bo"), ("conflict.dismissed", "conflict 1", "bo"),
        ]  # fmt: skip
        assert rows[1].detail == {
            "review": done.review, "revision": 2, "before": "open", "after": "dismissed",
            "reason": "technical",
        }  # fmt: skip


def test_of_two_at_once_one_wins(world: World) -> None:
    def act(actor: str) -> bool:
        try:
            with world.database.write() as session:
                return flags.act(session, 1, "confirm", revision=1, actor=actor, now=AT).changed
        except Stale:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(act, ["ann", "bo"])) == [False, True]
    with world.database.read() as session:
        assert len(session.scalars(select(FlagReview).where(FlagReview.flag_id == 1)).all()) == 1


def test_verdicts_are_told_as_they_stand(world: World) -> None:
    world.act(1, "confirm", 1)
    world.act(4, "release", 2, "ann")
    world.act(4, "dismiss", 3, reason="banter")
    world.act(2, "reopen", 2)
    with world.database.read() as session:
        found = record.verdicts(session)
    assert [(one.flag_id, one.confirmed, one.reason) for one in found] == [
        (1, True, None), (4, False, "banter"),
    ]  # fmt: skip
    assert found[0].features == {"hostile": 0.8, "you": 1.0}
    assert found[0].at == AT + timedelta(minutes=1)


def test_a_verdict_knows_up_to_which_post_it_goes(world: World) -> None:
    when: datetime = AT + timedelta(hours=1)
    with world.database.read() as session:
        settled = record.settled(session, [2, 3])
        assert list(settled) == [3]
        assert (settled[3].status, settled[3].post_id) == ("dismissed", 181)
    with world.database.write() as session:
        post = session.get_one(Post, 181)
        post.edited_at = when
    with world.database.read() as session:
        assert record.settled(session, [3])[3].at == AT - timedelta(hours=1)
