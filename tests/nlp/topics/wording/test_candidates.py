"""Which phrases could name a topic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nlp.encoders import load
from nlp.topics.wording import candidates as made
from nlp.topics.wording.candidates import family, informative, of_posts, of_titles, singular, use
from nlp.topics.wording.grams import Grams, grams
from nlp.topics.wording.labels import Candidate

ENCODER = load("hashing")


@pytest.mark.parametrize(
    ("word", "one"),
    [
        ("linters", "linter"),
        ("categories", "category"),
        ("sheaves", "sheaf"),
        ("matrices", "matrix"),
        ("vertices", "vertex"),
        ("hypotheses", "hypothesis"),
        ("classes", "class"),
        ("branches", "branch"),
        ("prs", "pr"),
        ("status", "status"),
        ("class", "class"),
        ("analysis", "analysis"),
    ],
)
def test_plurals_have_a_singular(word: str, one: str) -> None:
    assert singular(word) == one


def test_forms_of_a_phrase_are_of_one_family() -> None:
    assert family("measure theories") == family("measuretheory")
    assert family("measure theory") != family("measurement")


def test_a_unit_is_a_person_in_a_thread_of_a_topic() -> None:
    found = grams(["sync", "sync sync", "phone", "sync"] * 3, np.repeat([1, 2, 3], 4))
    labels = np.array([0, 0, 0, -1] * 3)
    used = use(found, labels, np.repeat([1, 2, 3], 4), np.zeros(12, dtype=np.int64))
    assert used.topic.tolist() == [-1, -1, -1, 0, 0, 0]
    assert used.author.tolist() == [0, 1, 2, 0, 1, 2]
    column = found.names.index("sync")
    assert used.holds[:, column].toarray().ravel().tolist() == [1] * 6
    np.testing.assert_array_equal(
        used.holds[:, found.names.index("phone")].toarray().ravel(), [0, 0, 0, 1, 1, 1]
    )


def test_what_tells_most_is_used_much_here_and_little_elsewhere() -> None:
    counts = csr_matrix(np.array([[8.0, 4, 0], [2, 4, 2]]))
    told = informative(counts, np.array([10.0, 10.0])).toarray()
    # .8 of the topic against .5 of everything.
    assert told[0, 0] == pytest.approx(0.8 * np.log2(0.8 / 0.5))
    assert told[0, 1] == 0
    assert told[1, 0] == 0
    assert told[1, 2] == pytest.approx(0.2)


def test_titles_tell_by_the_posts_of_their_threads() -> None:
    found = grams(["dark theme", "sync phone"] * 3, np.array([1, 1, 2, 2, 3, 3]))
    threads = np.array([0, 1, 0, 1, 0, 1])
    titles = ["Dark theme?", "the sync"] * 3
    told = of_titles(found, titles, threads, np.array([0, 1] * 3), 2).toarray()
    assert told[0, found.names.index("dark theme")] == pytest.approx(1)
    assert told[1, found.names.index("sync")] == pytest.approx(1)
    assert told[1, found.names.index("phone")] == 0


def of(texts: list[str], authors: list[int], threads: list[int]) -> tuple[Grams, list[Candidate]]:
    """Return the candidates of one topic beside a pool that talks of the weather."""
    pool = ["the weather is fine"] * 6
    every = [*texts, *pool]
    who = np.array([*authors, *range(90, 96)])
    where = np.array([*threads, *range(900, 906)])
    labels = np.array([0] * len(texts) + [-1] * len(pool))
    read = grams(every, who)
    used = use(read, labels, who, where)
    centre = ENCODER.encode([" ".join(texts)])
    found = made.candidates(read, used, of_posts(used, 1), None, centre, [0], ENCODER.encode)
    return read, found[0]


def test_a_thing_one_can_count_is_named_in_the_plural() -> None:
    texts = ["a linter for the file", "the linter", "all linters", "a linter", "these linters"]
    _, found = of(texts * 3, [1] * 5 + [2] * 5 + [3] * 5, list(range(15)))
    assert "linters" in [one.text for one in found]
    assert "linter" not in [one.text for one in found]


def test_what_one_cannot_count_is_named_in_the_singular() -> None:
    texts = ["the notation of a proof", "in notation", "by notation", "of notation", "notations"]
    _, found = of(texts * 3, [1] * 5 + [2] * 5 + [3] * 5, list(range(15)))
    assert "notation" in [one.text for one in found]


def test_code_that_is_written_together_is_named_in_words_where_people_do() -> None:
    texts = ["the MeasureTheory file", "in measure theory", "MeasureTheory", "of measure theory"]
    _, found = of(texts * 3, [1] * 4 + [2] * 4 + [3] * 4, list(range(12)))
    assert "measure theory" in [one.text for one in found]
    assert "MeasureTheory" not in [one.text for one in found]


def test_shares_are_of_the_topics_threads() -> None:
    texts = ["the parser", "a parser", "the parser", "the queue", "a queue", "the queue"]
    _, found = of(texts, [1, 2, 3, 1, 2, 3], [1, 1, 2, 3, 4, 5])
    shares = {one.text: one.share for one in found}
    assert shares == {"parser": pytest.approx(2 / 5), "queue": pytest.approx(3 / 5)}


def test_a_list_of_numbered_things_names_nothing() -> None:
    texts = [f"see the Lemma {number} of it" for number in range(1, 7) for _ in range(3)]
    _, found = of(texts, [1, 2, 3] * 6, list(range(18)))
    scores = {one.text: one.score for one in found}
    assert scores["Lemma"] > 3 * scores["Lemma 4"]
