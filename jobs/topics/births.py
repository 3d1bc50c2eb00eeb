"""Which posts may become a topic of their own, and what such a topic is called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import overload

import numpy as np

from jobs.topics.book import Book
from nlp.topics import clusters, nights
from nlp.topics.clusters import Labels, Rows
from nlp.topics.nights import Known, Night, Pool
from nlp.topics.posts import TopicPosts
from nlp.topics.wording.describe import Described, describe
from nlp.topics.wording.words import Phrases
from service.db.queries.topic_fit import Ints, PoolInput, TopicInput


class Texts(Sequence[str]):
    """Texts that are read together when the first of them is: most nights need none."""

    def __init__(self, read: Callable[[], list[str]], count: int) -> None:
        self._read, self._count = cache(read), count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return self._read()[place]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The pool of a night and the ids of its posts."""

    pool: Pool
    post_ids: Ints


@dataclass(frozen=True, slots=True)
class Birth:
    """A topic that is born: its rows among the candidates, centroid, and what it is called.

    `similarity` is the cosine of each row to the centroid; `nearest` the place of the topic whose
    centroid is nearest, at cosine `near`.
    """

    rows: Labels
    centroid: Rows
    similarity: Rows
    nearest: int
    near: float
    told: Described


def candidates(
    pool: PoolInput,
    new: TopicInput,
    rows: Rows,
    found: Night,
    seen: Book,
    moved: Collection[int],
    read: Callable[[Ints], list[str]],
) -> Candidates:
    """Return the posts kept from earlier nights and the new ones, without those people moved.

    Of posts that lie in topics only so many as count as recent are among them.
    """
    free = np.array([post not in moved for post in new.post_ids.tolist()], dtype=np.bool_)
    recent = pool.rank < max(nights.RECENT - int(free.sum()), 0)
    places = seen.places(pool.topics)
    kept = np.flatnonzero(recent | (places < 0))
    ids = np.concatenate([pool.post_ids[kept], new.post_ids[free]])
    joined = Pool(
        rows=np.concatenate([pool.rows[kept], rows[free]]) if len(kept) else rows[free],
        authors=np.concatenate([pool.members[kept], new.members[free]]),
        threads=np.concatenate([pool.threads[kept], new.threads[free]]),
        labels=np.concatenate([places[kept], found.labels[free]]),
        similarity=np.concatenate([pool.similarity[kept], found.similarity[free]]),
        fresh=np.concatenate([recent[kept], np.ones(int(free.sum()), dtype=np.bool_)]),
        texts=Texts(lambda: read(ids), len(ids)),
    )
    return Candidates(joined, ids)


def described(
    given: Candidates,
    groups: Sequence[Labels],
    known: Known,
    said: tuple[list[str], list[str]],
    people: Collection[str],
    taken: Collection[str],
    phrases: Phrases,
) -> list[Birth]:
    """Return the topics that are born of groups of candidates, and what they are called.

    `said` are the texts of the candidates and the titles of their threads, `people` the names of
    members.
    """
    pool, count = given.pool, len(groups)
    labels = np.where(pool.labels >= 0, pool.labels + count, -1)
    similarity = pool.similarity.copy()
    own = np.empty((count, pool.rows.shape[1]), dtype=np.float32)
    for number, group in enumerate(groups):
        labels[group] = number
        zeros = np.zeros(len(group), dtype=np.int64)
        own[number] = clusters.means(pool.rows[group], zeros, 1)[0]
        similarity[group] = pool.rows[group] @ own[number]
    told = describe(
        TopicPosts(said[0], pool.rows, pool.authors, pool.threads, said[1], people),
        pool.rows,
        labels,
        similarity,
        np.concatenate([own, known.centroids]),
        phrases,
        only=range(count),
        taken=taken,
        titles=said[1],
    )
    nearest, near = clusters.nearest(own, known.centroids)
    return [
        Birth(
            group,
            own[number],
            similarity[group],
            int(nearest[number]),
            round(float(near[number]), 4),
            told[number],
        )
        for number, group in enumerate(groups)
    ]
