"""Words of topics, and topics as a BERTopic: what BERTopic's own interfaces make of ours."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import CountVectorizer

from nlp.encoders import load
from nlp.topics import frame, model
from nlp.topics.clusters import OUTLIER
from nlp.topics.frame import as_bertopic, ranked, topic_words
from nlp.topics.model import TopicModel
from nlp.topics.parts import DiffusionClusters, Parts, WordWeights
from nlp.topics.posts import TopicPosts

ENCODER = load("hashing")
SUBJECTS = [
    "sync conflict laptop phone merge offline server queue",
    "export pdf margin page font print heading layout",
    "plugin api hook manifest sandbox script command install",
]


@pytest.fixture(scope="module", autouse=True)
def bertopic() -> ModuleType:
    """Import BERTopic as our own code does: UMAP warns of what it lacks."""
    with frame._without_unused():
        return importlib.import_module("bertopic")


@pytest.fixture(scope="module")
def posts() -> TopicPosts:
    chance = np.random.default_rng(4)
    texts = [
        " ".join(chance.choice(SUBJECTS[row % 3].split(), 6)) + f" {row}" for row in range(150)
    ]
    rows = np.arange(150)
    return TopicPosts(texts, ENCODER.encode(texts), rows % 24, rows % 45)


@pytest.fixture(scope="module")
def fitted(posts: TopicPosts) -> TopicModel:
    return model.fit(posts, ENCODER.encode, k=3)


def subject(words: list[str]) -> int:
    """Return the subject that all of the words are of."""
    (found,) = {n for n, of in enumerate(SUBJECTS) if {*words} <= {*of.split()}}
    return found


def test_words_are_counted_once_a_post_and_the_pool_is_background() -> None:
    texts = ["a1 a1 a1 b1", "b1 b1", "c1 b1", "c1"]
    holds = CountVectorizer().fit_transform(texts)
    found = ranked(holds, ["a1", "b1", "c1"], np.array([0, 0, 1, OUTLIER]), WordWeights(0, 0))
    # Of the words of topic 0 one in three is a1 and two b1; of all words one in six and three.
    assert found[0] == [("a1", pytest.approx(1 / 6)), ("b1", pytest.approx(1 / 6))]
    assert found[1] == [("c1", pytest.approx(1 / 6))]
    assert found.keys() == {0, 1}


def test_no_more_words_than_asked_for(posts: TopicPosts, fitted: TopicModel) -> None:
    holds = CountVectorizer().fit_transform(posts.texts)
    found = ranked(holds, [str(n) for n in range(holds.shape[1])], fitted.labels, top=4)
    assert {len(words) for words in found.values()} == {4}
    weights = [weight for _, weight in found[0]]
    assert weights == sorted(weights, reverse=True)


def test_words_by_a_representation_of_bertopic(posts: TopicPosts, fitted: TopicModel) -> None:
    from bertopic.representation import KeyBERTInspired

    parts = Parts(CountVectorizer(token_pattern="[a-z]+"), representation=KeyBERTInspired())
    found = topic_words(posts.texts, posts.vectors, fitted.labels, parts, ENCODER.encode)
    assert found.keys() == {0, 1, 2}
    subjects = {subject([word for word, _ in words]) for words in found.values()}
    assert subjects == {0, 1, 2}


def test_parts_of_a_user_in_our_fit(posts: TopicPosts) -> None:
    from bertopic.vectorizers import ClassTfidfTransformer

    parts = Parts(
        vectorizer=CountVectorizer(token_pattern="[a-z]{6,}"),
        ctfidf=ClassTfidfTransformer(bm25_weighting=True),
        clusters=KMeans(3, n_init=3, random_state=0),
    )
    found = model.fit(posts, ENCODER.encode, parts=parts)
    assert [topic.posts for topic in found.topics] == [50, 50, 50]
    assert {subject(topic.words) for topic in found.topics} == {0, 1, 2}
    assert all(len(word) > 5 for topic in found.topics for word in topic.words)


def test_weights_of_bertopic_on_the_words_that_we_count(posts: TopicPosts) -> None:
    from bertopic.vectorizers import ClassTfidfTransformer

    found = model.fit(posts, ENCODER.encode, k=3, parts=Parts(ctfidf=ClassTfidfTransformer()))
    assert {subject(topic.words[:8]) for topic in found.topics} == {0, 1, 2}


def test_our_parts_in_bertopic(posts: TopicPosts) -> None:
    from bertopic import BERTopic
    from bertopic.dimensionality import BaseDimensionalityReduction

    theirs = BERTopic(
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=DiffusionClusters(3),
        vectorizer_model=CountVectorizer(token_pattern="[a-z]+"),
        ctfidf_model=WordWeights(),
    )
    theirs.embedding_model = None
    topics, _ = theirs.fit_transform(posts.texts, posts.vectors)
    words = {
        topic: [word for word, weight in theirs.get_topic(topic)[:5] if weight > 0]
        for topic in {*topics} - {OUTLIER}
    }
    assert {subject(found) for found in words.values()} == {0, 1, 2}
    again, _ = theirs.transform(posts.texts[:9], posts.vectors[:9])
    assert list(again) == topics[:9]
    theirs.reduce_topics(posts.texts, nr_topics=3)
    assert {*theirs.topics_} >= {0, 1}


def test_topics_as_a_bertopic(posts: TopicPosts, fitted: TopicModel, tmp_path: Path) -> None:
    theirs = as_bertopic(posts, fitted)
    info = theirs.get_topic_info()
    assert {*info["CustomName"]} >= {topic.label for topic in fitted.topics}
    of_label = dict(zip(info["CustomName"], info["Topic"], strict=True))
    number = {of_label[topic.label]: place for place, topic in enumerate(fitted.topics)}
    assert [number.get(topic, OUTLIER) for topic in theirs.topics_] == fitted.labels.tolist()
    rows = model.in_context(posts.vectors, posts.threads)
    placed, _ = theirs.transform(posts.texts[:6], rows[:6])
    assert [number.get(topic, OUTLIER) for topic in placed] == fitted.labels[:6].tolist()

    theirs.save(tmp_path / "saved", serialization="safetensors", save_ctfidf=True)
    again = type(theirs).load(tmp_path / "saved")
    for topic, words in theirs.get_topics().items():
        assert again.get_topic(topic) == [[word, pytest.approx(weight)] for word, weight in words]
    assert again.topics_ == theirs.topics_


def test_a_bertopic_of_ours_draws(posts: TopicPosts, fitted: TopicModel) -> None:
    pytest.importorskip("plotly")
    theirs = as_bertopic(posts, fitted)
    assert theirs.visualize_barchart(custom_labels=True).data
    assert theirs.visualize_heatmap().data
    assert theirs.visualize_hierarchy().data
