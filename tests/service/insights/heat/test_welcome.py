from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan

import pytest

from service.insights.heat.welcome import Answer, Kind, Opening, curt, shoulder, told

AS_OF = datetime(2026, 2, 28, 12, tzinfo=UTC)
SHARP = Answer(words=5, hostile=0.9, negative=nan, asks=False, helps=False)
ALONE = Opening(
    made=AS_OF - timedelta(days=3), words=9, begins=True, quiet=True, asks=True, calls=False,
    resolved=False, answers=(),
)  # fmt: skip


def test_nobody_is_late_before_two_days() -> None:
    assert shoulder(ALONE, AS_OF) is Kind.UNANSWERED
    almost = replace(ALONE, made=AS_OF - timedelta(hours=48) + timedelta(seconds=1))
    assert shoulder(almost, AS_OF) is None
    assert shoulder(replace(ALONE, made=AS_OF - timedelta(hours=48)), AS_OF) is Kind.UNANSWERED


@pytest.mark.parametrize(
    "changes",
    [
        {"calls": True}, {"resolved": True}, {"words": 1}, {"begins": False, "quiet": False},
        {"begins": False, "asks": False},
    ],
)  # fmt: skip
def test_what_answers_others_or_is_settled_waits_for_nobody(changes: dict[str, object]) -> None:
    assert shoulder(replace(ALONE, **changes), AS_OF) is None  # type: ignore[arg-type]


def test_a_question_after_a_silence_waits_too() -> None:
    assert shoulder(replace(ALONE, begins=False), AS_OF) is Kind.UNANSWERED


@pytest.mark.parametrize(
    ("changes", "is_curt"),
    [
        ({}, True), ({"hostile": nan, "negative": 0.5}, True), ({"hostile": nan}, False),
        ({"hostile": 0.49}, False), ({"asks": True}, False), ({"helps": True}, False),
        ({"words": 12}, True), ({"words": 13}, False),
    ],
)  # fmt: skip
def test_curt_is_short_and_sharp_without_help(changes: dict[str, float], is_curt: bool) -> None:
    assert curt(replace(SHARP, **changes)) is is_curt  # type: ignore[arg-type]


def test_one_kind_word_is_enough() -> None:
    kind = replace(SHARP, hostile=0.1)
    made = AS_OF - timedelta(hours=2)  # a curt answer needs no waiting
    assert shoulder(replace(ALONE, made=made, answers=(SHARP, SHARP)), AS_OF) is Kind.CURT
    assert shoulder(replace(ALONE, answers=(SHARP, kind)), AS_OF) is None


def test_it_is_told_in_words() -> None:
    assert told(Kind.UNANSWERED, timedelta(hours=71.9), 0) == "Nobody has answered for 71 hours."
    assert told(Kind.UNANSWERED, timedelta(days=3), 0) == "Nobody has answered for 3 days."
    one = told(Kind.CURT, timedelta(hours=1), 1)
    assert one == "The only answer is curt; it was posted 1 hour ago."
    assert told(Kind.CURT, timedelta(days=9), 2).startswith("All 2 answers are curt")
