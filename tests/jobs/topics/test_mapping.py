"""What people decided about topics, over refits that find other clusters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from jobs.encode import encode
from jobs.topics import TopicsResult, update_topics
from nlp.encoders import load
from service import topics
from service.db.models import PostTopic, Topic
from service.db.queries import ledger
from service.db.queries import load as queries
from service.db.session import Database
from service.topic_split import split
from tests.jobs.community import records
from tests.jobs.conftest import Import

Go = Callable[..., TopicsResult]


@pytest.fixture
def go(database: Database, now: datetime) -> Go:
    encoder = load("hashing")
    nights = iter(range(1, 100))

    def run_it(**options: Any) -> TopicsResult:
        at = now + timedelta(days=next(nights))
        encode(database, encoder.card, lambda: encoder, now=at)
        return update_topics(database, encoder.card, lambda: encoder, now=at, **options)

    return run_it


def test_a_part_that_was_merged_back_never_takes_the_place_of_the_whole(
    database: Database, bring: Import, go: Go, now: datetime
) -> None:
    bring(records())
    go()
    with database.write() as session:
        query = select(PostTopic.post_id).where(PostTopic.topic_id == 1)
        posts = sorted(session.scalars(query))
        done = split(session, 1, now, "ann", posts=posts[: len(posts) * 9 // 10])
        topics.undo(session, done.event or 0, now, "ann")
    part = done.topics[1]
    for _ in range(2):
        go(refit=True)
        with database.read() as session:
            into = dict(session.execute(select(Topic.id, Topic.merged_into_id)).all())
            assert (into[1], into[part]) == (None, 1)
            assert session.get_one(Topic, 1).retired_at is None
            held = session.scalars(select(PostTopic.post_id).where(PostTopic.topic_id == 1))
            assert len(set(posts) & set(held)) > 0.9 * len(posts)
            assert ledger.root_of(session, part) == 1


@pytest.mark.parametrize("decide", [topics.pin, topics.hide, topics.rename])
def test_a_decision_that_was_taken_back_keeps_no_topic_alive(
    database: Database, bring: Import, go: Go, now: datetime, decide: Any
) -> None:
    bring(records())
    go()
    with database.write() as session:
        yes, no = ("Mine", None) if decide is topics.rename else (True, False)
        for given, kept in ((yes, {2}), (no, set())):
            assert decide(session, 2, given, now, "ann").changed
            session.flush()
            assert ledger.touched(session) == kept
        gone = select(PostTopic.post_id).where(PostTopic.topic_id == 2)
        for post in session.scalars(gone).all():
            queries.empty_post(session, post, bytes(16), now)
    go(refit=True)
    with database.read() as session:
        assert session.get_one(Topic, 2).retired_at is not None


@pytest.mark.parametrize("merged", [False, True])
def test_parts_that_a_refit_finds_stay_hidden_or_merged_as_the_whole_is(
    database: Database, bring: Import, go: Go, now: datetime, merged: bool
) -> None:
    bring(records())
    go()
    with database.write() as session:
        # One topic of two subjects.
        into = update(PostTopic).where(PostTopic.topic_id == 2)
        session.execute(into.values(topic_id=1))
        both = set(session.scalars(select(PostTopic.post_id).where(PostTopic.topic_id == 1)))
        other = session.get_one(Topic, 2)
        other.retired_at, other.mass = now, 0.0
        session.flush()
        done = topics.merge(session, 3, 1, now, "ann") if merged else None
        if not merged:
            topics.hide(session, 1, True, now, "ann")
    go(refit=True)
    with database.read() as session:
        parts = list(session.scalars(select(Topic).where(Topic.parent_id == 1)))
        assert parts
        places = select(PostTopic.post_id, PostTopic.topic_id)
        held = {row.post_id: row.topic_id for row in session.execute(places)}
    if done is None:
        assert all(part.hidden_at is not None and part.retired_at is None for part in parts)
        return
    assert all((part.merged_into_id, part.mass > 1) == (1, True) for part in parts)
    assert sum(held[post] == 3 for post in both) > 0.9 * len(both)
    with database.write() as session:
        topics.undo(session, done.event or 0, now, "ann")
        own = set(session.scalars(select(PostTopic.post_id).where(PostTopic.topic_id == 1)))
    assert len(own & both) > 0.9 * len(both)
