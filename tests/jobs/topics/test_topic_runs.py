"""Nights and refits over the ledger: ids stay, births are found, and what people decided holds."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, func, select

from jobs.encode import encode
from jobs.topics import TopicsResult, update_topics
from nlp.encoders import load
from service import topics
from service.db.models import (
    Embedding,
    EncoderRow,
    Post,
    PostTopic,
    Topic,
    TopicEvent,
    TopicFit,
    TopicRow,
)
from service.db.queries import load as queries
from service.db.session import Database
from tests.jobs.community import DAYS, START, records
from tests.jobs.conftest import Import

Go = Callable[..., TopicsResult]
NEW = ["budget", "invoice", "refund", "billing", "payment", "receipt", "card", "price"]


@pytest.fixture
def go(database: Database, now: datetime) -> Go:
    encoder = load("hashing")
    nights = iter(range(1, 100))

    def run_it(**options: Any) -> TopicsResult:
        at = now + timedelta(days=next(nights))
        encode(database, encoder.card, lambda: encoder, now=at)
        return update_topics(database, encoder.card, lambda: encoder, now=at, **options)

    return run_it


def places(database: Database) -> dict[int, tuple[int | None, int | None]]:
    with database.read() as session:
        query = select(PostTopic.post_id, PostTopic.topic_id, PostTopic.via_id)
        return {post: (topic, via) for post, topic, via in session.execute(query)}


def named(database: Database) -> dict[int, tuple[str, Any]]:
    with database.read() as session:
        rows = session.scalars(select(Topic).order_by(Topic.id))
        return {row.id: (row.label, row.retired_at) for row in rows}


def told(database: Database, kind: str) -> list[TopicEvent]:
    with database.read() as session:
        query = select(TopicEvent).where(TopicEvent.kind == kind).order_by(TopicEvent.id)
        return list(session.scalars(query))


def about(words: list[str], count: int, name: str, seed: int = 5) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [
        {
            "id": f"{name}-{number}",
            "thread_id": f"{name}-{number // 3}",
            "thread_title": f"About {name} {number // 3}",
            "channel": "room",
            "author": f"{name}{number % 9}",
            "created_at": (START + timedelta(days=DAYS, minutes=number)).isoformat(),
            "parent_id": None,
            "text": " ".join(chance.choices(words, k=8)),
        }
        for number in range(count)
    ]


def remove(database: Database, name: str, now: datetime) -> None:
    with database.write() as session:
        gone = select(Post.id).where(Post.external_id.startswith(name))
        for post in session.scalars(gone).all():
            queries.empty_post(session, post, bytes(16), now)


def decide(database: Database, what: Callable[..., Any], *given: Any, at: datetime) -> Any:
    with database.write() as session:
        return what(session, *given, at, "ann")


def test_a_night_changes_no_label_and_moves_no_post(
    database: Database, bring: Import, go: Go
) -> None:
    rows = records()
    bring(rows[:-40])
    assert go().fitted
    before, labels = places(database), named(database)
    bring(rows)
    done = go()
    assert (done.fitted, done.placed, done.born) == (False, 40, 0)
    after = places(database)
    assert {post: after[post] for post in before} == before
    assert len(after) == len(rows)
    assert named(database) == labels
    with database.read() as session:
        fit = session.scalars(select(TopicFit)).one()
        mass = session.scalar(select(func.sum(Topic.mass)))
        assert (fit.posts, fit.outliers) == (len(rows), done.outliers)
        assert mass == pytest.approx(len(rows) - done.outliers, abs=1)
    assert go() == TopicsResult(False, done.topics, 0, done.outliers)


def test_a_night_looks_up_as_often_whatever_is_new(
    database: Database, bring: Import, go: Go
) -> None:
    rows = records()
    bring(rows[:-40])
    go()
    asked: list[str] = []
    event.listen(
        database.engine, "before_cursor_execute", lambda *given: asked.append(str(given[2]))
    )
    counts = []
    for rest in (39, 20, 0):
        bring(rows[: len(rows) - rest])
        encoder = load("hashing")
        with database.read() as session:
            at = session.scalars(select(TopicFit.fitted_at)).one() + timedelta(days=40 - rest)
        encode(database, encoder.card, lambda: encoder, now=at)  # noqa: B023
        asked.clear()
        update_topics(database, encoder.card, load_nothing, now=at)
        counts.append(sum(not sql.startswith(("PRAGMA", "BEGIN")) for sql in asked))
    assert len(set(counts)) == 1
    assert counts[0] <= 20


def load_nothing() -> Any:
    raise AssertionError("no words are encoded where no topic is born")


def test_a_subject_that_was_not_there_is_born_with_its_evidence(
    database: Database, bring: Import, go: Go
) -> None:
    rows = records(each=90)
    bring(rows)
    first = go()
    fresh = about(NEW, 30, "billing")
    bring([*rows, *fresh])
    done = go()
    assert (done.fitted, done.born, done.topics) == (False, 1, first.topics + 1)
    [born] = told(database, "born")[first.topics :]
    with database.read() as session:
        own = select(Post.external_id).join(PostTopic, PostTopic.post_id == Post.id)
        ids = list(session.scalars(own.where(PostTopic.topic_id == born.topic_id)))
        row = session.get_one(Topic, born.topic_id)
        assert row.words
        assert set(row.words[0].split()) <= set(NEW)
        assert len(row.representatives) == 3
        assert row.mass == len(ids)
    assert len(ids) >= 25
    assert all(id_.startswith("billing") for id_ in ids)
    assert born.evidence["posts"] == len(ids)
    assert born.evidence["authors"] == 9
    assert (born.actor, born.evidence["label"]) == ("run", row.label)
    later = about(NEW, 40, "billing")
    bring([*rows, *later])
    assert go().born == 0
    with database.read() as session:
        assert session.scalar(
            select(func.count()).where(PostTopic.topic_id == born.topic_id)
        ) >= 30  # fmt: skip


def test_a_refit_keeps_ids_labels_and_what_people_decided(
    database: Database, bring: Import, go: Go, now: datetime
) -> None:
    bring(records())
    go()
    labels = named(database)
    sync = places(database)
    decide(database, topics.rename, 1, "Mine", at=now)
    decide(database, topics.merge, 3, 2, at=now)
    decide(database, topics.hide, 4, True, at=now)
    out = [post for post, (topic, _) in sync.items() if topic == 1][:2]
    decide(database, topics.move, out, 4, at=now)
    decide(database, topics.move, [post for post, (topic, _) in sync.items() if topic == 3][:1],
           None, at=now)  # fmt: skip
    for _ in range(2):
        assert go(refit=True).fitted
        assert {id_: label for id_, (label, _) in named(database).items()} == {
            id_: label for id_, (label, _) in labels.items()
        }
        after = places(database)
        assert all(after[post] == (4, None) for post in out)
        assert all(topic != 2 for topic, _ in after.values())
        moved = {post for post in sync if sync[post][0] == 2 and after[post] == (3, 2)}
        assert len(moved) > 50
        with database.read() as session:
            rows = {row.id: row for row in session.scalars(select(Topic))}
            assert rows[1].called == "Mine"
            assert rows[2].merged_into_id == 3
            assert rows[4].hidden_at is not None
    merged = next(row for row in told(database, "merged") if row.actor == "ann")
    decide(database, topics.undo, merged.id, at=now)
    back = places(database)
    assert {post for post, (topic, _) in back.items() if topic == 2} >= moved


def test_a_pinned_topic_outlives_its_posts(
    database: Database, bring: Import, go: Go, now: datetime
) -> None:
    fresh = about(NEW, 40, "billing")
    bring([*records(), *fresh])
    go()
    with database.read() as session:
        own = select(PostTopic.topic_id).join(Post, Post.id == PostTopic.post_id)
        billing = session.scalars(own.where(Post.external_id == "billing-3")).one()
    assert billing is not None
    other = next(id_ for id_ in named(database) if id_ != billing)
    for topic in (billing, other):
        decide(database, topics.pin, topic, True, at=now)
    remove(database, "billing", now)
    assert go(refit=True).fitted
    found = named(database)
    assert [found[topic][1] for topic in (billing, other)] == [None, None]
    assert billing not in {topic for topic, _ in places(database).values()}


def test_an_unpinned_topic_without_posts_dies_and_says_so(
    database: Database, bring: Import, go: Go, now: datetime
) -> None:
    fresh = about(NEW, 40, "billing")
    bring([*records(), *fresh])
    go()
    with database.read() as session:
        own = select(PostTopic.topic_id).join(Post, Post.id == PostTopic.post_id)
        billing = session.scalars(own.where(Post.external_id == "billing-3")).one()
    remove(database, "billing", now)
    go(refit=True)
    assert [row.topic_id for row in told(database, "died")] == [billing]
    assert named(database)[billing or 0][1] is not None


def test_another_encoder_maps_onto_the_ledger(
    database: Database, bring: Import, go: Go, now: datetime
) -> None:
    bring(records())
    go()
    labels, before = named(database), places(database)
    encoder = load("hashing")
    turned = np.random.default_rng(3).permutation(encoder.card.dimensions)
    with database.write() as session:
        session.add(EncoderRow(id=2, name="turned", revision="1",
                               dimensions=encoder.card.dimensions, created_at=now))  # fmt: skip
        session.flush()
        for row in session.scalars(select(Embedding).where(Embedding.encoder_id == 1)).all():
            session.add(Embedding(post_id=row.post_id, encoder_id=2, vector=row.vector[turned]))

    class Turned:
        name, revision = "turned", "1"

        def encode(self, words: Any) -> Any:
            return encoder.encode(words)[:, turned]

    done = update_topics(database, Turned(), Turned, now=now)  # type: ignore[arg-type]
    assert (done.fitted, done.born) == (True, 0)
    assert [id_ for id_, (_, gone) in named(database).items() if gone is None] == list(labels)
    after = places(database)
    assert sum(after[post] == before[post] for post in before) > 0.9 * len(before)


def test_rows_are_kept_of_posts_that_may_yet_become_a_topic(
    database: Database, bring: Import, go: Go
) -> None:
    rows = records()
    bring(rows[:-40])
    go()
    with database.read() as session:
        pool = session.scalar(select(func.count()).where(PostTopic.topic_id.is_(None)))
        assert session.scalar(select(func.count(TopicRow.post_id))) == pool
    bring(rows)
    go()
    with database.read() as session:
        assert session.scalar(select(func.count(TopicRow.post_id))) == (pool or 0) + 40


def test_people_who_decide_during_a_night_are_not_overruled(
    database: Database, bring: Import, go: Go, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = records()
    bring(rows[:-40])
    go()
    bring(rows)
    read = topics.merge

    def births(*given: Any) -> list[Any]:
        decide(database, read, 3, 2, at=now)
        decide(database, topics.rename, 1, "Mine", at=now)
        return []

    monkeypatch.setattr("nlp.topics.nights.births", births)
    assert go().placed == 40
    after = places(database)
    assert not [post for post, (topic, _) in after.items() if topic == 2]
    with database.read() as session:
        assert session.get_one(Topic, 1).called == "Mine"
