"""Nights of an archive in memory: the functions of the topics' job step without its database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.topics.step import GROWTH
from nlp.topics import clusters, context, model, nights
from nlp.topics.clusters import Clusters, Labels, Rows
from nlp.topics.lineage import lineage
from nlp.topics.nights import Known, Night, Pool
from nlp.topics.posts import TopicPosts

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Archive:
    """n posts by people in the order of their contents, and their order in time, int64 [n]."""

    posts: TopicPosts
    order: Labels

    def part(self, places: Labels) -> TopicPosts:
        """Return some of the posts, in the order of the archive if `places` are sorted."""
        posts = self.posts
        texts = [posts.texts[place] for place in places.tolist()]
        return TopicPosts(
            texts, posts.vectors[places], posts.authors[places], posts.threads[places]
        )


@dataclass(frozen=True, slots=True)
class Tonight:
    """What a night would do: where its posts go, and the posts of each topic that is born."""

    new: Labels
    rows: Rows
    found: Night
    born: list[Labels]


class Ledger:
    """Topics by their ids and the posts in them, `topics` int64 [n]: -1 outlier pool, -2 unseen.

    `changes` counts what became of topics in refits, by kind.
    """

    def __init__(self, archive: Archive, first: Labels) -> None:
        self.archive = archive
        self.topics = np.full(len(archive.order), -2, dtype=np.int64)
        self.changes: dict[str, int] = {}
        self.ids = np.empty(0, dtype=np.int64)
        self.known = Known(
            np.empty((0, archive.posts.vectors.shape[1]), dtype=np.float32),
            np.empty(0, dtype=np.float32),
            np.empty(0),
        )
        self._rows = np.zeros(archive.posts.vectors.shape, dtype=np.float32)
        self._given = 0
        self.topics[first] = -1
        self.refit(warm=False)

    @property
    def seen(self) -> Flags:
        """Return which posts have come already."""
        return self.topics > -2

    def refit(self, *, warm: bool) -> None:
        """Fit the topics to all that came, and map what is found onto the ledger."""
        seen = np.flatnonzero(self.seen)
        start = self.known.centroids if warm else None
        at = model.placed(self.archive.part(seen), start=start)
        places = np.searchsorted(self.ids, self.topics[seen])
        places[self.topics[seen] < 0] = -1
        ids, heirs = self._mapped(places, at.found)
        labels = nights.stay(at.found, at.rows, heirs[places]) if warm else at.found.labels
        self.topics[seen] = np.where(labels >= 0, ids[labels], -1)
        self._rows[seen] = at.rows
        mass = np.bincount(labels[labels >= 0], minlength=len(ids))
        by_id = np.argsort(ids)
        self.ids = ids[by_id]
        self.known = Known(
            at.found.centroids[by_id], at.found.radii[by_id], mass[by_id].astype(np.float64)
        )
        self._fitted, self._recent = len(seen), np.empty(0, dtype=np.int64)

    def _mapped(self, before: Labels, found: Clusters) -> tuple[Labels, Labels]:
        """Return the id of each cluster, that of the topic that goes on in it or a new one, and
        the cluster of each topic, -1 for none; one more stands for no topic."""
        ids = np.full(len(found.centroids), -1, dtype=np.int64)
        heirs = np.full(len(self.ids) + 1, clusters.OUTLIER)
        for step in lineage(before, found.labels, self.known.centroids, found.centroids):
            self.changes[step.kind] = self.changes.get(step.kind, 0) + 1
            if step.kind in ("kept", "drifted"):
                ids[step.cluster] = self.ids[step.topic]
                heirs[step.topic] = step.cluster
        new = np.flatnonzero(ids < 0)
        ids[new] = self._given + np.arange(len(new))
        self._given += len(new)
        return ids, heirs

    def tonight(self, new: Labels) -> Tonight:
        """Return what a night with these posts does; the ledger stays as it is."""
        new = np.sort(new)
        posts = self.archive.posts
        here = self.seen
        here[new] = True
        around = np.flatnonzero(here & np.isin(posts.threads, posts.threads[new]))
        rows = context.beside(
            posts.vectors[new], posts.threads[new], posts.vectors[around], posts.threads[around]
        )
        found = nights.night(self.known, rows)
        pool, places = self._pool(new, rows, found)
        born = [places[group] for group in nights.births(pool, found.known)]
        return Tonight(new, rows, found, born)

    def _pool(self, new: Labels, rows: Rows, found: Night) -> tuple[Pool, Labels]:
        recent = self._recent[max(0, len(self._recent) - max(nights.RECENT - len(new), 0)) :]
        kept = np.union1d(np.flatnonzero(self.topics == -1), recent)
        places = np.concatenate([kept, new])
        order = np.argsort(places)
        kept_rows = self._rows[kept]
        known, posts = found.known, self.archive.part(places[order])
        labels, similarity = clusters.nearest(kept_rows, known.centroids)
        pool = Pool(
            rows=np.concatenate([kept_rows, rows])[order],
            authors=posts.authors,
            threads=posts.threads,
            labels=np.concatenate([labels, found.labels])[order],
            similarity=np.concatenate([similarity, found.similarity])[order],
            fresh=np.concatenate([np.isin(kept, recent), np.ones(len(new), dtype=np.bool_)])[order],
            texts=posts.texts,
        )
        return pool, places[order]

    def settle(self, night: Tonight) -> None:
        """Write down what a night did; refit where the archive has grown by a fifth since."""
        self._rows[night.new] = night.rows
        labels = night.found.labels
        self.topics[night.new] = np.where(labels >= 0, self.ids[labels], -1)
        self.known = night.found.known
        for group in night.born:
            self._bear(group)
        ranked = np.argsort(self._when()[night.new], kind="stable")
        self._recent = np.concatenate([self._recent, night.new[ranked]])[-nights.RECENT :]
        if int(self.seen.sum()) > (1 + GROWTH) * self._fitted:
            self.refit(warm=True)

    def _bear(self, group: Labels) -> None:
        own = clusters.means(self._rows[group], np.zeros(len(group), dtype=np.int64), 1)
        alike = self._rows[group] @ own[0]
        radius = np.quantile(alike, clusters.OUTLIER_SHARE).astype(np.float32)
        self.known = Known(
            np.concatenate([self.known.centroids, own]),
            np.append(self.known.radii, radius),
            np.append(self.known.mass, float(len(group))),
        )
        self.ids = np.append(self.ids, self._given)
        self.topics[group] = self._given
        self._given += 1

    def _when(self) -> Labels:
        """Return the rank in time of each post."""
        ranks = np.empty(len(self.archive.order), dtype=np.int64)
        ranks[self.archive.order] = np.arange(len(ranks))
        return ranks

    def told(self) -> list[Any]:
        """Return everything that two runs must agree in."""
        known = self.known
        parts = (self.topics, self.ids, known.centroids, known.radii, known.mass)
        return [part.tobytes() for part in parts]
