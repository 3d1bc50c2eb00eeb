"""Labels that people gave: what counts, what is learned from, how often models agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from service.db.models import Correction, Embedding, Post, Score, Thread
from service.db.queries import corrections, load
from service.db.queries.corrections import Agreement, CorrectionRow, Lesson
from service.db.session import Database
from service.errors import NotFound
from service.ingest.records import PostRecord
from tests.service.people import World
from tests.service.scored import (
    AT,
    EMPTY,
    FIRST,
    GONE,
    LAST,
    SECOND,
    SECRET,
    THIRD,
    judge,
    model,
    scored,
)

HOUR = timedelta(hours=1)


def correct(
    session: Session, post: int, label: str, *, actor: str = "eve", sampled: bool = False
) -> int:
    return corrections.add(session, post, "sentiment", label, actor, None, sampled, AT)


def test_a_correction_keeps_what_the_model_said(database: Database) -> None:
    with database.write() as session:
        scored(session)
        first = corrections.add(session, SECOND, "sentiment", "neutral", "eve", "dry", True, AT)
        judge(
            session, "sentiment", model(session, "sentiment", "2", AT + HOUR), {SECOND: (0, 1, 0)}
        )
        second = correct(session, SECOND, "negative", actor="zoe")
        other = corrections.add(session, SECOND, "intent", "praise", "zoe", None, False, AT)
        found = corrections.history(session, SECOND)
    assert found == [
        CorrectionRow(other, "intent", "praise", "zoe", None, False, None, None, None, None, AT),
        CorrectionRow(
            second, "sentiment", "negative", "zoe", None, False,
            "our sentiment", "2", "neutral", 1.0, AT,
        ),
        CorrectionRow(
            first, "sentiment", "neutral", "eve", "dry", True,
            "our sentiment", "1", "negative", 0.75, AT,
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("post", [GONE, 99])
def test_nobody_corrects_a_post_that_is_not_there(database: Database, post: int) -> None:
    with database.write() as session:
        scored(session)
        with pytest.raises(NotFound, match=f"there is no post {post}"):
            correct(session, post, "neutral")


def test_the_newest_label_of_each_post_is_learned_from(database: Database) -> None:
    with database.write() as session:
        scored(session)
        for post, label in ((LAST, "neutral"), (FIRST, "negative"), (LAST, "positive")):
            correct(session, post, label)
        corrections.add(session, FIRST, "intent", "praise", "eve", None, False, AT)
        assert corrections.latest(session, "sentiment") == [
            Lesson(FIRST, "this is great", "negative"),
            Lesson(LAST, "what is this", "positive"),
        ]
        assert corrections.latest(session, "intent") == [Lesson(FIRST, "this is great", "praise")]
        assert corrections.sampled_count(session, "sentiment") == 0
        assert corrections.labels(session, "sentiment") == {FIRST: "negative", LAST: "positive"}


def test_what_measures_is_not_learned_from(database: Database) -> None:
    with database.write() as session:
        scored(session)
        for post, sampled in ((FIRST, False), (FIRST, True), (LAST, False), (SECOND, True)):
            correct(session, post, "neutral", sampled=sampled)
        found = corrections.latest(session, "sentiment")
        assert found == [Lesson(LAST, "what is this", "neutral")]
        assert corrections.sampled_count(session, "sentiment") == 2
        assert corrections.sampled_count(session, "intent") == 0
        session.execute(update(Post).where(Post.id == SECOND).values(deleted_at=AT))
        assert corrections.sampled_count(session, "sentiment") == 1


def test_agreement_counts_the_newest_of_each_post(database: Database) -> None:
    with database.write() as session:
        scored(session)
        correct(session, FIRST, "negative", sampled=True)
        correct(session, FIRST, "positive", sampled=True)
        correct(session, THIRD, "positive", sampled=True)
        correct(session, LAST, "neutral", sampled=True)
        correct(session, SECOND, "neutral")
        correct(session, EMPTY, "neutral")
        judge(
            session, "sentiment", model(session, "sentiment", "2", AT + HOUR), {SECRET: (0, 0, 1)}
        )
        correct(session, SECRET, "neutral", sampled=True)
        name = "our sentiment"
        assert corrections.agreement(session, "sentiment") == [
            Agreement(True, name, "1", None, "neutral", 1),
            Agreement(True, name, "1", "positive", "positive", 2),
            Agreement(True, name, "2", "positive", "neutral", 1),
            Agreement(False, None, None, None, "neutral", 1),
            Agreement(False, name, "1", "negative", "neutral", 1),
        ]
        assert corrections.agreement(session, "hostility") == []


def test_a_sample_is_of_scored_posts_that_anyone_may_read(database: Database) -> None:
    with database.write() as session:
        sentiment, _ = scored(session)
        judge(session, "sentiment", sentiment, {EMPTY: (0, 1, 0), GONE: (0, 1, 0)})
        found = corrections.sample(session, "sentiment", 10, seed=3)
        assert sorted(found) == [1, 2, 3, 6, 8]
        assert corrections.sample(session, "sentiment", 2, seed=3) == found[:2]
        correct(session, found[1], "neutral")
        assert corrections.sample(session, "sentiment", 10, seed=3) == found
        corrections.add(session, found[0], "sentiment", "neutral", "eve", None, True, AT)
        assert corrections.sample(session, "sentiment", 10, seed=3) == found[1:]
        assert sorted(corrections.sample(session, "hostility", 10, seed=3)) == [FIRST, SECOND]
        assert corrections.sample(session, "intent", 10, seed=3) == []


def test_the_order_of_a_sample_looks_like_chance(database: Database) -> None:
    with database.write() as session:
        sentiment, _ = scored(session)
        row = session.execute(select(Post.__table__).where(Post.id == FIRST)).mappings().one()
        extra = [dict(row) | {"id": n, "external_id": f"x{n}"} for n in range(101, 2_101)]
        session.execute(insert(Post), extra)
        ids = [item["id"] for item in extra]
        judge(session, "sentiment", sentiment, dict.fromkeys(ids, (0, 1, 0)))
        one, other = (corrections.sample(session, "sentiment", 200, seed) for seed in (1, 2))
    assert one != other
    # Of 200 of 2,005 by chance, about 20 are in both, and half of the neighbours rise.
    assert 5 <= len(set(one) & set(other)) <= 40
    rises = sum(left < right for left, right in pairwise(one))
    assert 80 <= rises <= 120
    # A quarter of the ids holds a quarter of the sample.
    assert 30 <= sum(id_ <= 600 for id_ in one) <= 70


def held(session: Session) -> tuple[list[int], list[int]]:
    corrected = select(Correction.post_id).order_by(Correction.id)
    judged = select(Score.post_id).order_by(Score.post_id).where(Score.task == "sentiment")
    return list(session.scalars(corrected)), list(session.scalars(judged))


def test_what_was_said_of_other_words_goes(database: Database) -> None:
    with database.write() as session:
        scored(session)
        for post in (FIRST, SECOND, THIRD):
            correct(session, post, "neutral")
        load.drop_judgements(session, [FIRST])
        assert held(session) == ([SECOND, THIRD], [2, 3, 4, 6, 8])
        load.empty_post(session, SECOND, bytes(16), AT)
        assert held(session) == ([THIRD], [3, 4, 6, 8])
        load.drop_posts(session, [THIRD])
        assert held(session) == ([], [4, 6, 8])
        assert session.scalars(select(Embedding.id)).all() == []


def test_an_import_with_other_words_takes_the_label_away(database: Database) -> None:
    world = World(database, AT)
    post = PostRecord("p", "ada", AT, "this is great", thread_id="t", source="forum")
    world.put(post)
    with database.write() as session:
        (id_,) = session.scalars(select(Post.id))
        judge(session, "sentiment", model(session, "sentiment"), {id_: (0, 0, 1)})
        correct(session, id_, "neutral")
    for change, left in (
        ({"url": "https://example.org"}, ([id_], [id_])),
        ({"text": "this is bad"}, ([], [])),
    ):
        world.put(replace(post, **change))
        with database.read() as session:
            assert held(session) == left


def test_the_label_stays_where_a_post_moves(database: Database) -> None:
    with database.write() as session:
        scored(session)
        correct(session, FIRST, "neutral")
        session.execute(update(Post).where(Post.id == FIRST).values(member_id=2, thread_id=2))
        session.execute(update(Thread).values(channel="elsewhere"))
        assert corrections.labels(session, "sentiment") == {FIRST: "neutral"}
