"""Cues of tone: listed words, negation within its clause, capitals, punctuation, form."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.judgements.cues import FORMS, cues, names
from nlp.judgements.reading import reading


def _found(text: str) -> dict[str, float]:
    row = cues([text], [reading(text)])[0]
    return {name: round(float(np.expm1(cue)), 3) for name, cue in zip(names(), row, strict=True)}


@pytest.mark.parametrize(
    ("text", "positive", "flipped"),
    [
        ("good", 1, 0),
        ("not good", 0, 1),
        ("don’t like", 0, 1),
        ("not so very good", 0, 1),
        ("not at all so good", 1, 0),
        ("no. good", 1, 0),
        ("no, good", 1, 0),
        ("nothing but good", 1, 0),
        ("I do not like it, it is great", 1, 1),
        ("not good. good", 1, 1),
    ],
)
def test_negation_turns_three_words_of_its_clause(
    text: str, positive: float, flipped: float
) -> None:
    found = _found(text)
    assert (found["positive"], found["negated positive"]) == (positive, flipped)


def test_a_negated_bad_word_is_not_a_bad_one() -> None:
    found = _found("never bad, but slow")
    assert (found["negative"], found["negated negative"], found["negator"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("text", "happy", "sad"),
    [
        ("nice :) <3 ^_^", 3, 0),
        ("so sad :( T_T :'(", 0, 3),
        ("xD 8) ;-)", 3, 0),
        (":-/ -_-", 0, 2),
        ("see http://example.com/a:b", 0, 0),
        ("key:(value) box)", 0, 0),
    ],
)
def test_emoticons(text: str, happy: float, sad: float) -> None:
    found = _found(text)
    assert (found["happy emoticons"], found["sad emoticons"]) == (happy, sad)


@pytest.mark.parametrize(
    ("text", "insults", "near"),
    [
        ("you are an idiot", 1, 1),
        ("you one two three four fool", 1, 1),
        ("you one two three four five fool", 1, 0),
        ("an idiot wrote this", 1, 0),
        ("you moron, you clown", 2, 2),
        ("you are kind", 0, 0),
    ],
)
def test_an_insult_counts_as_near_you_within_five_words(
    text: str, insults: float, near: float
) -> None:
    found = _found(text)
    assert (found["insult"], found["insult near you"]) == (insults, near)


@pytest.mark.parametrize(
    ("text", "cue", "count"),
    [
        ("WHY is THIS so SLOW, ok", "shouted words", 3),
        ("no!! no!", "exclamation marks", 3),
        ("why? how?", "question marks", 2),
        ("why?", "ends with a question mark", 1),
        ("why? well", "ends with a question mark", 0),
        ("wait… what....", "ellipses", 2),
        ("Your fault", "begins with you", 1),
        ("How do I?", "begins with a question word", 1),
        ("I know how", "begins with a question word", 0),
        ("hi there", "greeting", 1),
        ("oh hi", "greeting", 0),
        ("run `x`", "code", 1),
        ("[code] fails", "code", 1),
        ("see www.example.com", "link", 1),
        ("one two three four", "length", 1),
        ("thank you, thanks", "thanks", 2),
        ("could you please", "please", 2),
        ("what does the licence cost", "buying", 2),
        ("it crashed with a traceback", "bug", 2),
    ],
)
def test_words_and_forms_are_counted(text: str, cue: str, count: float) -> None:
    assert _found(text)[cue] == count


def test_columns_are_named_once_and_in_order() -> None:
    assert names()[: -len(FORMS)][:5] == ("positive", "negative", "insult", "profanity", "negator")
    assert names()[-len(FORMS) :] == FORMS
    assert len(set(names())) == len(names()) == 34


def test_rows_are_logs_of_counts_and_zero_where_nothing_is_read() -> None:
    rows = cues(["good good good", "[code]", ""], ["good good good", "", ""])
    assert rows.shape == (3, len(names()))
    assert rows.dtype == np.float32
    assert rows[0, names().index("positive")] == np.float32(np.log(4))
    assert not rows[1:].any()
    assert cues([], []).shape == (0, len(names()))


def test_a_reading_for_every_text() -> None:
    with pytest.raises(ValueError, match="zip"):
        cues(["a", "b"], ["a"])
