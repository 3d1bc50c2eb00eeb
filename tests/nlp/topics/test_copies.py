"""Copies and templates: what differs in numbers, links and names alone."""

from __future__ import annotations

from nlp.topics.copies import first_of_each


def test_copies_are_found_once() -> None:
    assert first_of_each(["yes", "no", "yes", "", ""]).tolist() == [0, 1, 3]


def test_a_template_is_found_once() -> None:
    builds = [
        f"Build {n} of @user{n} at https://ci.example/{n} failed on step {n}.5" for n in range(9)
    ]
    assert first_of_each(["hello", *builds]).tolist() == [0, 1]


def test_a_word_that_hardly_anyone_writes_is_a_name() -> None:
    names = ["Ada", "Björn", "Chandra", "Dina", "Emre", "Femi"]
    welcomes = [f"Welcome to our forum, {name}!" for name in names]
    assert first_of_each(welcomes).tolist() == [0]


def test_what_people_say_in_few_words_is_told_apart() -> None:
    said = [f"works on {system}" for system in ("linux", "windows", "macos")]
    assert first_of_each(said * 6).tolist() == [0, 1, 2]


def test_texts_of_other_words_are_told_apart() -> None:
    said = ["the sync of my phone is slow", "the sync of my laptop is slow"] * 6
    assert first_of_each(said).tolist() == [0, 1]
