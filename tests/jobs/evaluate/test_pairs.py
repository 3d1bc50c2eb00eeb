"""The pairs that come with the package: enough, sound, and unknown to all training."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from jobs.evaluate.fairness import built_in
from jobs.train import lessons
from nlp.judgements import TASKS
from nlp.judgements.neutral import masked
from nlp.judgements.reading import reading

SIDES = {"fairness": ("a", "b"), "technical": ("calm", "heated"), "moods": ("text", "other")}


def folded(text: str) -> str:
    return " ".join(text.lower().split())


@pytest.fixture(scope="module", params=SIDES)
def pairs(request: pytest.FixtureRequest) -> tuple[str, list[dict[str, Any]]]:
    return request.param, built_in(request.param)


def test_no_pair_is_there_twice(pairs: tuple[str, list[dict[str, Any]]]) -> None:
    name, rows = pairs
    one, other = SIDES[name]
    assert all(folded(row[one]) and folded(row[other]) for row in rows)
    assert all(row[one] != row[other] for row in rows)
    assert len({frozenset((folded(row[one]), folded(row[other]))) for row in rows}) == len(rows)


def test_there_are_enough_of_each_kind() -> None:
    kinds = Counter(row["kind"] for row in built_in())
    technical = len(built_in("technical"))
    assert kinds["identity"] + technical >= 500
    assert min(kinds["identity"], technical, *kinds.values()) >= 100
    groups = Counter(row["group"] for row in built_in() if row["kind"] == "identity")
    assert len(groups) >= 8
    assert min(groups.values()) >= 20
    moods = Counter(row["kind"] for row in built_in("moods"))
    assert min(moods.values()) >= 30


def test_labels_are_legal() -> None:
    assert {row["hostile"] for row in built_in()} == {0, 1}
    for kind in ("identity", "unlisted", "name", "dialect"):
        hostile = [row["hostile"] for row in built_in() if row["kind"] == kind]
        assert 0.2 < sum(hostile) / len(hostile) < 0.8, "both sides of the line are asked about"
    moods = built_in("moods")
    said = [row["sentiment"] for row in moods] + [row["other_sentiment"] for row in moods]
    assert set(said) == set(TASKS["sentiment"])
    assert min(Counter(said).values()) >= 50


def test_unlisted_identities_are_read_as_they_are() -> None:
    rows = [row for row in built_in() if row["kind"] == "unlisted"]
    for text in (row[side] for row in rows for side in SIDES["fairness"]):
        assert masked(text) == text


def test_nothing_of_a_pair_was_learned(pairs: tuple[str, list[dict[str, Any]]]) -> None:
    name, rows = pairs
    known = {folded(lesson.plain) for lesson in lessons.own() + lessons.talk()}
    texts = {folded(row[side]) for row in rows for side in SIDES[name]}
    assert not texts & known
    masked = {folded(lesson.text) for lesson in lessons.own() + lessons.talk()}
    assert not {folded(reading(text)) for text in texts} & masked
