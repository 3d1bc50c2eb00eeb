"""What topics are called, and what shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nlp.encoders import load
from nlp.topics import clusters
from nlp.topics.clusters import Labels, Rows
from nlp.topics.posts import TopicPosts
from nlp.topics.wording.describe import Described, describe

ENCODER = load("hashing")
SUBJECTS = (
    (
        "the sync server loses a conflict",
        "my phone runs into sync conflicts with the laptop",
        "is there a queue on the sync server for the phone",
        "conflicts between the phone and a laptop on the sync server",
    ),
    (
        "the dark theme needs a better accent color",
        "an accent color of my theme is hard to see in the sidebar",
        "the sidebar of the dark theme has no contrast",
        "where is the accent color of a theme",
    ),
)
THANKS = "thanks a lot for the sync server and the phone, much appreciated"


def community(people: int = 6) -> tuple[TopicPosts, Labels]:
    """Return posts of two subjects, a pool of small talk, and which post is of which."""
    texts, authors, threads, labels = [], [], [], []
    for number, sentences in enumerate(SUBJECTS):
        for person in range(people):
            for turn, sentence in enumerate(sentences):
                texts.append(f"{sentence}, and this is attempt {person}")
                authors.append(10 * number + person)
                threads.append(100 * number + (turn + person) % 6)
                labels.append(number)
    for person in range(people):
        texts.append(f"nice weather today, is it not {person}")
        authors.append(50 + person)
        threads.append(500 + person)
        labels.append(-1)
    posts = TopicPosts(texts, ENCODER.encode(texts), np.array(authors), np.array(threads))
    return posts, np.array(labels)


def told(
    posts: TopicPosts, labels: Labels, **more: object
) -> tuple[dict[int, Described], list[list[str]]]:
    """Return what topics are called, and what was encoded in each call."""
    rows: Rows = posts.vectors
    count = int(labels.max()) + 1
    centroids = clusters.means(rows[labels >= 0], labels[labels >= 0], count)
    similarity = (rows * centroids[np.maximum(labels, 0)]).sum(axis=1)
    encoded: list[list[str]] = []

    def phrases(words: list[str]) -> Rows:
        encoded.append(list(words))
        return ENCODER.encode(words)

    return describe(posts, rows, labels, similarity, centroids, phrases, **more), encoded


def test_labels_are_phrases_of_the_subject() -> None:
    posts, labels = community()
    found, encoded = told(posts, labels)
    assert "sync" in found[0].label.lower()
    assert found[1].label == "Dark theme and contrast"
    assert len(encoded) == 1
    assert len(encoded[0]) == len(set(encoded[0]))


def test_words_and_phrases_are_of_the_subject_alone() -> None:
    posts, labels = community()
    found, _ = told(posts, labels)
    for number, sentences in enumerate(SUBJECTS):
        said = " ".join(sentences)
        assert 1 <= len(found[number].words) <= 10
        assert 3 <= len(found[number].phrases) <= 8
        for word in [*found[number].words, *found[number].phrases]:
            assert word.lower().removesuffix("s") in said
        assert "weather" not in found[number].words


def test_the_description_counts_threads() -> None:
    posts, labels = community()
    found, _ = told(posts, labels)
    assert found[1].description.endswith(".")
    assert "\n" not in found[1].description
    assert found[1].description.startswith("Dark theme (in 100 % of threads)")


def test_representatives_are_by_three_people_and_say_something() -> None:
    posts, labels = community()
    texts = [*posts.texts, THANKS, "sync!"]
    more = TopicPosts(
        texts,
        ENCODER.encode(texts),
        np.append(posts.authors, [70, 71]),
        np.append(posts.threads, [700, 701]),
    )
    found, _ = told(more, np.append(labels, [0, 0]))
    shown = found[0].representatives
    assert len(shown) == 3
    assert len({int(more.authors[row]) for row in shown}) == 3
    assert len({int(more.threads[row]) for row in shown}) == 3
    assert not {THANKS, "sync!"} & {texts[row] for row in shown}


def test_what_one_person_says_often_names_no_topic() -> None:
    posts, labels = community()
    texts = [*posts.texts, *(f"the blorbification of the phone, day {n}" for n in range(30))]
    more = TopicPosts(
        texts,
        ENCODER.encode(texts),
        np.append(posts.authors, [0] * 30),
        np.append(posts.threads, np.arange(800, 830)),
    )
    found, _ = told(more, np.append(labels, [0] * 30))
    assert "blorbification" not in found[0].label.lower()
    assert not any("blorb" in word for word in [*found[0].words, *found[0].phrases])


def test_titles_of_threads_are_a_hint() -> None:
    posts, labels = community()
    titles = ["Contrast?" if thread >= 100 else "" for thread in posts.threads.tolist()]
    plain, _ = told(posts, labels)
    hinted, _ = told(posts, labels, titles=titles)
    assert hinted[1].label.startswith("Contrast")
    assert not plain[1].label.startswith("Contrast")
    own, _ = told(replace(posts, titles=titles), labels)
    assert own[1].label == hinted[1].label


def test_only_some_are_described_and_labels_in_use_are_left_alone() -> None:
    posts, labels = community()
    every, _ = told(posts, labels)
    found, encoded = told(posts, labels, only=[1], taken={every[1].label})
    assert list(found) == [1]
    assert found[1].label != every[1].label
    assert found[1].words == every[1].words
    assert len(encoded[0]) < 40


def test_the_order_of_posts_changes_nothing() -> None:
    posts, labels = community()
    order = np.random.default_rng(2).permutation(len(labels))
    mixed = TopicPosts(
        [posts.texts[row] for row in order],
        posts.vectors[order],
        posts.authors[order],
        posts.threads[order],
    )
    first, _ = told(posts, labels)
    second, _ = told(mixed, labels[order])
    for number in (0, 1):
        assert first[number].label == second[number].label
        assert first[number].words == second[number].words
        assert first[number].description == second[number].description


@pytest.mark.parametrize("texts", [["1", "2", "3"], ["", "", ""], ["yes", "no", "thanks"]])
def test_topics_without_words_are_unnamed(texts: list[str]) -> None:
    vectors = np.eye(3, 8, dtype=np.float32)
    posts = TopicPosts(texts, vectors, np.array([1, 2, 3]), np.array([1, 2, 3]))
    found, encoded = told(posts, np.array([0, 0, 0]))
    assert found[0].label == "Unnamed"
    assert found[0].words == found[0].phrases == []
    assert found[0].description == ""
    assert len(found[0].representatives) >= 1
    assert not any(encoded)


def test_a_cluster_that_nobody_is_in_is_unnamed() -> None:
    posts, labels = community()
    found, _ = told(posts, np.where(labels == 1, 2, labels), only=[1, 2])
    assert found[1].label == "Unnamed"
    assert found[1].representatives == []
    assert "theme" in found[2].label
