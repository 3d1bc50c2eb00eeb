"""What became of each topic of the ledger in a fit over the whole archive.

Posts decide, and where hardly any are known to both fits, how alike the centroids are. Ids go from
old topics to new clusters one to one so that as many posts as can be keep theirs (Kuhn 1955, The
Hungarian method).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nlp.topics.clusters import Labels, Rows

Kind = Literal["kept", "drifted", "born", "split", "merged", "died"]
Table = NDArray[np.float64]

# A topic goes on only where at least this part of its posts does, and splits where two have it.
PART = 0.25
MOST = 0.5
# Topics with fewer posts than this in both fits are told by their centroids.
FEW = 5
SAME = 0.8
DRIFTED = 0.85
# What people pinned goes on before all that nobody did.
FIRST = 1e9


@dataclass(frozen=True, slots=True)
class Step:
    """One topic's or cluster's fate, with its evidence.

    `topic` is its place in the old list (None: born of no topic), `cluster` in the new one (None:
    it has none). `share` is the part of the topic's posts that lie in the cluster, of a birth the
    part of the cluster's posts that had no topic, of a death the part that is in the outlier pool.
    `near` is the cosine of the two centroids; where there is but one, to the nearest other.
    """

    kind: Kind
    topic: int | None
    cluster: int | None
    share: float
    near: float


@dataclass(frozen=True, slots=True)
class _Compared:
    """Old topics by new clusters: `shares` of the topics' posts, `near` cosines, sizes `known`."""

    shares: Table
    near: Table
    known: Table
    pooled: Table
    fresh: Table


def lineage(
    before: Labels, after: Labels, old: Rows, new: Rows, *, fixed: Collection[int] = ()
) -> list[Step]:
    """Return the fate of every old topic, in order, then the origin of every cluster that is new.

    `before` and `after` are the labels of the posts that both fits know: places in `old` and `new`
    (unit centroids), -1 the outlier pool. A topic in `fixed` (pinned) neither merges nor dies:
    without a cluster of its own it is kept with `cluster` None.
    """
    compared = _compare(before, after, old, new)
    heirs = _heirs(compared, fixed)
    steps = [_fate(compared, topic, heirs, topic in fixed) for topic in range(len(old))]
    taken = set(heirs.values())
    fresh = [cluster for cluster in range(len(new)) if cluster not in taken]
    return steps + [_origin(compared, cluster, heirs) for cluster in fresh]


def _compare(before: Labels, after: Labels, old: Rows, new: Rows) -> _Compared:
    # One more row and column for the outlier pool.
    table = np.zeros((len(old) + 1, len(new) + 1))
    np.add.at(table, (before, after), 1)
    near = (old @ new.T).astype(np.float64) if len(old) and len(new) else np.zeros(table.shape)
    known = table[:-1].sum(axis=1)
    sizes = np.maximum(known, 1)
    return _Compared(
        shares=table[:-1, :-1] / sizes[:, None],
        near=near[: len(old), : len(new)],
        known=known,
        pooled=table[:-1, -1] / sizes,
        fresh=table[-1, :-1] / np.maximum(table[:, :-1].sum(axis=0), 1),
    )


def _heirs(compared: _Compared, fixed: Collection[int]) -> dict[int, int]:
    """Return the cluster that goes on from each topic that does."""
    from scipy.optimize import linear_sum_assignment

    if not compared.shares.size:
        return {}
    alike = compared.near >= SAME
    may = (compared.shares >= PART) | (alike & (compared.known < FEW)[:, None])
    # Likeness decides only between clusters that have as many of the posts.
    worth = compared.shares * compared.known[:, None] + np.clip(compared.near, 0, 1) / 2
    worth[list(fixed)] += FIRST
    may[list(fixed)] |= alike[list(fixed)]
    pairs = zip(*linear_sum_assignment(np.where(may, worth, 0), maximize=True), strict=True)
    return {int(topic): int(cluster) for topic, cluster in pairs if may[topic, cluster]}


def _fate(compared: _Compared, topic: int, heirs: dict[int, int], fixed: bool) -> Step:
    shares, near = compared.shares[topic], compared.near[topic]
    if topic in heirs:
        cluster = heirs[topic]
        kind: Kind = "kept" if near[cluster] >= DRIFTED else "drifted"
        return Step(kind, topic, cluster, float(shares[cluster]), float(near[cluster]))
    best = max(near.tolist(), default=0.0)
    if fixed:
        return Step("kept", topic, None, 0.0, best)
    few = compared.known[topic] < FEW
    for cluster in sorted(heirs.values(), key=lambda place: (-shares[place], -near[place])):
        if shares[cluster] >= MOST or (few and near[cluster] >= SAME):
            return Step("merged", topic, cluster, float(shares[cluster]), float(near[cluster]))
    return Step("died", topic, None, float(compared.pooled[topic]), best)


def _origin(compared: _Compared, cluster: int, heirs: dict[int, int]) -> Step:
    shares, near = compared.shares[:, cluster], compared.near[:, cluster]
    parents = [topic for topic in heirs if shares[topic] >= PART]
    if parents:
        parent = max(parents, key=lambda topic: (shares[topic], near[topic], -topic))
        return Step("split", parent, cluster, float(shares[parent]), float(near[parent]))
    best = max(near.tolist(), default=0.0)
    return Step("born", None, cluster, float(compared.fresh[cluster]), best)
