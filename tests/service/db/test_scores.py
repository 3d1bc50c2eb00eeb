"""What models say of posts: what lacks a score, what is replaced, what counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.db.models import Post, Score, ScoreModel
from service.db.queries import corrections, scores
from service.db.queries.scores import ScoreCount, ScoreRow
from service.db.session import Database
from tests.service.scored import (
    AT,
    BOT,
    EMPTY,
    FIRST,
    GONE,
    LABELS,
    LAST,
    SECOND,
    SECRET,
    THIRD,
    judge,
    model,
    scored,
    talk,
)

HOUR = timedelta(hours=1)


def test_a_model_is_made_once_for_each_task_and_version(database: Database) -> None:
    with database.write() as session:
        assert scores.model_id(session, "sentiment", "our sentiment", "1") is None
        first = model(session, "sentiment")
        assert model(session, "sentiment", at=AT + HOUR) == first
        assert scores.model_id(session, "sentiment", "our sentiment", "1") == first
        assert model(session, "hostility") != first
        assert model(session, "sentiment", "2", AT + HOUR) != first
        assert session.get_one(ScoreModel, first).created_at == AT
        assert session.get_one(ScoreModel, first).labels == list(LABELS["sentiment"])


def test_a_model_that_is_taken_up_again_is_the_newest(database: Database) -> None:
    with database.write() as session:
        assert scores.newest_model(session, "sentiment") is None
        first = model(session, "sentiment")
        second = model(session, "sentiment", "2", AT + HOUR)
        newest = scores.newest_model(session, "sentiment")
        assert newest is not None
        assert newest.id == second
        model(session, "sentiment", "1", AT + 2 * HOUR)
        newest = scores.newest_model(session, "sentiment")
        assert newest is not None
        assert (newest.id, newest.created_at) == (first, AT + 2 * HOUR)


def test_pending_is_what_lacks_any_of_the_models(database: Database) -> None:
    with database.write() as session:
        talk(session)
        sentiment, hostility = model(session, "sentiment"), model(session, "hostility")
        both = [sentiment, hostility]
        assert scores.pending_count(session, both) == 7
        assert scores.pending_sets(session, both) == [frozenset(both)]
        everything = scores.pending_texts(session, both, both, 100)
        assert {post.post_id for post in everything} == {1, 2, 3, 4, 6, 7, 8}
        order = [(post.content_hash, post.post_id) for post in everything]
        assert order == sorted(order)
        judge(session, "sentiment", sentiment, dict.fromkeys((1, 2, 3, 4, 6, 7, 8), (1, 0, 0)))
        judge(session, "hostility", hostility, dict.fromkeys((FIRST, SECRET, LAST), (1, 0)))
        assert scores.pending_count(session, [sentiment]) == 0
        assert scores.pending_sets(session, [sentiment]) == []
        assert scores.pending_texts(session, [sentiment], [sentiment], 100) == []
        assert scores.pending_count(session, both) == 4
        assert scores.pending_sets(session, both) == [{hostility}]
        found = scores.pending_texts(session, both, [hostility], 100)
        assert {post.post_id for post in found} == {SECOND, THIRD, BOT, EMPTY}
        assert scores.pending_texts(session, both, [hostility], 2) == found[:2]
        assert scores.pending_texts(session, both, [hostility], 100, found[1]) == found[2:]
        assert scores.pending_texts(session, both, both, 100) == []
        assert scores.unchanged(session, found) == found


def test_nothing_is_pending_without_a_model(database: Database) -> None:
    with database.write() as session:
        talk(session)
        assert scores.pending_count(session, []) == 0


def test_posts_are_pending_by_all_that_they_lack_together(database: Database) -> None:
    with database.write() as session:
        sentiment, hostility = scored(session)
        both, never = [sentiment, hostility], -1
        assert scores.pending_sets(session, both) == [{hostility}, frozenset(both)]
        told = [
            [post.post_id for post in scores.pending_texts(session, both, lacking, 100)]
            for lacking in ([hostility], both, [sentiment])
        ]
        assert [sorted(posts) for posts in told] == [[THIRD, SECRET, BOT, LAST], [EMPTY], []]
        assert [sorted(some) for some in scores.pending_sets(session, [*both, never])] == [
            [never], [never, hostility], [never, *both],
        ]  # fmt: skip


def test_a_score_of_a_deleted_post_is_not_counted_twice(database: Database) -> None:
    with database.write() as session:
        talk(session)
        sentiment = model(session, "sentiment")
        judge(session, "sentiment", sentiment, {GONE: (1, 0, 0), FIRST: (1, 0, 0)})
        assert scores.pending_count(session, [sentiment]) == 6


def test_a_newer_version_makes_all_pending_and_replaces(database: Database) -> None:
    with database.write() as session:
        old, _ = scored(session)
        new = model(session, "sentiment", "2", AT + HOUR)
        assert scores.pending_count(session, [new]) == 7
        judge(session, "sentiment", new, {FIRST: (0, 1, 0)})
        assert scores.pending_count(session, [new]) == 6
        held = session.execute(
            select(Score.post_id, Score.model_id, Score.label)
            .where(Score.task == "sentiment")
            .order_by(Score.post_id)
        )
        assert [tuple(row) for row in held] == [
            (FIRST, new, "neutral"),
            (SECOND, old, "negative"),
            (THIRD, old, "positive"),
            (SECRET, old, "neutral"),
            (BOT, old, "neutral"),
            (LAST, old, None),
        ]
        hostile = session.get_one(Score, (FIRST, "hostility"))
        assert (hostile.label, hostile.confidence) == ("civil", 0.875)


def test_two_scores_of_one_task_are_refused(database: Database) -> None:
    with database.write() as session:
        scored(session)
        row = {"post_id": FIRST, "task": "sentiment", "confidence": 1, "probabilities": [0, 0, 1]}
        other = model(session, "sentiment", "2", AT + HOUR)
        with pytest.raises(IntegrityError):
            session.execute(insert(Score.__table__), row | {"model_id": other})


def test_equal_texts_know_the_scores_of_each_other(database: Database) -> None:
    with database.write() as session:
        sentiment, hostility = scored(session)
        hashes = dict(tuple(row) for row in session.execute(select(Post.id, Post.content_hash)))
        wanted = [hashes[THIRD], hashes[LAST], hashes[EMPTY]]
        found = scores.known_scores(session, [sentiment, hostility], wanted)
    assert found.keys() == {hashes[FIRST], hashes[LAST]}
    assert found[hashes[FIRST]].keys() == {sentiment, hostility}
    label, confidence, values = found[hashes[FIRST]][hostility]
    assert (label, confidence, values.tolist()) == ("civil", 0.875, [0.875, 0.125])
    label, confidence, values = found[hashes[LAST]][sentiment]
    assert (label, confidence, values.tolist()) == (None, 0.375, [0.375, 0.375, 0.25])
    assert values.dtype == np.float16
    assert found[hashes[LAST]].keys() == {sentiment}


def test_what_is_held_of_posts(database: Database) -> None:
    with database.write() as session:
        scored(session)
        for label, actor in (("neutral", "eve"), ("positive", "zoe")):
            corrections.add(session, LAST, "sentiment", label, actor, None, False, AT)
        corrections.add(session, EMPTY, "intent", "other", "eve", None, False, AT)
        found = scores.of_posts(session, [FIRST, EMPTY, LAST, GONE, 99])
    assert found.keys() == {FIRST, EMPTY, LAST}
    assert [row.task for row in found[FIRST]] == ["hostility", "sentiment"]
    assert found[FIRST][1] == ScoreRow(
        task="sentiment",
        label="positive",
        model_label="positive",
        confidence=0.625,
        probabilities={"negative": 0.125, "neutral": 0.25, "positive": 0.625},
        model="our sentiment",
        version="1",
        used_since=AT,
        correction=None,
    )
    (last,) = found[LAST]
    assert (last.label, last.model_label, last.confidence) == ("positive", None, 0.375)
    assert last.correction == corrections.Correcting("positive", "zoe", AT)
    (empty,) = found[EMPTY]
    assert (empty.label, empty.model, empty.probabilities) == ("other", None, {})


def test_counts_are_of_models_that_scored_anything(database: Database) -> None:
    with database.write() as session:
        scored(session)
        model(session, "sentiment", "2", AT + HOUR)
        assert scores.counts(session) == [
            ScoreCount("hostility", "our hostility", "1", 2, 0),
            ScoreCount("sentiment", "our sentiment", "1", 6, 1),
        ]


def plan(database: Database, ask: Callable[[Session], Any], word: str = "SELECT") -> str:
    """Return how SQLite goes about the last query with a word that a function makes."""
    asked: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        asked.append((statement, values))

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", hear)
        ask(session)
        event.remove(database.engine, "before_cursor_execute", hear)
        statement, values = next(one for one in reversed(asked) if word in one[0])
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return "\n".join(row[-1] for row in rows)


def test_pending_texts_are_found_in_order_by_index(database: Database) -> None:
    found = plan(database, lambda session: scores.pending_texts(session, [1, 2], [1], 10))
    assert "ix_post_content_hash" in found
    assert "SEARCH score USING PRIMARY KEY (post_id=?)" in found
    assert "SCAN" not in found
    assert "TEMP B-TREE" not in found


def test_known_scores_are_found_by_index(database: Database) -> None:
    found = plan(database, lambda session: scores.known_scores(session, [1], [bytes(16)]))
    assert "SEARCH post USING COVERING INDEX ix_post_content_hash" in found
    assert "SCAN score" not in found
    assert "SCAN post" not in found
