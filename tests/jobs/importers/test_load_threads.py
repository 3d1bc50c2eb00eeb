import itertools
from datetime import UTC, datetime

import pytest

from service.db.models import Thread
from service.ingest import reading as module


def minute(at):
    return datetime(2024, 6, 1, at // 60, at % 60, tzinfo=UTC)


def test_replies_point_at_their_parents(store, post):
    result = store.load(
        post("b", at=2, parent_id="a"),
        post("a"),
        post("self", parent_id="self"),
        post("lost", parent_id="nowhere"),
    )
    assert (result.self_replies, result.orphan_replies) == (1, 1)
    assert store.parents() == {"a": None, "b": "a", "self": None, "lost": None}
    assert store.posts("parent_external_id")["lost"] == "nowhere"


def test_a_parent_may_come_with_a_later_import(store, post):
    assert store.load(post("b", at=2, parent_id="a", thread_id="t")).orphan_replies == 1
    result = store.load(post("a", thread_id="t"))
    assert result.orphan_replies == 0
    assert store.parents() == {"a": None, "b": "a"}


def test_a_parent_in_another_source_is_none(store, post):
    store.load(post("a", source="x"), post("b", source="y", parent_id="a"))
    assert store.parents() == {"a": None, "b": None}


def test_an_edit_can_change_the_parent(store, post):
    store.load(post("a"), post("b"), post("c", parent_id="a", thread_id="t"))
    store.load(post("c", parent_id="b", thread_id="t"))
    assert store.parents()["c"] == "b"
    store.load(post("c", thread_id="t"))
    assert store.parents()["c"] is None


def test_a_post_without_a_thread_joins_the_root_of_its_chain(store, post):
    result = store.load(
        post("a"),
        post("b", parent_id="a"),
        post("c", parent_id="b"),
        post("d", parent_id="e"),
        post("f", thread_id="t"),
        post("g", parent_id="f"),
    )
    assert store.places() == {"a": "a", "b": "a", "c": "a", "d": "d", "f": "t", "g": "t"}
    assert result.threads_added == 3


def test_a_thread_id_that_is_the_posts_own_says_nothing_of_a_reply(store, post):
    store.load(post("a", thread_id="t"), post("b", parent_id="a", thread_id="b"))
    assert store.places() == {"a": "t", "b": "t"}


@pytest.mark.parametrize("batch", [1, 1_000])
def test_chains_are_joined_in_any_order(new_store, post, monkeypatch, batch):
    monkeypatch.setattr(module, "BATCH", batch)
    rows = [
        post("a", at=1),
        post("b", at=2, parent_id="a"),
        post("c", at=3, parent_id="b"),
        post("d", at=4, parent_id="c"),
    ]
    for order in itertools.permutations(rows):
        store = new_store()
        assert store.load(*order).threads_added == 1
        assert set(store.places().values()) == {"a"}
        columns = (Thread.external_id, Thread.first_post_at, Thread.last_post_at)
        assert store.rows(*columns) == [("a", minute(1), minute(4))]


def test_chains_are_joined_across_imports(store, post):
    store.load(post("c", at=3, parent_id="b", thread_title="C"))
    store.load(post("b", at=2, parent_id="a"))
    assert store.places() == {"b": "b", "c": "b"}
    result = store.load(post("a", at=1, thread_id="t"))
    assert result.threads_added == 0
    assert store.places() == {"a": "t", "b": "t", "c": "t"}
    assert store.rows(Thread.external_id, Thread.title) == [("t", "C")]


@pytest.mark.parametrize("batch", [1, 1_000])
def test_rings_of_replies_end(new_store, post, monkeypatch, batch):
    monkeypatch.setattr(module, "BATCH", batch)
    ring = [post(a, parent_id=b) for a, b in ("ab", "bc", "cd", "da")]
    for order in itertools.islice(itertools.permutations(ring), 0, None, 3):
        store = new_store()
        store.load(*order)
        assert len(set(store.places().values())) == 1
        assert store.parents() == {"a": "b", "b": "c", "c": "d", "d": "a"}


def test_headings_are_the_newest_records(new_store, post):
    rows = [
        post("a", at=1, thread_id="t", thread_title="Old", channel="c", accepted_answer_id="b"),
        post("b", at=2, thread_id="t", thread_title="New", channel="d"),
        post("c", at=2, thread_id="t", thread_title="Less", channel="d", resolved=True),
    ]
    columns = (Thread.title, Thread.channel, Thread.resolved, Thread.accepted_post_external_id)
    for order in itertools.permutations(rows):
        store = new_store()
        for row in order:
            store.load(row)
        assert store.rows(*columns) == [("New", "d", True, "b")]


def test_an_edited_record_renames_its_thread_and_opens_it_again(store, post):
    heading = {"thread_title": "Old", "resolved": True, "accepted_answer_id": "b"}
    store.load(post("a", at=1, thread_id="t", **heading), post("b", at=2, thread_id="t"))
    heading = {"thread_title": "New", "resolved": False, "accepted_answer_id": "c"}
    result = store.load(post("a", at=1, thread_id="t", **heading))
    assert result.updated == 1
    columns = (Thread.title, Thread.resolved, Thread.accepted_post_external_id)
    assert store.rows(*columns) == [("New", False, "c")]


def test_a_record_that_carries_nothing_keeps_the_heading(store, post):
    store.load(post("a", at=1, thread_id="t", thread_title="T", channel="c", resolved=True))
    store.load(post("b", at=2, thread_id="t"))
    assert store.rows(Thread.title, Thread.channel, Thread.resolved) == [("T", "c", True)]


def test_a_moved_post_leaves_no_empty_thread_behind(store, post):
    store.load(
        post("a", at=1, thread_id="t"), post("b", at=2, thread_id="t"), post("c", thread_id="u")
    )
    store.load(post("a", at=1, thread_id="v"), post("c", thread_id="v"))
    columns = (Thread.external_id, Thread.first_post_at, Thread.last_post_at)
    assert store.rows(*columns) == [
        ("t", minute(2), minute(2)),
        ("v", minute(1), minute(1)),
    ]
