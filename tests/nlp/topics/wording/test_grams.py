"""Runs of words: what they are, who uses them, how."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.topics.wording import words
from nlp.topics.wording.grams import Grams, grams
from nlp.topics.wording.pieces import pieces
from nlp.topics.wording.spelling import written


def of(grams_: Grams, name: str) -> int:
    return grams_.names.index(name)


def three(*texts: str) -> Grams:
    """Return the runs of texts that three people each write."""
    return grams([*texts] * 3, np.repeat([1, 2, 3], len(texts)))


def test_words_of_fewer_than_three_authors_are_left_out() -> None:
    found = grams(["shared secret", "shared secret", "shared", "rare"], np.array([1, 2, 3, 4]))
    assert found.names == ["shared"]


def test_runs_are_what_people_wrote_side_by_side() -> None:
    found = three("A fresh sync server, phone. The proof of concept\nlaptop keyboard in a drawer")
    runs = [name for name in found.names if " " in name]
    assert runs[:3] == ["fresh sync", "sync server", "laptop keyboard"]
    assert runs[3:] == ["fresh sync server", "proof of concept"]
    assert found.joined[of(found, "proof of concept")]
    assert not found.joined[of(found, "fresh sync server")]


def test_a_number_belongs_to_the_word_before_it() -> None:
    assert "windows 11" in three("it happens on Windows 11 only").names


def test_each_text_counts_the_runs_it_holds() -> None:
    found = three("sync sync server", "server")
    np.testing.assert_array_equal(
        found.holds[:2].toarray()[:, [of(found, "sync"), of(found, "server")]], [[2, 1], [0, 1]]
    )


def test_links_and_variables_are_no_words() -> None:
    found = three("see github.com acme sync issues 12 for the crash of h2 on X11")
    assert found.names == ["crash", "x11"]


def test_names_of_people_are_no_words() -> None:
    texts = ["Kim Moss wrote the parser", "ask Kim about the Moss parser", "moss grows on a wall"]
    found = grams(texts * 3, np.repeat([1, 2, 3], 3), ["Kim Moss", "Galois Field"])
    assert "kim" not in found.names
    assert {"parser", "moss", "wall"} <= set(found.names)


def test_a_name_of_one_word_stays_a_word() -> None:
    assert "parser" in grams(["the parser"] * 3, np.array([1, 2, 3]), ["parser"]).names


def test_nouns_are_told_from_what_is_done() -> None:
    found = three(
        "the parser of a compiler", "we parse it", "it was merged", "I merged it", "with the parser"
    )
    assert found.noun[of(found, "parser")] > 0.7
    assert found.noun[of(found, "merged")] < 0.3
    assert found.one[of(found, "compiler")] == 1
    assert found.one[of(found, "parser")] == 0
    assert found.act[of(found, "merged")] == pytest.approx(0.5)


def test_a_part_of_a_longer_run_is_no_whole() -> None:
    found = three("premise selection", "premise selection", "selection")
    assert found.whole[of(found, "premise")] == 0
    assert found.whole[of(found, "selection")] == pytest.approx(1 / 3)
    assert found.whole[of(found, "premise selection")] == 1


def test_a_quantity_is_no_whole() -> None:
    found = three("an infinite number of terms")
    assert found.whole[of(found, "infinite number")] == 0


def test_people_are_told_by_capitals_without_articles() -> None:
    found = three("Ada Byron wrote the Sync Server", "ask Ada Byron")
    assert found.proper[of(found, "ada byron")]
    assert not found.proper[of(found, "sync server")]


def test_runs_are_written_as_people_mostly_write_them() -> None:
    found = three("Sync on my iPhone", "the sync of an iPhone", "the github page", "on GitHub", "x")
    spelt = written(found, [of(found, name) for name in ("sync", "iphone", "github")])
    assert list(spelt.values()) == ["sync", "iPhone", "GitHub"]


def test_a_word_with_a_capital_has_it_in_every_run() -> None:
    found = three("with Lean", "in Lean", "for Lean", "the lean proofs", "a New York proof")
    spelt = written(found, [of(found, "lean proofs"), of(found, "new york")])
    assert list(spelt.values()) == ["Lean proofs", "New York"]


def test_a_stop_word_is_one_with_either_apostrophe() -> None:
    assert three("I’m in, the phones don't sync, don’t").names == ["phones", "sync"]


def test_nothing_is_in_nothing() -> None:
    found = grams(["", "1 2", "the of"], np.array([1, 2, 3]))
    assert found.names == []
    assert found.holds.shape == (3, 0)
    assert len(pieces([]).form) == 0
    assert grams([], np.zeros(0, dtype=np.int64)).names == []


def test_terms_are_what_people_wrote() -> None:
    found = words.terms("A state of the art model. Fresh sync-server\nphone, laptop keyboard")
    pairs = ["art model", "fresh sync-server", "laptop keyboard"]
    assert [term for term in found if " " in term] == pairs
    assert [term for term in found if " " not in term] == [
        *("state", "art", "model", "fresh", "sync-server", "phone", "laptop", "keyboard")
    ]
