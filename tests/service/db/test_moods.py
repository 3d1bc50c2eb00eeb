"""What mood is estimated from."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from service.db.queries import corrections, moods, scores
from service.db.queries.moods import Probabilities
from service.db.session import Database
from tests.service.db.test_scores import plan
from tests.service.scored import (
    AT,
    FIRST,
    LAST,
    SECOND,
    SECRET,
    SENTIMENT,
    THIRD,
    judge,
    model,
    scored,
    topic,
)

HOUR = timedelta(hours=1)


def said(database: Database, task: str = "sentiment", **more: object) -> Probabilities:
    options = {"since": None, "until": None} | more
    with database.read() as session:
        found = moods.probabilities(session, task, **options)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.fixture
def world(database: Database) -> Database:
    """Eight posts, six of them scored."""
    with database.write() as session:
        scored(session)
    return database


def test_arrays_are_of_people_whom_anyone_may_read(world: Database) -> None:
    with world.write() as session:
        corrections.add(session, LAST, "sentiment", "positive", "eve", None, False, AT)
        corrections.add(session, SECOND, "sentiment", "gone label", "eve", None, False, AT)
        corrections.add(session, FIRST, "hostility", "hostile", "eve", None, False, AT)
    found = said(world)
    assert found.posts.tolist() == [FIRST, SECOND, THIRD, LAST]
    assert found.created_at.dtype == np.dtype("datetime64[us]")
    assert found.created_at.tolist() == [
        (AT + hours * HOUR).replace(tzinfo=None) for hours in (1, 2, 3, 8)
    ]
    assert found.probabilities.dtype == np.float32
    assert found.probabilities.tolist() == [list(SENTIMENT[post]) for post in (1, 2, 3, 8)]
    assert found.unread.tolist() == [False, False, False, False]
    assert found.prior == (1 / 3,) * 3
    assert found.corrected.tolist() == [-1, -1, -1, 2]
    assert found.labels == ("negative", "neutral", "positive")


def test_times_are_half_open(world: Database) -> None:
    found = said(world, since=AT + 2 * HOUR, until=AT + 8 * HOUR)
    assert found.posts.tolist() == [SECOND, THIRD]
    assert said(world, until=AT).probabilities.shape == (0, 3)


def test_a_channel_or_a_topic_narrows(world: Database) -> None:
    with world.write() as session:
        number = topic(session, [SECOND, THIRD, SECRET])
    assert said(world, channel="help").posts.tolist() == [FIRST, SECOND, LAST]
    assert said(world, topic=number).posts.tolist() == [SECOND, THIRD]
    assert said(world, topic=number, channel="lobby").posts.tolist() == [THIRD]
    assert said(world, topic=99).posts.tolist() == []


def test_older_scores_count_where_the_labels_are_the_same(world: Database) -> None:
    with world.write() as session:
        new = model(session, "sentiment", "2", AT + HOUR)
        judge(session, "sentiment", new, {FIRST: (1, 0, 0)})
    found = said(world)
    assert found.model_id == new
    assert found.posts.tolist() == [FIRST, SECOND, THIRD, LAST]
    assert found.probabilities[0].tolist() == [1, 0, 0]
    with world.write() as session:
        scores.add_model(session, "sentiment", "theirs", "1", ["NEG", "POS"], AT + 2 * HOUR)
    found = said(world)
    assert (found.posts.tolist(), found.labels) == ([], ("NEG", "POS"))
    assert found.probabilities.shape == (0, 2)


def test_a_task_without_a_model_has_nothing(world: Database) -> None:
    with world.read() as session:
        assert moods.probabilities(session, "emotion", since=None, until=None) is None


@pytest.mark.parametrize("since", [None, AT])
def test_posts_are_found_by_their_time(world: Database, since: datetime | None) -> None:
    found = plan(
        world,
        lambda session: moods.probabilities(session, "sentiment", since=since, until=None),
        "score.probabilities",
    )
    assert "SEARCH post USING INDEX ix_post_created_at_id" in found
    assert "SEARCH score USING PRIMARY KEY (post_id=?)" in found
    assert "TEMP B-TREE" not in found
