"""What becomes of topics in a refit: kept, drifted, split, merged, died, born."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.topics.lineage import Step, lineage
from nlp.vectors import unit

AXES = np.eye(6, dtype=np.float32)


def told(*pairs: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return labels before and after of so many posts of each pair."""
    before = [old for old, _, n in pairs for _ in range(n)]
    after = [new for _, new, n in pairs for _ in range(n)]
    return np.array(before, dtype=np.int64), np.array(after, dtype=np.int64)


def between(share: float) -> np.ndarray:
    return unit(np.array([[1 - share, share, 0, 0, 0, 0]], dtype=np.float32))


def test_topics_go_on_whatever_the_order_of_the_clusters() -> None:
    before, after = told((0, 2, 30), (1, 0, 40), (2, 1, 50), (0, 1, 3), (2, -1, 2))
    steps = lineage(before, after, AXES[:3], AXES[[1, 2, 0]])
    assert [(step.kind, step.topic, step.cluster) for step in steps] == [
        ("kept", 0, 2),
        ("kept", 1, 0),
        ("kept", 2, 1),
    ]
    assert steps[0] == Step("kept", 0, 2, 30 / 33, 1.0)


def test_a_topic_whose_centroid_moved_has_drifted() -> None:
    before, after = told((0, 0, 20), (1, 1, 20))
    kept, drifted = lineage(before, after, AXES[:2], np.concatenate([AXES[:1], between(0.6)]))
    assert kept.kind == "kept"
    assert drifted.kind == "drifted"
    assert drifted.near == pytest.approx(0.6 / np.hypot(0.6, 0.4))


def test_a_quarter_of_the_posts_in_each_of_two_clusters_is_a_split() -> None:
    before, after = told((0, 0, 60), (0, 1, 30), (0, 2, 10), (-1, 2, 30))
    kept, split, born = lineage(before, after, AXES[:1], AXES[:3])
    assert (kept.kind, kept.cluster) == ("kept", 0)
    assert split == Step("split", 0, 1, 0.3, 0.0)
    assert born == Step("born", None, 2, 0.75, 0.0)


def test_the_larger_of_two_goes_on_where_both_end_up_in_one() -> None:
    before, after = told((0, 0, 20), (1, 0, 70), (1, 1, 10))
    merged, kept, born = lineage(before, after, AXES[:2], AXES[[1, 4]])
    assert merged == Step("merged", 0, 0, 1.0, 0.0)
    assert (kept.kind, kept.topic, kept.cluster, kept.share) == ("kept", 1, 0, 0.875)
    # An eighth of a topic's posts is no split.
    assert (born.kind, born.cluster, born.share) == ("born", 1, 0.0)


def test_a_topic_whose_posts_are_scattered_has_died() -> None:
    before, after = told((0, 0, 30), (1, 0, 12), (1, 1, 12), (1, -1, 36), (2, 1, 30))
    fates = lineage(before, after, AXES[:3], AXES[[0, 2]])
    assert fates[1] == Step("died", 1, None, 0.6, 0.0)
    assert [step.kind for step in fates] == ["kept", "died", "kept"]


def test_a_pinned_topic_neither_dies_nor_merges() -> None:
    before, after = told((0, 0, 80), (1, 0, 20))
    old = np.concatenate([AXES[:1], between(0.3)])
    assert [step.kind for step in lineage(before, after, old, AXES[:1])] == ["kept", "merged"]
    lost, pinned = lineage(before, after, old, AXES[:1], fixed=[1])
    assert (pinned.kind, pinned.cluster, lost.kind, lost.cluster) == ("kept", 0, "merged", 0)
    both = lineage(before, after, old, AXES[:1], fixed=[0, 1])
    assert [(step.kind, step.cluster) for step in both] == [("kept", 0), ("kept", None)]
    alone = lineage(*told((0, -1, 9)), AXES[:1], AXES[1:2], fixed={0})
    assert alone[0] == Step("kept", 0, None, 0.0, 0.0)


def test_centroids_decide_where_hardly_any_post_is_shared() -> None:
    before, after = told((0, 0, 2), (0, 1, 1), (1, -1, 1))
    steps = lineage(before, after, AXES[:2], np.concatenate([AXES[2:3], AXES[:2]]))
    assert (steps[0].kind, steps[0].cluster) == ("drifted", 0)
    assert (steps[1].kind, steps[1].cluster, steps[1].near) == ("kept", 2, 1.0)
    # Without a shared post an equal centroid that another topic goes on from is a merger.
    before, after = told((0, 0, 30))
    twins = lineage(before, after, AXES[[0, 0]], AXES[:1])
    assert [step.kind for step in twins] == ["kept", "merged"]


def test_lists_may_be_empty() -> None:
    none = np.empty((0, 6), dtype=np.float32)
    nobody = np.empty(0, dtype=np.int64)
    assert lineage(nobody, nobody, none, none) == []
    assert lineage(nobody, nobody, none, AXES[:1]) == [Step("born", None, 0, 0.0, 0.0)]
    assert lineage(nobody, nobody, AXES[:1], none) == [Step("died", 0, None, 0.0, 0.0)]


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), max_size=80))
def test_every_topic_has_one_fate_and_cluster_one_origin(
    pairs: list[tuple[int, int]],
) -> None:
    before = np.array([old for old, _ in pairs], dtype=np.int64)
    after = np.array([new for _, new in pairs], dtype=np.int64)
    steps = lineage(before, after, AXES, AXES[::-1].copy(), fixed={2})
    assert [s.topic for s in steps if s.kind not in ("born", "split")] == list(range(6))
    told_of = [s.cluster for s in steps if s.kind not in ("merged", "died")]
    origins = [cluster for cluster in told_of if cluster is not None]
    assert sorted(origins) == list(range(6))
    shuffled = np.random.default_rng(0).permutation(len(before))
    assert lineage(before[shuffled], after[shuffled], AXES, AXES[::-1].copy(), fixed={2}) == steps
