"""What a night does to known topics: places new posts, nudges centroids, finds what is born."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.topics.clusters import Clusters, Labels, Rows, means, place
from nlp.topics.newborn import groups
from nlp.vectors import unit

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# So many posts, tonight's too, are `fresh` in a pool.
RECENT = 3_000
# A post changes its topic in a refit only for one that is nearer by more than this.
SLACK = 0.03


@dataclass(frozen=True, slots=True)
class Known:
    """k topics as the last night left them, in id order; merged ones too, for their root.

    `centroids` are unit rows float32 [k, d]; a post less like its topic than `radii` [k] goes to
    the outlier pool; `mass` float64 [k] counts the posts behind each centroid.
    """

    centroids: Rows
    radii: Rows
    mass: Floats


@dataclass(frozen=True, slots=True)
class Night:
    """Where n new posts went, and the topics after them.

    `labels` int64 [n] is each post's place in Known, -1 the outlier pool; `similarity` float32 [n]
    is the cosine to the nearest centroid as it was before the night, also for those.
    """

    labels: Labels
    similarity: Rows
    known: Known


@dataclass(frozen=True, slots=True)
class Pool:
    """n candidates for births, in an order that the posts themselves decide.

    `fresh` are the posts among which something new is looked for, wherever they lie now: those of
    this night and of the last ones, some `RECENT` in all. The others are what the outlier pool held
    before: what lies there already is not new. `rows` are posts in the context of their threads,
    `labels` their topics now (places in Known, -1 none), `similarity` the cosines to the nearest
    centroid. `texts` tell copies of one template; they are read only of what may be born.
    """

    rows: Rows
    authors: Labels
    threads: Labels
    labels: Labels
    similarity: Rows
    fresh: Flags
    texts: Sequence[str]


def night(known: Known, rows: Rows) -> Night:
    """Return where new rows go, and known topics moved towards them by their share of the mass."""
    found = place(rows, known.centroids, known.radii)
    placed = found.labels >= 0
    k = len(known.centroids)
    count = np.bincount(found.labels[placed], minlength=k).astype(np.float64)
    new = means(rows[placed], found.labels[placed], k)
    share = (count / np.maximum(known.mass + count, 1))[:, None].astype(np.float32)
    moved = unit((1 - share) * known.centroids + share * new)
    # The rows of topics without a new post stay as they are to the last bit.
    centroids = np.where(count[:, None] > 0, moved, known.centroids)
    return Night(found.labels, found.similarity, Known(centroids, known.radii, known.mass + count))


def births(pool: Pool, known: Known) -> list[Labels]:
    """Return the rows of each group that becomes a topic of its own, largest first."""
    return groups(pool, known)


def stay(found: Clusters, rows: Rows, held: Labels) -> Labels:
    """Return the labels of rows after a refit in which posts rather stay in their topic.

    `held` int64 [n] is the cluster in which each post's topic goes on, -1 for none. A post that
    lies there still, but for a little, is not moved to a cluster that is hardly nearer, nor to the
    outlier pool.
    """
    was = np.flatnonzero(held >= 0)
    own = np.einsum("nd,nd->n", rows[was], found.centroids[held[was]])
    least = np.maximum(found.similarity[was], found.radii[held[was]]) - SLACK
    labels = found.labels.copy()
    labels[was[own >= least]] = held[was[own >= least]]
    return labels
