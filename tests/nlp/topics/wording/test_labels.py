"""Labels: a phrase or two, no two topics alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlp.topics.wording import labels as labelling
from nlp.topics.wording.labels import Candidate, headed, labels, numbered, stems

FIRST, SECOND = np.array([0, 1]), np.array([2, 3])


def one(text: str, score: float, units: np.ndarray = FIRST, axis: int = 0) -> Candidate:
    vector = np.eye(8, dtype=np.float32)[axis]
    return Candidate(text, stems(text), score, 0.5, vector, units)


def test_stems_are_of_words_without_endings() -> None:
    assert stems("naming conventions") == stems("Named convention")
    assert stems("MeasureTheory") == stems("measure theory") == stems("measure_theories")
    assert stems("formalization") == stems("formalizing")
    assert not stems("interface") & stems("internal")
    assert stems("Lean4") == stems("Lean")
    assert stems("sets and maps") == stems("set maps")


def test_a_label_names_two_subjects_that_share_no_word() -> None:
    given = [
        one("branches", 1.0),
        one("new branch", 0.4),
        one("commits", 0.8, SECOND, 1),
    ]
    assert labels({0: given}) == {0: "Branches and commits"}


def test_a_weak_second_subject_is_left_out() -> None:
    given = [one("branches", 1.0), one("commits", 0.1, SECOND, 1)]
    assert labels({0: given}) == {0: "Branches"}


def test_what_means_the_same_is_no_second_subject() -> None:
    given = [one("manual", 1.0), one("handbook", 0.9), one("search", 0.5, SECOND, 1)]
    assert labels({0: given}) == {0: "Manual and search"}


def test_a_phrase_around_the_best_word_is_taken() -> None:
    assert labels({0: [one("graph", 1.0), one("graph theory", 0.6)]}) == {0: "Graph theory"}
    assert labels({0: [one("graph", 1.0), one("graph theory", 0.3)]}) == {0: "Graph"}


def test_a_phrase_goes_to_the_topic_it_tells_most_of() -> None:
    found = labels(
        {
            0: [one("types", 0.9), one("casts", 0.5, axis=1)],
            1: [one("types", 1.0), one("universes", 0.1, axis=2)],
        }
    )
    assert found == {0: "Casts", 1: "Types"}


def test_a_plural_is_no_other_phrase() -> None:
    given = {0: [one("type theory", 1.0)], 1: [one("type theories", 0.9), one("axioms", 0.2)]}
    assert labels(given) == {0: "Type theory", 1: "Axioms"}


def test_labels_in_use_are_not_given_again() -> None:
    given = {0: [one("sync", 1.0), one("phones", 0.9, SECOND, 1)]}
    assert labels(given, {"Sync and laptops"}) == {0: "Phones"}
    assert labels({0: [one("sync", 1.0)]}, {"sync"}) == {0: "Sync (2)"}
    assert labels({0: [one("sync", 1.0)]}, {"Sync", "Sync (2)"}) == {0: "Sync (3)"}


def test_topics_without_a_phrase_are_unnamed() -> None:
    found = labels({0: [], 1: []})
    assert sorted(found.values()) == ["Unnamed", "Unnamed (2)"]


def test_labels_do_not_depend_on_the_order_of_topics() -> None:
    given = {
        number: [one(text, 1.0, axis=number), one("sync", 0.9, axis=4)]
        for number, text in enumerate(["queue", "phone", "queue"])
    }
    backwards = dict(reversed(given.items()))
    assert labels(given) == labels(backwards)
    assert len(set(labels(given).values())) == 3


def test_talk_of_this_and_that_is_said_to_be_mixed() -> None:
    given = [replace(one("typos", 1.0), share=0.04), replace(one("links", 0.8, SECOND, 1), share=0)]
    assert labels({0: given}) == {0: "Mixed: typos and links"}
    assert labels({0: [one("links", 1.0), one("typos", 0.9)]}, {"Mixed: links"}) == {0: "Typos"}


def test_long_labels_stay_short() -> None:
    long = "a remarkably long phrase about synchronisation"
    found = labels({0: [one(long, 1.0), one("telephones", 0.9, SECOND, 1)]})
    assert found == {0: long[0].upper() + long[1:]}
    assert len(found[0]) <= labelling.LONGEST_LABEL


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("sync server", "Sync server"),
        ("iPhone app", "iPhone app"),
        ("norm_num", "norm_num"),
        ("rw", "rw"),
        ("well-founded recursion", "Well-founded recursion"),
        ("sync, phones and maps", "Sync, phones and maps"),
        ("PRs", "PRs"),
    ],
)
def test_a_label_begins_with_a_capital_unless_its_word_has_a_way_of_its_own(
    text: str, label: str
) -> None:
    assert headed(text) == label


def test_numbers_tell_labels_apart() -> None:
    assert numbered("Sync", {"sync", "sync (2)"}) == "Sync (3)"
    assert numbered("Sync", {"phone"}) == "Sync"
