"""What became of a topic, told in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from service.db.models import TopicEvent
from service.lineage import tell, undoable
from tests.service.http_store import NOW


def made(kind: str, actor: str = "run", other: int | None = None, **evidence: Any) -> TopicEvent:
    return TopicEvent(id=5, topic_id=1, other_id=other, kind=kind, at=NOW, actor=actor,
                      evidence=evidence, undoes_id=None, undone_at=None)  # fmt: skip


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (made("born", posts=1_200, authors=9), "born of 1,200 posts by 9 people"),
        (
            made("born", other=3, posts=20, authors=5),
            "born out of topic 3 of 20 posts by 5 people",
        ),
        (made("drifted", near=0.8123), "drifted to 0.81 of what it was"),
        (
            made("drifted", near=0.9, label_before="Old", label="New"),
            "drifted to 0.90 of what it was: “Old” is now “New”",
        ),
        (made("split", other=2, label="Part"), "split: topic 2 “Part” is part of what it was"),
        (made("died"), "no longer found"),
        (made("merged", other=2, label="One"), "topic 1 “One” merged into 2"),
        (
            made("merged", "ann", 2, label="One", posts=30),
            "topic 1 “One” merged into 2 with 30 posts, by ann",
        ),
        (made("renamed", "ann", name="Mine"), "named “Mine”, by ann"),
        (made("renamed", "ann", name=None, label="One"), "name taken away: “One” again, by ann"),
        (made("moved", "ann", posts=2, to=None), "2 posts moved to no topic, by ann"),
        (made("moved", "ann", posts=1, to=4), "1 post moved to topic 4, by ann"),
        (made("undone", "ann", undid="merged"), "undone: merged, by ann"),
        (made("pinned", "ann"), "pinned, by ann"),
        (
            made("labelled", **{"from": "One", "to": "Two", "model": "m"}),
            "“One” is called “Two” by m",
        ),
    ],
)
def test_each_event_is_a_sentence(event: TopicEvent, sentence: str) -> None:
    assert tell(event) == sentence


def test_what_people_decided_can_be_undone_once() -> None:
    assert undoable(made("merged", "ann", 2))
    assert not undoable(made("merged", other=2))
    assert not undoable(made("undone", "ann"))
    event = made("merged", "ann", 2)
    event.undone_at = NOW
    assert not undoable(event)
