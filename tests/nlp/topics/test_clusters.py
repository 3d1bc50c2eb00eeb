"""Clusters without chance: planted groups are found, in any order, and stay found."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.topics import clusters
from nlp.topics.clusters import OUTLIER
from nlp.vectors import unit


def planted(groups: int = 6, each: int = 60, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    centers = unit(chance.standard_normal((groups, 48)).astype(np.float32))
    truth = np.repeat(np.arange(groups), each)
    noise = 0.06 * chance.standard_normal((groups * each, 48)).astype(np.float32)
    return unit(centers[truth] + noise), truth


def fit(rows: np.ndarray, k: int | None = None) -> clusters.Clusters:
    return clusters.cut(rows, clusters.refine(rows, clusters.seeds(rows, k)))


def test_planted_groups_are_found() -> None:
    rows, truth = planted()
    found = fit(rows, 6)
    for group in range(6):
        inside = found.labels[truth == group]
        assert len(set(inside[inside != OUTLIER].tolist())) == 1
    assert len({*found.labels.tolist()} - {OUTLIER}) == 6


def test_a_partition_leaves_no_row_out() -> None:
    rows, truth = planted()
    found = clusters.partition(rows, 6)
    assert found.min() == 0
    assert len({*zip(found.tolist(), truth.tolist(), strict=True)}) == 6
    np.testing.assert_array_equal(clusters.partition(rows), found)


def test_more_clusters_than_rows_are_as_many_as_rows() -> None:
    assert clusters.seeds(np.eye(4, dtype=np.float32), 9).shape == (4, 4)


def test_the_number_of_groups_is_found_from_the_data() -> None:
    rows, _ = planted(groups=8, each=50)
    assert len(fit(rows).centroids) == 8


def test_the_outlier_pool_is_the_least_typical_share() -> None:
    rows, _ = planted()
    found = fit(rows, 6)
    assert 0.03 < (found.labels == OUTLIER).mean() < 0.07
    placed = found.similarity[found.labels != OUTLIER]
    assert placed.mean() > found.similarity[found.labels == OUTLIER].mean()


def test_zero_rows_are_outliers() -> None:
    rows, _ = planted()
    rows = np.concatenate([rows, np.zeros((3, 48), np.float32)])
    assert fit(rows, 6).labels[-3:].tolist() == [OUTLIER] * 3


def test_twice_is_the_same_to_the_last_bit() -> None:
    rows, _ = planted()
    first, second = fit(rows), fit(rows.copy())
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.centroids, second.centroids)


def test_smoothing_brings_a_group_together() -> None:
    rows, truth = planted()
    before = (rows @ rows.T)[truth[:, None] == truth[None, :]].mean()
    smoothed = clusters.smooth(rows)
    after = (smoothed @ smoothed.T)[truth[:, None] == truth[None, :]].mean()
    assert after > before
    np.testing.assert_allclose(np.linalg.norm(smoothed, axis=1), 1, atol=1e-5)


def test_smoothing_a_single_row_leaves_it() -> None:
    row = np.eye(1, 4, dtype=np.float32)
    np.testing.assert_array_equal(clusters.smooth(row), row)


def test_means_of_labels_without_rows_are_zero() -> None:
    rows = np.array([[1, 0], [0, 1]], dtype=np.float32)
    found = clusters.means(rows, np.array([2, 2]), 3)
    np.testing.assert_allclose(found, [[0, 0], [0, 0], [0.70711, 0.70711]], atol=1e-5)


def test_an_empty_cluster_keeps_its_centroid() -> None:
    rows = np.array([[1, 0], [0.9, 0.1]], dtype=np.float32)
    start = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    assert clusters.refine(unit(rows), start)[1].tolist() == [-1, 0]


def test_silhouette_of_rows_at_their_centroids_is_one() -> None:
    rows = np.eye(3, dtype=np.float32)
    assert clusters.silhouette(rows, rows, np.arange(3)) == pytest.approx(1)


def test_new_rows_are_placed_by_centroids_that_stay() -> None:
    centroids = np.eye(2, dtype=np.float32)
    radii = np.array([0.9, 0.9], dtype=np.float32)
    rows = unit(np.array([[1, 0.1], [0.1, 1], [1, 1]], dtype=np.float32))
    assert clusters.place(rows, centroids, radii).labels.tolist() == [0, 1, OUTLIER]
