"""Subjects that were not there before: groups of fresh posts closer to each other than to topics.

Posts of one thread are alike whatever they are about, so that posts count as close only across
threads: the mean cosine of pairs from two threads is the square of how near posts would be to the
centre of a subject with many threads, and that is compared with how near they are to known topics.
A subject that people begin to talk about comes up in several threads, is carried by several
people, and has left little in the outlier pool before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.topics.clusters import Labels, Rows, nearest
from nlp.topics.copies import first_of_each
from nlp.vectors import unit

if TYPE_CHECKING:
    from nlp.topics.nights import Known, Pool

LEAST_POSTS = 15
# So many of them must be a centre's own beyond doubt.
CORE = 10
LEAST_AUTHORS = 5
LEAST_THREADS = 3
# A centre is a thread's and those of so many like it; more rounds lead to what the posts say.
NEAR_THREADS = 4
ROUNDS = 4
# By how much a post must be nearer to a new centre than to its topic to be its own, in parts of
# what lies between a topic's edge and its centre; how much a birth must weigh; and the powers to
# which its weight falls with its posts and rises with its distance from known topics: where talk
# about those goes on, many gather by chance, and near to them. All were found with subjects
# withheld from an archive (`evaluate topic-identity`, seeds from 100).
NEARER = 0.06
LEAST_WEIGHT = 0.194
MANY = 0.1
AWAY = 0.25
# Whatever holds a digit, an address or a link differs from copy to copy.
SLOT = re.compile(r"\S*(?:[\d@]|://)\S*")


Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Posts:
    """Fresh posts by thread, their places in the pool, and the posts that lay in the pool before.

    `edge` is the median cosine to their centroid of the posts at the edges of known topics.
    """

    places: Labels
    rows: Rows
    threads: Labels
    authors: Labels
    near: Rows
    old: Rows
    old_near: Rows
    centroids: Rows
    edge: float

    def gathered(self, centre: Rows, near: Rows) -> tuple[Labels, float]:
        """Return which fresh posts are the centre's own, and how much speaks for them."""
        own = np.flatnonzero(self.rows @ centre > _bars(near, self.edge))
        if len(own) < CORE:
            return own, 0.0
        before = int((self.old @ centre > _bars(self.old_near, self.edge)).sum())
        return own, self.weight(own, near[own], before)

    def reached(self, centre: Rows, near: Rows) -> Labels:
        """Return which fresh posts go to a topic with that centre, those at its edge too."""
        least = np.float32(self.edge - NEARER * (1 - self.edge))
        return np.flatnonzero(self.rows @ centre > np.maximum(near, least))

    def weight(self, own: Labels, near: Rows, before: int) -> float:
        """Return how much speaks for a group: 0 for few authors or threads, or if most is old.

        Nearness gained, in parts of what lies between a topic's edge and its centre, times the
        share of the posts outside the busiest thread, times the logarithm of the number of
        authors, times the share of fresh posts among all that lie there, over a small power of the
        number of posts, times one of 1 - the cosine of their mean to the nearest topic.
        """
        authors, threads = len(np.unique(self.authors[own])), self.threads[own]
        starts = np.flatnonzero(np.r_[True, threads[1:] != threads[:-1]])
        posts = np.diff(np.r_[starts, len(own)])
        few = authors < LEAST_AUTHORS or len(posts) < LEAST_THREADS
        if few or before > len(own):
            return 0.0
        each = np.repeat(1 / np.sqrt(posts), posts)
        sums = np.add.reduceat(self.rows[own] * each[:, None], starts, axis=0)
        gain = _nearness(sums, np.sqrt(posts)) - np.average(near, weights=each)
        spread, news = 1 - posts.max() / len(own), len(own) / (len(own) + before)
        mean = unit(self.rows[own].mean(axis=0, keepdims=True))[0]
        away = max(1 - float((self.centroids @ mean).max()), 0.0)
        told = np.log(authors) / len(own) ** MANY * away**AWAY
        return float(gain / (1 - self.edge) * spread * news * told)


def groups(pool: Pool, known: Known) -> list[Labels]:
    """Return the rows of each group of fresh posts that becomes a topic, largest first."""
    if int(pool.fresh.sum()) < LEAST_POSTS or not len(known.centroids):
        return []
    posts = _posts(pool, known)
    born: list[Labels] = []
    near = posts.near.copy()
    for centre in _candidates(posts):
        if posts.gathered(centre, near)[1] < LEAST_WEIGHT:
            continue
        own = posts.reached(centre, near)
        places = np.sort(posts.places[own])
        if _said(pool, places):
            born.append(places)
            mean = unit(posts.rows[own].mean(axis=0, keepdims=True))[0]
            near = np.maximum(near, posts.rows @ mean)
            # What is born is out of reach of the others.
            near[own] = 1
    return sorted(born, key=lambda places: (-len(places), int(places[0])))


