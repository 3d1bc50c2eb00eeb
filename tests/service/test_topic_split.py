"""A topic that is split: which part goes, what it is called, and what undoing it gives back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from nlp.vectors import unit
from service import topics
from service.db.models import Post, PostTopic, Topic, TopicMove
from service.db.session import Database, open_database
from service.errors import Conflict, InvalidInput, NotFound
from service.topic_split import halves, heard, split
from tests.service import http_store

AT = http_store.NOW


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    found = open_database(http_store.settings(store).url)
    yield found
    found.close()


def posts_in(database: Database, topic: int) -> list[int]:
    with database.read() as session:
        query = select(PostTopic.post_id).where(PostTopic.topic_id == topic)
        return sorted(session.scalars(query))


def test_two_heaps_of_rows_are_told_apart_in_any_order() -> None:
    chance = np.random.default_rng(7)
    first = np.r_[1, np.zeros(7)] + 0.1 * chance.normal(size=(30, 8))
    second = np.r_[0, 1, np.zeros(6)] + 0.1 * chance.normal(size=(12, 8))
    rows = unit(np.concatenate([first, second]).astype(np.float32))
    assert halves(rows).tolist() == [False] * 30 + [True] * 12
    order = chance.permutation(42)
    assert halves(rows[order]).tolist() == (order >= 30).tolist()
    assert halves(rows[:1]).tolist() == [False]
    assert halves(rows[:0]).tolist() == []


def test_a_word_lies_where_the_posts_are_that_say_it() -> None:
    rows = np.eye(3, dtype=np.float32)
    found = heard(["Sync fails", "dark theme", "sync again"], rows, ["Sync", "theme", "none"])
    np.testing.assert_allclose(found[0], [0.5**0.5, 0, 0.5**0.5], rtol=1e-6)
    np.testing.assert_array_equal(found[1], [0, 1, 0])
    np.testing.assert_allclose(found[2], [3**-0.5] * 3, rtol=1e-6)


def test_a_topic_of_two_subjects_is_parted_between_them(database: Database) -> None:
    with database.write() as session:
        topics.merge(session, 2, 3, AT, "ann")
    both = posts_in(database, 2)
    with database.write() as session:
        done = split(session, 2, AT + timedelta(hours=1), "ann")
    child = done.topics[1]
    parts = posts_in(database, 2), posts_in(database, child)
    assert sorted([*parts[0], *parts[1]]) == both
    with database.read() as session:
        said = [{text.split()[0] for text in session.scalars(
            select(Post.plain).where(Post.id.in_(ids)))} for ids in parts]  # fmt: skip
        row = session.get_one(Topic, child)
        assert sorted(map(sorted, said)) == [["My"], ["Which"]]
        assert (row.parent_id, row.born_at, row.mass) == (2, AT + timedelta(hours=1), done.posts)
        assert row.label
        assert set(row.representatives) <= set(parts[1])
        assert session.scalars(select(TopicMove.post_id)).all() == []
    with database.write() as session:
        topics.undo(session, done.event or 0, AT + timedelta(hours=2), "ann")
    assert posts_in(database, 2) == both
    with database.read() as session:
        assert session.get_one(Topic, child).merged_into_id == 2


def test_posts_that_are_named_go_and_stay_there(database: Database) -> None:
    before = posts_in(database, 2)
    with database.write() as session:
        done = split(session, 2, AT, "ann", posts=before[:3])
    assert (done.posts, posts_in(database, done.topics[1])) == (3, before[:3])
    assert posts_in(database, 2) == before[3:]
    with database.read() as session:
        kept = session.execute(select(TopicMove.post_id, TopicMove.topic_id)).all()
        assert sorted(map(tuple, kept)) == [(post, done.topics[1]) for post in before[:3]]


def moves(database: Database) -> list[tuple[int, int | None]]:
    with database.read() as session:
        query = select(TopicMove.post_id, TopicMove.topic_id).order_by(TopicMove.post_id)
        return [(post, topic) for post, topic in session.execute(query)]


def test_a_split_that_is_undone_binds_no_post_and_frees_none(database: Database) -> None:
    before = posts_in(database, 2)
    with database.write() as session:
        put = topics.move(session, before[:2], 2, AT, "ann")
    bound = moves(database)
    with database.write() as session:
        done = split(session, 2, AT + timedelta(hours=1), "ann", posts=before[1:4])
    child = done.topics[1]
    assert moves(database) == [(before[0], 2)] + [(post, child) for post in before[1:4]]
    with database.write() as session:
        topics.undo(session, done.event or 0, AT + timedelta(hours=2), "ann")
    assert (moves(database), posts_in(database, 2)) == (bound, before)
    with database.write() as session:
        topics.undo(session, put.event or 0, AT + timedelta(hours=3), "ann")
    assert moves(database) == []


def test_parts_that_are_found_hold_what_people_put_into_the_whole(database: Database) -> None:
    with database.write() as session:
        merged = topics.merge(session, 2, 3, AT, "ann")
    both = posts_in(database, 2)
    with database.write() as session:
        topics.move(session, both[:5], 2, AT, "ann")
        done = split(session, 2, AT + timedelta(hours=1), "ann")
    child = done.topics[1]
    part = set(posts_in(database, child))
    assert moves(database) == [(post, child if post in part else 2) for post in both[:5]]
    with database.write() as session:
        topics.undo(session, done.event or 0, AT + timedelta(hours=2), "ann")
    assert moves(database) == [(post, 2) for post in both[:5]]
    with database.write() as session:
        assert topics.undo(session, merged.event or 0, AT + timedelta(hours=3), "ann").posts > 5


def test_posts_of_a_merged_topic_come_back_after_a_split_of_the_other(database: Database) -> None:
    own = posts_in(database, 3)
    with database.write() as session:
        merged = topics.merge(session, 2, 3, AT, "ann")
        done = split(session, 2, AT, "ann", posts=own[:4])
        topics.undo(session, done.event or 0, AT, "ann")
        topics.undo(session, merged.event or 0, AT, "ann")
    assert posts_in(database, 3) == own


def test_a_part_is_hidden_as_the_whole_is_and_has_a_label_of_its_own(database: Database) -> None:
    before = posts_in(database, 2)
    with database.write() as session:
        topics.hide(session, 2, True, AT, "ann")
        parts = [split(session, 2, AT, "ann", posts=before[at : at + 2]).topics[1]
                 for at in (0, 2, 4)]  # fmt: skip
        rows = [session.get_one(Topic, part) for part in parts]
        assert len({row.label for row in rows}) == 3
        assert all(row.hidden_at == AT for row in rows)


def test_threads_that_are_named_go_whole(database: Database) -> None:
    before = posts_in(database, 2)
    with database.read() as session:
        thread = session.get_one(Post, before[0]).thread_id
        query = select(Post.id).where(Post.thread_id == thread)
        own = sorted(set(before) & set(session.scalars(query)))
    with database.write() as session:
        done = split(session, 2, AT, "ann", threads=[thread])
    assert posts_in(database, done.topics[1]) == own


def test_what_cannot_be_split_is_said(database: Database) -> None:
    before = posts_in(database, 2)
    for given, error, said in (
        ({"posts": [999]}, InvalidInput, "post 999 is not in the topic"),
        ({"threads": [999]}, InvalidInput, "thread 999"),
        ({"posts": before}, Conflict, "no two parts"),
    ):
        with database.write() as session, pytest.raises(error, match=said):
            split(session, 2, AT, "ann", **given)
    with database.write() as session, pytest.raises(NotFound):
        split(session, 99, AT, "ann")
    with database.write() as session:
        topics.merge(session, 2, 1, AT, "ann")
        with pytest.raises(Conflict, match="no posts of its own"):
            split(session, 1, AT, "ann")
