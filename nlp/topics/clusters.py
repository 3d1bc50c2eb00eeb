"""Deterministic clustering of unit vectors: Ward on a sample's walk, then spherical k-means.

The rows' order matters to no result as long as the caller gives them in an order that the posts
themselves decide, such as that of their content hashes: everything here is then the same to the
last bit. Ward on diffusion coordinates is measured to find gold classes better than Ward on
vectors averaged with their neighbours, that better than Ward or k-means on the vectors alone, and
UMAP and HDBSCAN are not needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.topics.diffusion import coordinates
from nlp.topics.lexical import joined, lexical
from nlp.vectors import unit

Rows = NDArray[np.float32]
Labels = NDArray[np.int64]

OUTLIER = -1
# Rows that structure is looked for in, and how many there are for each cluster that is wanted.
SAMPLE = 4_000
EACH = 30
NEIGHBOURS = 10
# Centroids that begin well are settled after a few rounds; more lead back to what k-means finds.
ROUNDS = 2
WALKED_ROUNDS = 30
# Coordinates for each cluster that is wanted.
AXES = 1.5
BLOCK = 8_192
# Posts less like their topic than this share of its posts are left in the outlier pool.
OUTLIER_SHARE = 0.05
MOST_CLUSTERS = 250
STEPS = 16
LEAST_GAIN = 0.01


@dataclass(frozen=True, slots=True)
class Clusters:
    """k clusters: unit centroids [k, d], the least similarity of each [k], and each row's label.

    `labels` int64 [n] is -1 for rows in the outlier pool; `similarity` float32 [n] is the cosine
    to the nearest centroid, also for those.
    """

    centroids: Rows
    radii: Rows
    labels: Labels
    similarity: Rows


def smooth(rows: Rows, neighbours: int = NEIGHBOURS) -> Rows:
    """Return each unit row averaged with its nearest rows, unit again, float32 [n, d]."""
    neighbours = min(neighbours, len(rows) - 1)
    if neighbours < 1:
        return rows
    smoothed = np.empty_like(rows)
    for start in range(0, len(rows), BLOCK // 4):
        block = rows[start : start + BLOCK // 4]
        nearest = np.argpartition(-(block @ rows.T), neighbours, axis=1)[:, : neighbours + 1]
        # Sums depend on their order in the last bit, and a partition's order is not defined.
        smoothed[start : start + len(block)] = rows[np.sort(nearest, axis=1)].mean(axis=1)
    return unit(smoothed)


def nearest(rows: Rows, centroids: Rows) -> tuple[Labels, Rows]:
    """Return the nearest centroid of each row, int64 [n], and the cosine to it, float32 [n]."""
    labels = np.empty(len(rows), dtype=np.int64)
    similarity = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), BLOCK):
        scores = rows[start : start + BLOCK] @ centroids.T
        best = scores.argmax(axis=1)
        labels[start : start + BLOCK] = best
        similarity[start : start + BLOCK] = scores[np.arange(len(best)), best]
    return labels, similarity


def means(rows: Rows, labels: Labels, k: int) -> Rows:
    """Return the unit mean of the rows of each label, float32 [k, d]; no rows, a zero row."""
    from scipy.sparse import csr_matrix

    member = csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (labels, np.arange(len(rows)))), (k, len(rows))
    )
    return unit(np.asarray(member @ rows, dtype=np.float32))


def partition(rows: Rows, k: int | None = None, texts: Sequence[str] | None = None) -> Labels:
    """Return each row's cluster, int64 [n], none left out; k None lets the data choose how many.

    With their texts, rows are also like each other by their words.
    """
    if texts is not None:
        k = k or number(rows)
        rows = joined(rows, lexical(texts, k))
    return nearest(rows, refine(rows, seeds(rows, k)))[0]


def seeds(rows: Rows, k: int | None, texts: Sequence[str] | None = None) -> Rows:
    """Return starting centroids from Ward on a sample; k None lets the data choose.

    With texts, words help to tell which rows of the sample belong together; centroids are places
    among the rows all the same, by which more rows can be placed without their texts.
    """
    k = min(k or number(rows), len(rows))
    chosen = sampled(len(rows), EACH * k)
    sample = rows[chosen]
    told = sample
    if texts is not None:
        told = joined(sample, lexical([texts[row] for row in chosen.tolist()], k))
    labels = _walked(told, k)
    return means(sample, labels, int(labels.max()) + 1)


def number(rows: Rows) -> int:
    """Return how many clusters the rows themselves ask for."""
    smoothed = smooth(rows[sampled(len(rows))])
    return choose_k(smoothed, _ward(smoothed), len(rows))


def sampled(n: int, least: int = 0) -> Labels:
    """Return the rows that structure is looked for in, evenly from n, about `least` or more."""
    return np.arange(0, n, max(1, -(-n // max(SAMPLE, least))))


def _ward(rows: Rows) -> NDArray[np.float64]:
    """Return Ward's tree of rows, from distances by one product of matrices."""
    from scipy.cluster.hierarchy import linkage

    n = len(rows)
    squares = np.einsum("nd,nd->n", rows, rows)
    likeness = rows @ rows.T
    apart = np.empty(n * (n - 1) // 2, dtype=np.float64)
    place = 0
    for row in range(n - 1):
        to = squares[row] + squares[row + 1 :] - 2 * likeness[row, row + 1 :]
        apart[place : place + len(to)] = np.sqrt(np.maximum(to, 0))
        place += len(to)
    tree: NDArray[np.float64] = linkage(apart, method="ward")
    return tree


def _walked(sample: Rows, k: int) -> Labels:
    """Return k clusters of rows by their diffusion coordinates."""
    from scipy.cluster.hierarchy import fcluster

    places = coordinates(sample, round(AXES * k))
    labels = fcluster(_ward(places), k, criterion="maxclust").astype(np.int64) - 1
    begun = means(places, labels, int(labels.max()) + 1)
    return nearest(places, refine(places, begun, WALKED_ROUNDS))[0]


def choose_k(sample: Rows, tree: NDArray[np.float64], n: int) -> int:
    """Return the number of clusters at the knee of the simplified silhouette over the sample.

    The silhouette of texts keeps rising with the number of clusters: where it bends furthest from
    a straight line over log k, more clusters have stopped to pay (Satopaa 2011). Where it does not
    bend, the data do not say, and the middle of the range is taken.
    """
    from scipy.cluster.hierarchy import fcluster

    tried = candidates(n)
    scores = []
    for k in tried:
        labels = fcluster(tree, k, criterion="maxclust").astype(np.int64) - 1
        scores.append(silhouette(sample, means(sample, labels, int(labels.max()) + 1), labels))
    return knee(tried, scores)


def knee(tried: Sequence[int], scores: Sequence[float]) -> int:
    """Return the k whose score lies furthest above the line from first to last over log k."""
    place, score = np.log(tried), np.array(scores)
    share = (place - place[0]) / (place[-1] - place[0])
    gain = score - (score[0] + (score[-1] - score[0]) * share)
    if gain.max() < LEAST_GAIN:
        return tried[int(np.abs(share - 0.5).argmin())]
    return tried[int(gain.argmax())]


def candidates(n: int) -> list[int]:
    """Return the numbers of clusters to try for n rows: sqrt(n)/6 to sqrt(n), at most 250."""
    low, high = max(2.0, n**0.5 / 6), max(4.0, min(n**0.5, MOST_CLUSTERS))
    return sorted({round(low * (high / low) ** (step / STEPS)) for step in range(STEPS + 1)})


def silhouette(rows: Rows, centroids: Rows, labels: Labels) -> float:
    """Return the simplified silhouette, -1 to 1 (Hruschka 2004): distances to centroids only."""
    distances = 1 - rows @ centroids.T
    own = distances[np.arange(len(rows)), labels]
    distances[np.arange(len(rows)), labels] = np.inf
    other = distances.min(axis=1)
    return float(np.mean((other - own) / np.maximum(np.maximum(own, other), 1e-9)))


def refine(rows: Rows, centroids: Rows, rounds: int = ROUNDS) -> Rows:
    """Return centroids after spherical k-means from these; an empty cluster keeps its centroid."""
    for _ in range(rounds):
        labels, _ = nearest(rows, centroids)
        moved = means(rows, labels, len(centroids))
        moved = np.where(moved.any(axis=1, keepdims=True), moved, centroids)
        if np.allclose(moved, centroids, atol=1e-4):
            return moved
        centroids = moved
    return centroids


def cut(rows: Rows, centroids: Rows, share: float = OUTLIER_SHARE) -> Clusters:
    """Return clusters whose least typical rows, `share` of each, are left in the outlier pool."""
    labels, similarity = nearest(rows, centroids)
    radii = np.ones(len(centroids), dtype=np.float32)
    for label in range(len(centroids)):
        inside = similarity[labels == label]
        if len(inside):
            radii[label] = np.quantile(inside, share)
    return place(rows, centroids, radii)


def place(rows: Rows, centroids: Rows, radii: Rows) -> Clusters:
    """Return the clusters of rows, new ones too, by centroids and radii that stay as they are."""
    labels, similarity = nearest(rows, centroids)
    outside = (similarity < radii[labels]) | ~rows.any(axis=1)
    return Clusters(centroids, radii, np.where(outside, OUTLIER, labels), similarity)
