"""Areas: the few broad subjects that topics lie in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.topics.clusters import Labels, Rows
from nlp.topics.wording.labels import AND, headed, numbered, stems
from nlp.vectors import unit

# Fewer topics need no areas.
FEWEST_TOPICS = 6
NONE = -1
# So many words name an area, and of each topic so many count.
LABEL_WORDS = 3
WORDS = 6
# How much a word that several topics of an area have is preferred.
SHARED = 0.5
ROUNDS = 10


def areas(centroids: Rows, mass: NDArray[np.float64], *, before: Labels | None = None) -> Labels:
    """Return the area of each topic, int64 [k]; -1 is a topic without an area.

    `mass` are the posts behind each topic. There are about as many areas as the square root of the
    number of topics. A topic whose `before` is not -1 keeps that area, and the others join the
    area that is nearest by its topics; where none has one, areas are found anew.
    """
    known: NDArray[np.bool_] = np.asarray(centroids.any(axis=1))
    found = np.full(len(centroids), NONE, dtype=np.int64)
    if before is not None and (before >= 0).any():
        found[:] = before
        return _joined(_apart(centroids, mass), mass, found, known)
    if int(known.sum()) < FEWEST_TOPICS:
        return found
    found[known] = _fresh(_apart(centroids, mass)[known], mass[known])
    return found


def _apart(centroids: Rows, mass: NDArray[np.float64]) -> Rows:
    """Return centroids less what all share, unit rows: a community's topics are all alike."""
    weights = np.sqrt(np.maximum(mass, 0) + 1).astype(np.float32)
    shared = (weights[:, None] * centroids).sum(axis=0) / weights.sum()
    return unit(centroids - shared)


def _fresh(rows: Rows, mass: NDArray[np.float64]) -> Labels:
    """Return areas by Ward's method, settled by weighted rounds of k-means, largest first."""
    from scipy.cluster.hierarchy import fcluster, linkage

    count = max(2, round(len(rows) ** 0.5))
    tree = linkage(rows.astype(np.float64), method="ward")
    labels = fcluster(tree, count, criterion="maxclust").astype(np.int64) - 1
    for _ in range(ROUNDS):
        moved = (rows @ _centres(rows, mass, labels).T).argmax(axis=1).astype(np.int64)
        if (moved == labels).all():
            break
        labels = moved
    weights = np.bincount(labels, mass + 1)
    names = sorted(np.unique(labels).tolist(), key=lambda name: (-weights[name], name))
    place = {name: number for number, name in enumerate(names)}
    return np.array([place[label] for label in labels.tolist()], dtype=np.int64)


def _joined(
    rows: Rows, mass: NDArray[np.float64], before: Labels, known: NDArray[np.bool_]
) -> Labels:
    held = before >= 0
    names = np.unique(before[held])
    centres = _centres(rows[held], mass[held], np.searchsorted(names, before[held]))
    new = ~held & known
    before[new] = names[(rows[new] @ centres.T).argmax(axis=1)]
    return before


def _centres(rows: Rows, mass: NDArray[np.float64], labels: Labels) -> Rows:
    weights = np.sqrt(np.maximum(mass, 0) + 1).astype(np.float32)
    centres = np.zeros((int(labels.max()) + 1, rows.shape[1]), dtype=np.float32)
    np.add.at(centres, labels, weights[:, None] * rows)
    return unit(centres)


def label(
    topics: Sequence[Sequence[str]],
    mass: Sequence[float],
    taken: Collection[str] = (),
    others: Sequence[Sequence[str]] = (),
) -> str:
    """Return what to call an area: up to three words or phrases of its topics.

    `topics` are the words of each of its topics, best first, and `mass` their posts: a word counts
    by its rank, by the root of the posts and by how many of the topics have it. `others` are the
    words of topics elsewhere: what they say too says less.
    """
    elsewhere: dict[frozenset[str], int] = {}
    for words in others:
        for said in {stems(word) for word in words[:WORDS]}:
            elsewhere[said] = elsewhere.get(said, 0) + 1
    worth: dict[str, float] = {}
    spelt: dict[frozenset[str], str] = {}
    held: dict[str, int] = {}
    for words, posts in zip(topics, mass, strict=True):
        for rank, word in enumerate(words[:WORDS]):
            said = stems(word)
            name = spelt.setdefault(said, word)
            gain = max(posts, 0.0) ** 0.5 / (1 + rank) / (1 + elsewhere.get(said, 0))
            worth[name] = worth.get(name, 0.0) + gain
            held[name] = held.get(name, 0) + 1
    worth = {name: gain * held[name] ** SHARED for name, gain in worth.items()}
    chosen: list[str] = []
    for name in sorted(worth, key=lambda one: (-worth[one], one)):
        if not any(stems(name) & stems(other) for other in chosen):
            chosen.append(name)
        if len(chosen) == LABEL_WORDS:
            break
    if not chosen:
        return numbered("Unnamed", {name.casefold() for name in taken})
    line = AND.join(filter(None, [", ".join(chosen[:-1]), chosen[-1]]))
    return numbered(headed(line), {name.casefold() for name in taken})
