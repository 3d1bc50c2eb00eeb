"""What people corrected in the store, as labels to learn from."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from jobs.train.people import corrections_of, kept_for_measuring
from nlp.judgements import TASKS
from service.db.models import Post
from service.db.session import Database
from service.judgements import Given, correct
from tests.jobs.community import records
from tests.jobs.conftest import Import


@pytest.fixture
def ids(database: Database, bring: Import) -> list[int]:
    rows = records()[:5]
    for number, row in enumerate(rows):
        row["text"] = f"*post* {number}"
    bring(rows)
    with database.read() as session:
        return list(session.scalars(select(Post.id).order_by(Post.plain)))


def test_the_newest_label_of_each_post_is_a_lesson(
    database: Database, ids: list[int], now: datetime
) -> None:
    with database.write() as session:
        for post, label in ((0, "civil"), (1, "personal"), (0, "hostile"), (3, "civil")):
            correct(session, ids[post], Given("hostility", label), now, "ann")
        correct(session, ids[2], Given("sentiment", "positive"), now, "ann")
    with database.read() as session:
        found = corrections_of(session, "hostility")
    assert found is not None
    assert found.texts == ["post 0", "post 1", "post 3"]
    assert found.groups == tuple((label,) for label in TASKS["hostility"])
    assert found.gold == [1, 2, 0]
    assert found.targets().tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]


def test_without_corrections_there_is_nothing(database: Database, ids: list[int]) -> None:
    with database.read() as session:
        assert corrections_of(session, "intent") is None


def test_edited_and_withdrawn_posts_are_no_lessons(
    database: Database, bring: Import, ids: list[int], now: datetime
) -> None:
    with database.write() as session:
        for post in ids[:3]:
            correct(session, post, Given("sentiment", "positive"), now, "ann")
    rows = records()[:5]
    for number, row in enumerate(rows):
        row["text"] = f"*post* {number}"
    rows[0]["text"] = "other words"
    rows[1]["visibility"] = "private"
    bring(rows)
    with database.read() as session:
        found = corrections_of(session, "sentiment")
    assert found is not None
    assert found.texts == ["post 2"]


def test_labels_of_the_random_sample_do_not_teach(
    database: Database, bring: Import, ids: list[int], now: datetime
) -> None:
    with database.write() as session:
        for number, sampled in enumerate((False, True, True)):
            correct(session, ids[number], Given("intent", "praise", None, sampled), now, "ann")
        # One of the sample stays one, whoever labels it again.
        correct(session, ids[1], Given("intent", "other"), now, "bo")
        correct(session, ids[3], Given("hostility", "civil", None, True), now, "ann")
    with database.read() as session:
        found = corrections_of(session, "intent")
        assert found is not None
        assert found.texts == ["post 0"]
        assert kept_for_measuring(session, "intent") == 2
        assert corrections_of(session, "hostility") is None
        assert kept_for_measuring(session, "hostility") == 1
    rows = records()[:5]
    for number, row in enumerate(rows):
        row["text"] = f"*post* {number}"
    rows[1]["visibility"] = "private"
    bring(rows)
    with database.read() as session:
        assert kept_for_measuring(session, "intent") == 1
