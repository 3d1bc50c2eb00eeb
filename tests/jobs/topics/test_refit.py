"""Posts rather stay in their topic in a warm refit, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.topics.mapping import Fate
from jobs.topics.refit import Refit, stayed
from nlp.topics.model import FoundTopic, TopicModel
from nlp.vectors import unit
from service.db.queries.topic_fit import TopicInput

CENTROIDS = np.eye(3, dtype=np.float32)[:2]
ROWS = unit(np.array([[1, 1.02, 0], [1, 1.2, 0], [1, 0, 1.1], [0, 0, 1]], dtype=np.float32))
FATES = [
    Fate("kept", 0, 1, 0.9, 0.99),
    Fate("drifted", 1, 0, 0.9, 0.8),
    Fate("merged", 2, 0, 0.9, 0.9),
    Fate("kept", 3, None, 0.0, 0.5, kept_by_people=True),
]


def refitted(*, warm: bool) -> Refit:
    topics = [FoundTopic("label", [], centroid, 0.68, [], 2, 2, [], "") for centroid in CENTROIDS]
    near = (ROWS @ CENTROIDS.T).max(axis=1)
    found = TopicModel(topics, np.array([1, 1, -1, -1]), near)
    ids = np.arange(4, dtype=np.int64)
    made = ids.astype("datetime64[us]")
    posts = TopicInput(ids, [""] * 4, ROWS, ids, ids, [""] * 4, made)
    return Refit(posts, ROWS, found, warm)


def test_posts_that_are_hardly_nearer_to_another_topic_stay() -> None:
    found = stayed(refitted(warm=True), FATES, np.array([1, 1, 1, 1]))
    assert found.labels.tolist() == [0, 1, 0, -1]
    # The cosine is to the topic in which a post stays.
    assert found.similarity[:3] == pytest.approx(
        [1 / (1 + 1.02**2) ** 0.5, 1.2 / (1 + 1.2**2) ** 0.5, 1 / (1 + 1.1**2) ** 0.5]
    )


@pytest.mark.parametrize("before", [[0, 0, 0, 0], [2, 2, 2, 2], [3, 3, 3, 3], [-1, -1, -1, -1]])
def test_only_a_topic_that_goes_on_in_another_cluster_holds_a_post(before: list[int]) -> None:
    assert stayed(refitted(warm=True), FATES, np.array(before)).labels.tolist() == [1, 1, -1, -1]


def test_a_rebuild_moves_posts_to_what_is_nearest() -> None:
    found = stayed(refitted(warm=False), FATES, np.array([1, 1, 1, 1]))
    assert found.labels.tolist() == [1, 1, -1, -1]
