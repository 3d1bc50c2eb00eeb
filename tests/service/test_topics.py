"""What people decide about topics, and that undoing it leaves every row as it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from service import topics
from service.db.models import AuditEntry, PostTopic, Topic, TopicEvent, TopicMove
from service.db.queries import load
from service.db.session import Database, open_database
from service.errors import Conflict, InvalidInput, NotFound
from service.topics import Done
from tests.service import http_store

AT = http_store.NOW


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    found = open_database(http_store.settings(store).url)
    yield found
    found.close()


class World:
    """A store, and each decision an hour after the one before."""

    def __init__(self, database: Database) -> None:
        self.database, self.at = database, AT

    def call(self, decide: Callable[..., Done], *given: Any) -> Done:
        self.at += timedelta(hours=1)
        with self.database.write() as session:
            return decide(session, *given, self.at, "ann")

    def dump(self) -> Any:
        """Return which posts each topic has, and what is said of each topic."""
        with self.database.read() as session:
            places = select(PostTopic.post_id, PostTopic.topic_id, PostTopic.via_id)
            said = select(Topic.id, Topic.name, Topic.pinned_at, Topic.hidden_at, Topic.retired_at,
                          Topic.merged_into_id)  # fmt: skip
            moves = select(TopicMove.post_id, TopicMove.topic_id)
            return [sorted(map(tuple, session.execute(query)), key=str)
                    for query in (places, said, moves)]  # fmt: skip

    def count(self, topic: int) -> int:
        with self.database.read() as session:
            return len(session.scalars(
                select(PostTopic.post_id).where(PostTopic.topic_id == topic)
            ).all())  # fmt: skip


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_a_name_wins_until_it_is_taken_away(world: World) -> None:
    done = world.call(topics.rename, 1, "  Sync   trouble ")
    assert (done.changed, done.topics) == (True, (1,))
    with world.database.read() as session:
        row = session.get_one(Topic, 1)
        assert (row.called, row.label) == ("Sync trouble", "Offline sync on the phone")
    assert not world.call(topics.rename, 1, "Sync trouble").changed
    assert world.call(topics.rename, 1, None).changed
    assert not world.call(topics.rename, 1, None).changed


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\0b", "\x1b[2J", "\u200b"])
def test_a_name_has_something_to_read_and_an_end(world: World, name: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 120"):
        world.call(topics.rename, 1, name)


def test_posts_of_a_merged_topic_count_for_the_other_and_come_back(world: World) -> None:
    before, sizes = world.dump(), [world.count(topic) for topic in (1, 2, 3)]
    first = world.call(topics.merge, 2, 1)
    assert (first.changed, first.topics, first.posts) == (True, (2, 1), sizes[0])
    again = world.call(topics.merge, 2, 1)
    assert (again.changed, again.event) == (False, first.event)
    second = world.call(topics.merge, 3, 2)
    assert world.count(3) == sum(sizes)
    # The one in the middle is parted first: what came by the first comes along later.
    world.call(topics.undo, second.event)
    assert [world.count(topic) for topic in (1, 2, 3)] == [0, sizes[0] + sizes[1], sizes[2]]
    world.call(topics.undo, first.event)
    assert world.dump() == before


def test_a_merge_is_undone_while_what_it_went_into_is_merged_itself(world: World) -> None:
    sizes = [world.count(topic) for topic in (1, 2, 3)]
    first, second = world.call(topics.merge, 2, 1), world.call(topics.merge, 3, 2)
    world.call(topics.undo, first.event)
    assert [world.count(topic) for topic in (1, 2, 3)] == [sizes[0], 0, sizes[1] + sizes[2]]
    world.call(topics.undo, second.event)
    assert [world.count(topic) for topic in (1, 2, 3)] == sizes


def test_what_cannot_be_merged_is_said(world: World) -> None:
    world.call(topics.merge, 2, 1)
    for kept, other, said in ((2, 2, "itself"), (3, 1, "take topic 2"), (1, 3, "take topic 2")):
        with pytest.raises(Conflict, match=said):
            world.call(topics.merge, kept, other)
    with pytest.raises(NotFound, match="no topic 99"):
        world.call(topics.merge, 2, 99)
    for decide, given in ((topics.pin, (1, True)), (topics.hide, (1, True))):
        with pytest.raises(Conflict, match="was merged"):
            world.call(decide, *given)


def test_posts_go_where_a_person_puts_them_and_back(world: World) -> None:
    before = world.dump()
    done = world.call(topics.move, [1, 2, 4], 1)
    assert (done.posts, done.topics[0]) == (3, 1)
    assert not world.call(topics.move, [1, 2, 4], 1).changed
    out = world.call(topics.take_out, [2], 1)
    with world.database.read() as session:
        assert session.get_one(PostTopic, 2).topic_id is None
        assert session.get_one(PostTopic, 4).topic_id == 1  # it was in no topic
    # Post 2 was moved again since: the first decision no longer holds of it.
    assert world.call(topics.undo, done.event).posts == 2
    world.call(topics.undo, out.event)
    with world.database.read() as session:
        assert session.get_one(PostTopic, 2).topic_id == 1
    second = world.call(topics.move, [2], 3)
    assert second.changed
    world.call(topics.move, [2], 3)
    with world.database.read() as session:
        assert session.scalars(select(TopicMove.post_id)).all() == [2]
    assert world.dump()[0] == before[0]


def test_a_move_is_undone_of_a_post_whose_words_were_edited_since(world: World) -> None:
    done = world.call(topics.move, [1, 2], 3)
    with world.database.write() as session:
        load.drop_judgements(session, [1])
    assert world.call(topics.undo, done.event).posts == 2
    with world.database.read() as session:
        assert session.scalars(select(TopicMove.post_id)).all() == []


def test_only_posts_that_a_run_has_placed_are_moved(world: World) -> None:
    before = world.dump()
    hidden = max(post for post, *_ in before[0])  # deleted, or said in private
    for posts in ([1, 999], [1, hidden], [1, hidden - 1]):
        with pytest.raises(InvalidInput, match="nothing was moved"):
            world.call(topics.move, posts, 1)
    with pytest.raises(InvalidInput, match="not in the topic"):
        world.call(topics.take_out, [1], 1)
    for posts in ([], list(range(1, 1_002))):
        with pytest.raises(InvalidInput, match="1 to 1,000"):
            world.call(topics.move, posts, 1)
    with pytest.raises(NotFound):
        world.call(topics.move, [1], 99)
    assert world.dump() == before


def test_only_the_newest_decision_of_its_kind_is_undone(world: World) -> None:
    first = world.call(topics.rename, 1, "One")
    second = world.call(topics.rename, 1, "Two")
    with pytest.raises(Conflict, match=f"undo event {second.event} first"):
        world.call(topics.undo, first.event)
    back = world.call(topics.undo, second.event)
    assert not world.call(topics.undo, second.event).changed
    with world.database.read() as session:
        assert session.get_one(Topic, 1).name == "One"
    with pytest.raises(Conflict, match="decide that anew"):
        world.call(topics.undo, back.event)
    with pytest.raises(Conflict, match="found by a run"):
        world.call(topics.undo, 1)
    with pytest.raises(NotFound):
        world.call(topics.undo, 999)


@pytest.mark.parametrize("seed", range(4))
def test_decisions_undone_from_the_last_leave_every_row_as_it_was(world: World, seed: int) -> None:
    chance = random.Random(seed)
    before = world.dump()
    made = []
    for number in range(25):
        one, other = chance.sample([1, 2, 3], 2)
        decide, *given = chance.choice([
            (topics.rename, one, chance.choice(["A", "B", None])),
            (topics.pin, one, chance.random() < 0.5),
            (topics.hide, one, chance.random() < 0.5),
            (topics.merge, one, other),
            (topics.move, chance.sample(range(1, 30), 3), chance.choice([one, None])),
        ])  # fmt: skip
        try:
            done = world.call(decide, *given)
        except Conflict:
            continue
        if done.changed:
            assert done.event is not None, number
            made.append(done.event)
    assert len(made) > 8
    for event in reversed(made):
        assert world.call(topics.undo, event).changed
    assert world.dump() == before


def test_every_decision_is_in_the_ledger_and_in_the_audit(world: World) -> None:
    posts = world.count(1)
    done = world.call(topics.merge, 2, 1)
    world.call(topics.undo, done.event)
    with world.database.read() as session:
        newest = session.scalars(select(TopicEvent).order_by(TopicEvent.id.desc()).limit(2)).all()
        assert [(row.kind, row.topic_id, row.other_id, row.actor) for row in newest] == [
            ("undone", 1, 2, "ann"), ("merged", 1, 2, "ann"),
        ]  # fmt: skip
        assert newest[0].undoes_id == newest[1].id
        assert newest[1].undone_at == world.at
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(2)).all()
        assert [(row.action, row.target) for row in rows] == [
            ("topic.undone", "topic 1"), ("topic.merged", "topic 1"),
        ]  # fmt: skip
        assert rows[1].detail["posts"] == posts


def test_of_merges_of_two_into_each_other_at_once_one_wins(world: World) -> None:
    def merge(pair: tuple[int, int]) -> bool:
        try:
            return world.call(topics.merge, *pair).changed
        except Conflict:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(merge, [(1, 2), (2, 1)])) == [False, True]


def test_times_are_those_of_the_decision(world: World) -> None:
    moments: list[datetime | None] = []
    for decide, value in ((topics.pin, True), (topics.pin, False), (topics.pin, True)):
        world.call(decide, 3, value)
        with world.database.read() as session:
            moments.append(session.get_one(Topic, 3).pinned_at)
    assert moments == [AT + timedelta(hours=1), None, AT + timedelta(hours=3)]