def _posts(pool: Pool, known: Known) -> _Posts:
    # Nearness is looked up anew: a topic may have been born since a post was placed.
    near = nearest(pool.rows, known.centroids)[1]
    fresh = np.flatnonzero(pool.fresh & pool.rows.any(axis=1))
    # Threads in the order of their first posts: their numbers depend on who came first, and sums on
    # their order in the last bit.
    _, first, thread = np.unique(pool.threads[fresh], return_index=True, return_inverse=True)
    threads = np.argsort(np.argsort(first))[thread]
    order = np.argsort(threads, kind="stable")
    fresh, threads = fresh[order], threads[order]
    return _Posts(
        places=fresh,
        rows=pool.rows[fresh],
        threads=threads,
        authors=pool.authors[fresh],
        near=near[fresh],
        old=pool.rows[~pool.fresh],
        old_near=near[~pool.fresh],
        centroids=known.centroids,
        edge=float(np.median(known.radii)),
    )


def _bars(near: Rows, edge: float) -> Rows:
    """Return how near a post must be to a new centre to be its own, float32 [n]."""
    bars: Rows = np.maximum(near + np.float32(NEARER * (1 - edge)), np.float32(edge))
    return bars


def _nearness(sums: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return how near posts are to the centre of their subject, by pairs of different threads.

    `sums` are the weighted sums of the rows of each thread, `weights` the sums of the weights.
    """
    total = sums.sum(axis=0)
    pairs = float(total @ total - (sums * sums).sum())
    return float(np.sqrt(max(pairs / (weights.sum() ** 2 - (weights**2).sum()), 0.0)))


def _candidates(posts: _Posts) -> list[Rows]:
    """Return the centres of the groups that weigh enough by themselves, the weightiest first."""
    centres = _centres(posts)
    own = posts.rows @ centres.T > _bars(posts.near, posts.edge)[:, None]
    old = posts.old @ centres.T > _bars(posts.old_near, posts.edge)[:, None]
    found: list[tuple[float, list[int], int]] = []
    for number in _distinct(own):
        group = np.flatnonzero(own[:, number])
        if len(group) >= CORE:
            weight = posts.weight(group, posts.near[group], int(old[:, number].sum()))
            found.append((-weight, group.tolist(), number))
    return [centres[number] for weight, _, number in sorted(found) if weight <= -LEAST_WEIGHT]


def _centres(posts: _Posts) -> Rows:
    """Return where fresh posts gather, unit rows: from each thread on, towards what it gains."""
    from scipy.sparse import csr_matrix

    rows, count = posts.rows, int(posts.threads.max()) + 1
    ones = np.ones(len(rows), dtype=np.float32)
    member = csr_matrix((ones, (posts.threads, np.arange(len(rows)))), (count, len(rows)))
    threads = unit(np.asarray(member @ rows))
    few = min(NEAR_THREADS, count - 1)
    near = np.sort(np.argpartition(-(threads @ threads.T), few, axis=1)[:, : few + 1], axis=1)
    centres = unit(threads[near].mean(axis=1))
    bars = _bars(posts.near, posts.edge)[:, None]
    for _ in range(ROUNDS):
        own = rows @ centres.T > bars
        own = own[:, own.sum(axis=0) >= LEAST_POSTS // 2]
        # Centres that met go on as one.
        own = own[:, _distinct(own)].astype(np.float32)
        # A thread counts by the root of its posts, or the busiest would be the centre.
        weight = own / np.sqrt(np.maximum(member @ own, 1))[posts.threads]
        centres = unit(weight.T @ rows)
    return centres


def _distinct(columns: Flags) -> list[int]:
    """Return the first of each kind of column."""
    packed = np.packbits(columns, axis=0).T
    first = {column.tobytes(): number for number, column in reversed([*enumerate(packed)])}
    return sorted(first.values())


def _said(pool: Pool, places: Labels) -> bool:
    """Return whether the group is enough posts by enough people without copies of a template."""
    told = [" ".join(SLOT.sub(" ", pool.texts[place].lower()).split()) for place in places.tolist()]
    said = places[first_of_each(told)]
    authors = len(np.unique(pool.authors[said]))
    return len(said) >= LEAST_POSTS and authors >= LEAST_AUTHORS
