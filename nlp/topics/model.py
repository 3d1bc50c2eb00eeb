"""The topic model: posts with vectors in, named topics and each post's topic out.

Posts are read in the context of their thread, clustered without chance, and named from words that
several people use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nlp.errors import TooFewPosts
from nlp.topics import clusters
from nlp.topics.clusters import OUTLIER, Clusters, Labels, Rows
from nlp.topics.context import beside, in_context
from nlp.topics.copies import first_of_each
from nlp.topics.frame import topic_words
from nlp.topics.parts import DiffusionClusters, Parts
from nlp.topics.posts import TopicPosts
from nlp.topics.wording import describe
from nlp.topics.wording.describe import Described
from nlp.topics.wording.words import WORDS, Phrases

__all__ = [
    "FoundTopic",
    "Placed",
    "TopicModel",
    "TopicPosts",
    "beside",
    "fit",
    "in_context",
    "placed",
]

VERSION = "topics-3"
FEWEST_POSTS = 50
TOPIC_POSTS = 15
TOPIC_AUTHORS = 5


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic: its name, its words, where it lies and the rows of its representative posts.

    `origin` is the row in the centroids that the fit went on from, None for a topic that is new.
    """

    label: str
    words: list[str]
    centroid: Rows
    radius: float
    representatives: list[int]
    posts: int
    authors: int
    phrases: list[str]
    description: str
    origin: int | None = None


@dataclass(frozen=True, slots=True)
class TopicModel:
    """Topics, and for each post the number of its topic (-1: outlier pool) and its cosine."""

    topics: list[FoundTopic]
    labels: Labels
    similarity: Rows


@dataclass(frozen=True, slots=True)
class Placed:
    """Posts in the context of their threads, unit rows [n, d], their clusters, and the row of
    `start` that each cluster goes on from (-1 for none), int64 [k]."""

    rows: Rows
    found: Clusters
    origins: Labels


def fit(
    posts: TopicPosts,
    phrases: Phrases,
    *,
    k: int | None = None,
    start: Rows | None = None,
    parts: Parts | None = None,
) -> TopicModel:
    """Return the topics of posts; raise TooFewPosts below fifty texts or without a shared subject.

    `phrases` encodes words with the encoder that made the vectors. `start` are centroids of an
    earlier fit to go on from; `k` fixes the number of clusters that are tried. Where `parts` says
    how words are counted or weighed, the topics' words are its ten best.
    """
    at = placed(posts, k=k, start=start, parts=parts)
    found = at.found
    described = describe.describe(
        posts,
        at.rows,
        found.labels,
        found.similarity,
        found.centroids,
        phrases,
        titles=posts.titles,
    )
    own = _own_words(posts, at, parts, phrases)
    topics = [
        _topic(posts, at, number, told, told.words if own is None else own.get(number, []))
        for number, told in sorted(described.items())
    ]
    return TopicModel(topics, found.labels, found.similarity)


def _topic(
    posts: TopicPosts, at: Placed, number: int, told: Described, words: list[str]
) -> FoundTopic:
    inside, origin = at.found.labels == number, int(at.origins[number])
    return FoundTopic(
        label=told.label,
        words=words,
        centroid=at.found.centroids[number],
        radius=float(at.found.radii[number]),
        representatives=told.representatives,
        posts=int(inside.sum()),
        authors=len(np.unique(posts.authors[inside])),
        phrases=told.phrases,
        description=told.description,
        origin=origin if origin >= 0 else None,
    )


def placed(
    posts: TopicPosts,
    *,
    k: int | None = None,
    start: Rows | None = None,
    parts: Parts | None = None,
) -> Placed:
    """Return the clusters that are topics, without describing them; raises as `fit` does.

    Copies of a text, and of a template that differs in numbers, links and names, pull no centroid
    and carry no topic, but are placed.
    """
    if len(posts.texts) < FEWEST_POSTS:
        raise TooFewPosts(f"{len(posts.texts)} posts are too few for topics: {FEWEST_POSTS} needed")
    rows = in_context(posts.vectors, posts.threads)
    once = first_of_each(posts.texts)
    once = once[rows[once].any(axis=1)]
    if len(once) < FEWEST_POSTS:
        raise TooFewPosts(f"{len(once)} texts are too few for topics: {FEWEST_POSTS} needed")
    if parts is not None and parts.clusters is not None:
        found, begun = _by_part(rows, once, parts.clusters), False
    else:
        told = DiffusionClusters(k, start, _said(posts, once)).fit(rows[once]).found_
        found, begun = clusters.place(rows, told.centroids, told.radii), start is not None
    count = len(found.centroids)
    origins = np.arange(count) if begun else np.full(count, OUTLIER)
    return _supported(Placed(rows, found, origins), posts.authors, once)


def _said(posts: TopicPosts, rows: Labels) -> list[str]:
    """Return the texts of rows, after the titles of their threads."""
    if posts.titles is None:
        return [posts.texts[row] for row in rows.tolist()]
    return [f"{posts.titles[row]} {posts.texts[row]}" for row in rows.tolist()]


def _by_part(rows: Rows, once: Labels, part: Any) -> Clusters:
    """Return the clusters that a part finds; a row that it left out is in the outlier pool."""
    given = np.asarray(part.fit(rows[once]).labels_)
    names, codes = np.unique(given[given >= 0], return_inverse=True)
    if not len(names):
        raise TooFewPosts("the clustering that was passed in left every post out")
    centroids = clusters.means(rows[once[given >= 0]], codes, len(names))
    radii = clusters.cut(rows[once], centroids).radii
    found = clusters.place(rows, centroids, radii)
    labels = found.labels.copy()
    labels[once] = OUTLIER
    labels[once[given >= 0]] = codes
    return Clusters(centroids, radii, labels, found.similarity)


def _supported(at: Placed, authors: Labels, once: Labels) -> Placed:
    """Return the clusters without those that too few texts or authors carry."""
    found, origins = at.found, at.origins
    least_posts = min(TOPIC_POSTS, max(5, len(at.rows) // 40))
    least_authors = min(TOPIC_AUTHORS, max(2, len(np.unique(authors)) // 20))
    while True:
        of, who = found.labels[once], authors[once]
        keep = [
            label
            for label in range(len(found.centroids))
            if (of == label).sum() >= least_posts
            and len(np.unique(who[of == label])) >= least_authors
        ]
        if not keep:
            raise TooFewPosts("no subject is shared by enough posts and people to be a topic yet")
        if len(keep) == len(found.centroids):
            return Placed(at.rows, found, origins)
        found = clusters.place(at.rows, found.centroids[keep], found.radii[keep])
        origins = origins[keep]


def _own_words(
    posts: TopicPosts, at: Placed, parts: Parts | None, phrases: Phrases
) -> dict[int, list[str]] | None:
    """Return the words that a user's parts find, or None where no part decides about words."""
    if parts is None or not parts.own_words():
        return None
    weighed = topic_words(posts.texts, at.rows, at.found.labels, parts, phrases)
    return {number: [word for word, _ in ranked[:WORDS]] for number, ranked in weighed.items()}
