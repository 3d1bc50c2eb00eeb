"""What the ledger's queries lean on: vectors are compared, and nights read by the right indexes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from service.db.base import Vector
from service.db.models import Topic
from service.db.queries import ledger, topic_fit
from service.db.session import Database
from tests.service.scored import AT


def test_vectors_are_the_same_where_their_bytes_are() -> None:
    one = np.array([0.5, 0.25], dtype=np.float16)
    same = Vector().compare_values
    assert same(one, one.astype(np.float64))
    assert not same(one, one * 2)
    assert not same(one, np.zeros(3, dtype=np.float16))
    assert same(None, None)
    assert not same(None, one)


@pytest.mark.parametrize(
    ("ask", "first"),
    [
        (lambda session: topic_fit.thread_vectors(session, 1, [1, 2]), "SEARCH post USING INDEX"),
        (lambda session: topic_fit.pool(session, AT), "SCAN topic_row"),
        (lambda session: topic_fit.unplaced(session, 1), "SEARCH post USING INTEGER PRIMARY KEY"),
    ],
)
def test_a_night_begins_with_what_is_new(database: Database, ask: Any, first: str) -> None:
    asked: list[tuple[str, Any]] = []
    with database.read() as session:
        event.listen(
            session.connection(),
            "before_cursor_execute",
            lambda *given: asked.append((given[2], given[3])),
        )
        ask(session)
        plan = session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {asked[0][0]}", asked[0][1]
        )
        assert plan.all()[0][3].startswith(first)


def test_merged_topics_lead_to_the_one_that_holds_their_posts() -> None:
    topics = [Topic(id=number, merged_into_id=into) for number, into in ((1, 2), (2, 4), (4, None))]
    assert ledger.roots(topics) == {1: 4, 2: 4, 4: 4}
