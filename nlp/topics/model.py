"""The topic model: posts with vectors in, named topics and each post's topic out.

Posts are read in the context of their thread ("yes, that works" is about what its thread is
about), clustered without chance, and named from words that several people use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp.errors import TooFewPosts
from nlp.topics import clusters, words
from nlp.topics.clusters import Clusters, Labels, Rows
from nlp.topics.frame import topic_words
from nlp.topics.words import Phrases
from nlp.vectors import unit

VERSION = "topics-1"
FEWEST_POSTS = 50
TOPIC_POSTS = 15
TOPIC_AUTHORS = 5
THREAD_WEIGHT = 0.5
REPRESENTATIVES = 3
SURFACE_TEXTS = 300
QUOTE_CHARS = (40, 600)


@dataclass(frozen=True, slots=True)
class TopicPosts:
    """n posts in an order of their own, such as by content hash: texts, vectors, who and where."""

    texts: Sequence[str]
    vectors: Rows
    authors: Labels
    threads: Labels


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic: its name, its words, where it lies and the rows of its representative posts."""

    label: str
    words: list[str]
    centroid: Rows
    radius: float
    representatives: list[int]
    posts: int
    authors: int


@dataclass(frozen=True, slots=True)
class TopicModel:
    """Topics, and for each post the number of its topic (-1: outlier pool) and its cosine."""

    topics: list[FoundTopic]
    labels: Labels
    similarity: Rows


def fit(
    posts: TopicPosts, phrases: Phrases, *, k: int | None = None, start: Rows | None = None
) -> TopicModel:
    """Return the topics of posts; raise TooFewPosts below fifty texts or without a shared subject.

    `phrases` encodes words with the encoder that made the vectors. `start` are centroids of an
    earlier fit to go on from; `k` fixes the number of clusters that are tried.
    """
    if len(posts.texts) < FEWEST_POSTS:
        raise TooFewPosts(f"{len(posts.texts)} posts are too few for topics: {FEWEST_POSTS} needed")
    rows = in_context(posts.vectors, posts.threads)
    distinct = _distinct(posts.texts, rows)
    if len(distinct) < FEWEST_POSTS:
        raise TooFewPosts(f"{len(distinct)} texts are too few for topics: {FEWEST_POSTS} needed")
    centroids = clusters.seeds(rows[distinct], k) if start is None else start
    centroids = clusters.refine(rows[distinct], centroids)
    found = _supported(rows, posts, clusters.cut(rows, centroids))
    return TopicModel(_describe(posts, rows, found, phrases), found.labels, found.similarity)


def in_context(vectors: Rows, threads: Labels) -> Rows:
    """Return each post's vector mixed with the mean of its thread, unit rows float32 [n, d]."""
    return beside(vectors, threads, vectors, threads)


def beside(vectors: Rows, threads: Labels, context: Rows, context_threads: Labels) -> Rows:
    """Return vectors mixed half and half with their threads' means over `context`, unit rows.

    Every thread of `threads` must be among `context_threads`.
    """
    names, codes = np.unique(context_threads, return_inverse=True)
    means = clusters.means(np.asarray(context, dtype=np.float32), codes, len(names))
    around = means[np.searchsorted(names, threads)]
    return unit((1 - THREAD_WEIGHT) * vectors + THREAD_WEIGHT * around)


def _distinct(texts: Sequence[str], rows: Rows) -> Labels:
    """Return the first row of each text that has words: copies would pull clusters to them."""
    seen: set[str] = set()
    first = []
    for row, text in enumerate(texts):
        if text not in seen and rows[row].any():
            seen.add(text)
            first.append(row)
    return np.array(first, dtype=np.int64)


def _supported(rows: Rows, posts: TopicPosts, found: Clusters) -> Clusters:
    """Return the clusters without those that too few posts or authors carry."""
    least_posts = min(TOPIC_POSTS, max(5, len(rows) // 40))
    least_authors = min(TOPIC_AUTHORS, max(2, len(np.unique(posts.authors)) // 20))
    while True:
        keep = [
            label
            for label in range(len(found.centroids))
            if (found.labels == label).sum() >= least_posts
            and len(np.unique(posts.authors[found.labels == label])) >= least_authors
        ]
        if not keep:
            raise TooFewPosts("no subject is shared by enough posts and people to be a topic yet")
        if len(keep) == len(found.centroids):
            return found
        found = clusters.place(rows, found.centroids[keep], found.radii[keep])


def _describe(posts: TopicPosts, rows: Rows, found: Clusters, phrases: Phrases) -> list[FoundTopic]:
    counted = words.count(posts.texts, posts.authors)
    scored: dict[int, list[tuple[str, float]]] = {}
    if len(counted.words) > 1:  # c-TF-IDF weighs words against each other
        scored = topic_words(posts.texts, rows, found.labels, counted.vectorizer)
    every = sorted({word for ranked in scored.values() for word, _ in ranked})
    vectors = dict(zip(every, phrases(every), strict=True)) if every else {}
    column = {word: place for place, word in enumerate(counted.words)}
    topics: list[FoundTopic] = []
    for number, centroid in enumerate(found.centroids):
        inside = np.flatnonzero(found.labels == number)
        ranked = scored.get(number, [])
        holds = counted.holds[inside][:, [column[word] for word, _ in ranked]]
        used = words.author_counts(holds, posts.authors[inside])
        support = {word: int(n) for (word, _), n in zip(ranked, used, strict=True)}
        chosen = words.choose(ranked, support, centroid, vectors)
        nearest = inside[np.argsort(-found.similarity[inside], kind="stable")]
        surface = words.surfaces(chosen, [posts.texts[row] for row in nearest[:SURFACE_TEXTS]])
        topics.append(
            FoundTopic(
                label=words.label(chosen, surface, {topic.label for topic in topics}),
                words=[surface.get(word, word) for word in chosen],
                centroid=centroid,
                radius=float(found.radii[number]),
                representatives=representatives(posts, nearest),
                posts=len(inside),
                authors=len(np.unique(posts.authors[inside])),
            )
        )
    return topics


def representatives(posts: TopicPosts, nearest: Labels, n: int = REPRESENTATIVES) -> list[int]:
    """Return the first n rows by n authors whose texts are neither curt nor endless."""
    low, high = QUOTE_CHARS
    fit_rows = [row for row in nearest.tolist() if low <= len(posts.texts[row]) <= high]
    taken: list[int] = []
    authors: set[int] = set()
    texts: set[str] = set()
    for row in [*fit_rows, *nearest.tolist()]:
        if int(posts.authors[row]) in authors or posts.texts[row] in texts:
            continue
        taken.append(row)
        authors.add(int(posts.authors[row]))
        texts.add(posts.texts[row])
        if len(taken) == n:
            break
    return taken
