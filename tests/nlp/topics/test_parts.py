"""Our steps in BERTopic's frame, and how words are weighed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nlp.topics.clusters import OUTLIER
from nlp.topics.parts import DiffusionClusters, Parts, WordWeights
from nlp.vectors import unit


def planted(groups: int = 5, each: int = 60) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(5)
    centers = unit(chance.standard_normal((groups, 32)).astype(np.float32))
    truth = np.repeat(np.arange(groups), each)
    noise = 0.06 * chance.standard_normal((groups * each, 32)).astype(np.float32)
    return unit(centers[truth] + noise), truth


def test_clusters_as_an_estimator() -> None:
    rows, truth = planted()
    model = DiffusionClusters(5)
    assert model.fit(rows) is model
    for group in range(5):
        assert len({*model.labels_[truth == group].tolist()} - {OUTLIER}) == 1
    np.testing.assert_array_equal(model.predict(rows), model.labels_)
    np.testing.assert_array_equal(DiffusionClusters(5).fit_predict(3 * rows), model.labels_)


def test_clusters_go_on_from_earlier_ones() -> None:
    rows, _ = planted()
    first = DiffusionClusters().fit(rows)
    again = DiffusionClusters(start=first.found_.centroids[::-1]).fit(rows)
    assert len(again.found_.centroids) == 5
    likeness = again.found_.centroids @ first.found_.centroids[::-1].T
    np.testing.assert_array_equal(likeness.argmax(axis=1), np.arange(5))


def test_weights_by_hand() -> None:
    counts = csr_matrix(np.array([[6, 4, 0], [0, 4, 6]]))
    weights = WordWeights(rarity=0.5, rivalry=0).fit(counts).transform(counts).toarray()
    # Shares .6, .4 and 0 of a topic; of all words .3, .4 and .3.
    often = (0.6 - 0.3) / 0.3**0.5
    np.testing.assert_allclose(weights, [[often, 0, 0], [0, 0, often]])


def test_a_word_that_several_topics_share_stands_where_it_weighs_most() -> None:
    counts = csr_matrix(np.array([[8, 2, 0, 0], [5, 0, 5, 0], [0, 0, 0, 40]]))
    free = WordWeights(rivalry=0).fit(counts).transform(counts).toarray()
    rival = WordWeights(rivalry=1).fit(counts).transform(counts).toarray()
    assert rival[0, 0] == pytest.approx(free[0, 0])
    assert rival[1, 0] == pytest.approx(free[1, 0] ** 2 / free[0, 0])
    assert 0 < rival[1, 0] < free[1, 0]


def test_rare_words_weigh_more_the_more_rarity_counts() -> None:
    counts = csr_matrix(np.array([[60, 6, 34], [40, 0, 60]]))
    plain = WordWeights(rarity=0, rivalry=0).fit(counts).transform(counts).toarray()[0]
    rare = WordWeights(rarity=1, rivalry=0).fit(counts).transform(counts).toarray()[0]
    assert plain[0] > plain[1]
    assert rare[0] < rare[1]


def test_seed_words_are_lifted_as_bertopic_lifts_them() -> None:
    counts = csr_matrix(np.array([[6, 4, 0], [0, 4, 6]]))
    plain = WordWeights(rivalry=0).fit(counts).transform(counts).toarray()
    lifted = WordWeights(rivalry=0).fit(counts, multiplier=np.array([2, 1, 1])).transform(counts)
    np.testing.assert_allclose(lifted.toarray()[0], plain[0] * [2, 1, 1])


def test_counts_of_nothing_weigh_nothing() -> None:
    counts = csr_matrix((2, 3))
    assert WordWeights().fit(counts).transform(counts).toarray().tolist() == [[0] * 3] * 2


def test_parts_that_decide_about_words() -> None:
    assert not Parts().own_words()
    assert not Parts(clusters=DiffusionClusters()).own_words()
    assert Parts(ctfidf=WordWeights()).own_words()
