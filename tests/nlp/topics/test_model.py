"""The topic model on posts whose topics are known."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest

from nlp.encoders import load
from nlp.errors import TooFewPosts
from nlp.topics import model
from nlp.topics.clusters import OUTLIER
from nlp.topics.model import TopicModel, TopicPosts
from nlp.topics.wording import words

SUBJECTS = {
    "sync": ["sync", "conflict", "laptop", "phone", "merge", "offline", "server", "queue"],
    "export": ["export", "pdf", "margin", "page", "font", "print", "heading", "layout"],
    "plugin": ["plugin", "api", "hook", "manifest", "sandbox", "script", "command", "install"],
    "theme": ["theme", "dark", "color", "contrast", "css", "accent", "sidebar", "palette"],
}
ENCODER = load("hashing")


def community(seed: int = 3, each: int = 60) -> list[tuple[str, int, int, str]]:
    """Return (text, author, thread, subject) of posts; eight authors write on each subject."""
    chance = random.Random(seed)
    posts = []
    for place, (subject, vocabulary) in enumerate(SUBJECTS.items()):
        for number in range(each):
            said = " ".join(chance.choices(vocabulary, k=7))
            posts.append(
                (f"{said} {number}", place * 8 + number % 8, place * 20 + number % 12, subject)
            )
    return posts


def canonical(posts: list[tuple[str, int, int, str]]) -> list[tuple[str, int, int, str]]:
    return sorted(posts, key=lambda post: hashlib.blake2b(post[0].encode()).digest())


def fit(
    posts: list[tuple[str, int, int, str]], start: np.ndarray | None = None
) -> tuple[TopicModel, list[tuple[str, int, int, str]]]:
    ordered = canonical(posts)
    texts = [text for text, *_ in ordered]
    given = TopicPosts(
        texts,
        ENCODER.encode(texts),
        np.array([author for _, author, *_ in ordered]),
        np.array([thread for *_, thread, _ in ordered]),
    )
    return model.fit(given, ENCODER.encode, start=start), ordered


@pytest.fixture(scope="module")
def fitted() -> tuple[TopicModel, list[tuple[str, int, int, str]]]:
    return fit(community())


def test_each_topic_is_of_one_subject(fitted: tuple[TopicModel, list]) -> None:
    found, posts = fitted
    subjects = np.array([subject for *_, subject in posts])
    for number in range(len(found.topics)):
        inside = subjects[found.labels == number]
        assert (inside == inside[0]).mean() > 0.95
    assert {subjects[found.labels == n][0] for n in range(len(found.topics))} == set(SUBJECTS)


def test_labels_are_words_of_the_subject(fitted: tuple[TopicModel, list]) -> None:
    found, posts = fitted
    for number, topic in enumerate(found.topics):
        row = int(np.flatnonzero(found.labels == number)[0])
        vocabulary = SUBJECTS[posts[row][3]]
        assert all(part.lower() in vocabulary for part in topic.label.split() if part != "and")
        assert 1 <= len(topic.words) <= words.WORDS


def test_representatives_are_by_different_authors(fitted: tuple[TopicModel, list]) -> None:
    found, posts = fitted
    for number, topic in enumerate(found.topics):
        assert len(topic.representatives) == 3
        assert len({posts[row][1] for row in topic.representatives}) == 3
        assert all(found.labels[row] == number for row in topic.representatives)


def test_posts_in_any_order_give_the_same_topics(fitted: tuple[TopicModel, list]) -> None:
    first, posts = fitted
    shuffled = community()
    random.Random(9).shuffle(shuffled)
    second, again = fit(shuffled)
    assert again == posts
    assert [topic.label for topic in first.topics] == [topic.label for topic in second.topics]
    np.testing.assert_array_equal(first.labels, second.labels)
    for a, b in zip(first.topics, second.topics, strict=True):
        np.testing.assert_array_equal(a.centroid, b.centroid)


def test_a_subject_of_one_loud_author_is_no_topic() -> None:
    loud = [(f"crypto coin airdrop wallet {n}", 99, 500 + n, "spam") for n in range(80)]
    found, posts = fit(community() + loud)
    subjects = np.array([subject for *_, subject in posts])
    assert not any("crypto" in topic.words for topic in found.topics)
    assert all(
        (subjects[found.labels == n] == "spam").mean() < 0.5 for n in range(len(found.topics))
    )


def test_copies_of_a_template_make_no_topic() -> None:
    """Sixty accounts post one template: they are placed or left out, and change no topic."""
    spam = [
        (f"crypto coin airdrop wallet at https://x{n}.example for {n}", 900 + n, 500 + n, "spam")
        for n in range(60)
    ]
    plain, _ = fit(community())
    found, posts = fit(community() + spam)
    assert not any("crypto" in topic.words for topic in found.topics)
    assert len(found.topics) == len(plain.topics)
    inside = np.array([subject == "spam" for *_, subject in posts])
    assert (found.labels[inside] == OUTLIER).all()


def test_a_fit_that_goes_on_says_from_which_topics(
    fitted: tuple[TopicModel, list[tuple[str, int, int, str]]],
) -> None:
    first, posts = fitted
    assert [topic.origin for topic in first.topics] == [None] * len(first.topics)
    gone = np.eye(1, ENCODER.card.dimensions, dtype=np.float32)
    start = np.concatenate([gone, [topic.centroid for topic in first.topics]])
    again, _ = fit(posts, start=start)
    assert [topic.origin for topic in again.topics] == list(range(1, len(start)))
    for old, new in zip(first.topics, again.topics, strict=True):
        assert float(old.centroid @ new.centroid) > 0.95


def test_a_curt_reply_is_about_what_its_thread_is_about() -> None:
    vectors = ENCODER.encode(["sync conflict", "sync queue", "yes"])
    mixed = model.in_context(vectors, np.array([1, 1, 1]))
    assert float(mixed[2] @ mixed[0]) > float(vectors[2] @ vectors[0])
    np.testing.assert_allclose(np.linalg.norm(mixed, axis=1), 1, atol=1e-5)


def test_too_few_posts_are_said_to_be_too_few() -> None:
    with pytest.raises(TooFewPosts, match="50 needed"):
        fit(community(each=10))
