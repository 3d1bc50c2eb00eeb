"""What a language model is asked, and which of its answers are taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlp.topics.wording.naming import Asked, checked, cleaned, key, prompt

ASKED = Asked(
    label="Lake exe cache and errors",
    words=["lake exe cache", "ProofWidgets", "toolchains", "norm_num"],
    texts=["the cache is not found", "lake build fails", "which toolchain?", "a fourth post"],
    centroid=np.array([1, 0, 0], dtype=np.float32),
)


def nowhere(words: list[str]) -> np.ndarray:
    return np.tile(np.array([0, 1, 0], dtype=np.float32), (len(words), 1))


def near(words: list[str]) -> np.ndarray:
    return np.tile(np.array([0.4, 0.9, 0], dtype=np.float32), (len(words), 1))


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("Build cache problems", "Build cache problems"),
        ('  "build cache problems."\n', "Build cache problems"),
        ("Name: **Cache** downloads", None),
        ("**Cache downloads**", "Cache downloads"),
        ("Topic: Name: Cache downloads", "Cache downloads"),
        ("C++ & norm_num", "C++ & norm_num"),
        ("Mathe für Anfänger", "Mathe für Anfänger"),
        ("Here you are:\nCache downloads", None),
        ("", None),
        ("ok", None),
        ("12 + 3", None),
        ("A name that goes on for far more words than six", None),
        ("Supercalifragilisticexpialidocious" * 2, None),
        ("<b>Cache</b>", None),
        ("See https://evil.example/x", None),
        ("Write to @admin", None),
        ("a/b/c paths", None),
        ("Cache [link](x)", None),
    ],
)
def test_a_name_is_short_and_plain(answer: str, name: str | None) -> None:
    assert cleaned(answer) == name


def test_a_name_is_about_the_topic() -> None:
    assert checked("Toolchain trouble", ASKED, nowhere) == "Toolchain trouble"
    assert checked("Holiday photographs", ASKED, nowhere) is None
    assert checked("Compilation speed", ASKED, near) == "Compilation speed"


def test_a_name_with_a_word_of_the_topic_is_not_encoded() -> None:
    def fails(words: list[str]) -> np.ndarray:
        raise AssertionError

    assert checked("Cache errors", ASKED, fails) == "Cache errors"


def test_a_name_in_use_is_not_taken() -> None:
    assert checked("Toolchain trouble", ASKED, nowhere, {"toolchain Trouble"}) is None


def test_the_question_holds_words_and_three_short_posts() -> None:
    long = replace(ASKED, texts=["x" * 900, "two\n\nlines", "three", "four"])
    lines = prompt(long).splitlines()
    assert lines[0] == "Working label: Lake exe cache and errors"
    assert lines[1] == "Words of the topic: lake exe cache, ProofWidgets, toolchains, norm_num"
    assert lines[2] == f"Post 1: {'x' * 400}"
    assert lines[3] == "Post 2: two lines"
    assert lines[5] == "Name:"
    assert len(lines) == 6


def test_answers_are_kept_by_model_words_and_posts() -> None:
    first = key("small", ASKED)
    assert len(first) == 64
    assert first == key("small", replace(ASKED, label="Other", texts=ASKED.texts[:3]))
    assert first != key("large", ASKED)
    assert first != key("small", replace(ASKED, words=ASKED.words[:3]))
    assert first != key("small", replace(ASKED, texts=["edited", *ASKED.texts[1:]]))
