"""Words of topics by counts, or by BERTopic with a user's own parts; topics as a BERTopic."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from nlp.topics.clusters import Clusters, Labels, Rows, means
from nlp.topics.context import in_context
from nlp.topics.parts import FixedClusters, Parts, WordWeights
from nlp.topics.posts import TopicPosts
from nlp.topics.wording.words import TERM, Phrases, stop_words

if TYPE_CHECKING:
    from nlp.topics.model import TopicModel

TOP_WORDS = 30
UNUSED = ("umap", "hdbscan", "pyarrow")
_importing = threading.Lock()

Weighed = dict[int, list[tuple[str, float]]]


def topic_words(
    texts: Sequence[str],
    vectors: Rows,
    labels: Labels,
    parts: Parts,
    phrases: Phrases,
) -> Weighed:
    """Return the words of each label, best first, with their weights; -1 is left out.

    Where `parts` leave a step out it is ours; `phrases` encodes words for a representation.
    """
    counter = parts.vectorizer if parts.vectorizer is not None else words_alone()
    if parts.representation is not None:
        return _by_bertopic(texts, vectors, labels, counter, parts, phrases)
    holds = counter.fit_transform(texts)
    return ranked(holds, counter.get_feature_names_out(), labels, parts.ctfidf)


def words_alone() -> Any:
    """Return a vectorizer that counts words, stop words left out."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(stop_words=sorted(stop_words()), token_pattern=TERM.pattern)


def ranked(
    holds: Any, words: Sequence[str], labels: Labels, ctfidf: Any = None, top: int = TOP_WORDS
) -> Weighed:
    """Return the `top` words of each label by counts [n, v], best first; -1 is only background.

    A post counts a word once, however often it repeats it. `ctfidf` weighs the counts, as
    BERTopic's ClassTfidfTransformer does.
    """
    from scipy.sparse import csr_matrix

    names, codes = np.unique(labels, return_inverse=True)
    ones = np.ones(len(labels), dtype=np.float64)
    member = csr_matrix((ones, (codes, np.arange(len(labels)))), (len(names), len(labels)))
    counts = csr_matrix(member @ (holds > 0))
    weigh = WordWeights() if ctfidf is None else ctfidf
    weights = csr_matrix(weigh.fit(counts).transform(counts))
    found: Weighed = {}
    for row, name in enumerate(names.tolist()):
        if name < 0:
            continue
        inside = slice(weights.indptr[row], weights.indptr[row + 1])
        columns, values = weights.indices[inside], weights.data[inside]
        best = np.lexsort((columns, -values))[:top]
        found[name] = [(str(words[columns[n]]), float(values[n])) for n in best if values[n] > 0]
    return found


def as_bertopic(posts: TopicPosts, model: TopicModel, parts: Parts | None = None) -> Any:
    """Return the topics as a fitted BERTopic that saves, draws and places new posts by vectors.

    Its custom labels are ours; it numbers topics by size. New posts go to
    `transform(texts, vectors)` by their vectors in the context of their threads. It saves without
    pickle by `save(folder, serialization="safetensors", save_ctfidf=True)`.
    """
    centroids = np.array([topic.centroid for topic in model.topics], dtype=np.float32)
    radii = np.array([topic.radius for topic in model.topics], dtype=np.float32)
    found = Clusters(centroids, radii, model.labels, model.similarity)
    given = parts or Parts()
    counter = given.vectorizer if given.vectorizer is not None else words_alone()
    theirs = _bertopic(found, counter, given, None)
    rows = in_context(posts.vectors, posts.threads)
    ours = _ours(theirs, posts.texts, rows, model.labels)
    theirs.set_topic_labels({topic: model.topics[number].label for topic, number in ours.items()})
    return theirs


def _by_bertopic(
    texts: Sequence[str],
    vectors: Rows,
    labels: Labels,
    vectorizer: Any,
    parts: Parts,
    phrases: Phrases,
) -> Weighed:
    centroids = means(vectors[labels >= 0], labels[labels >= 0], int(labels.max()) + 1)
    nowhere = np.zeros(len(labels), dtype=np.float32)
    found = Clusters(centroids, np.zeros(len(centroids), dtype=np.float32), labels, nowhere)
    model = _bertopic(found, vectorizer, parts, phrases)
    ours = _ours(model, texts, vectors, labels)
    words = model.get_topics()
    return {
        number: [(word, float(weight)) for word, weight in words[topic] if word]
        for topic, number in ours.items()
    }


def _bertopic(found: Clusters, vectorizer: Any, parts: Parts, phrases: Phrases | None) -> Any:
    with _without_unused():
        from bertopic import BERTopic
        from bertopic.dimensionality import BaseDimensionalityReduction
    model = BERTopic(
        language="multilingual",  # "english" would strip every letter outside A to Z
        top_n_words=TOP_WORDS,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=FixedClusters(found),
        vectorizer_model=vectorizer,
        ctfidf_model=parts.ctfidf if parts.ctfidf is not None else WordWeights(),
        representation_model=parts.representation,
    )
    model.embedding_model = None if phrases is None else _embedder(phrases)
    return model


def _embedder(phrases: Phrases) -> Any:
    """Return our encoder of words as BERTopic takes one."""
    from bertopic.backend import BaseEmbedder

    class Words(BaseEmbedder):  # type: ignore[misc]
        def embed(self, documents: Sequence[str], verbose: bool = False) -> Rows:
            return phrases(list(documents))

    return Words()


def _ours(model: Any, texts: Sequence[str], vectors: Rows, labels: Labels) -> dict[int, int]:
    """Fit the model; return which of our topics each of its topics is."""
    # BERTopic joins the posts of a topic, and lines, by blanks: a mark keeps them apart.
    lines = [" . ".join(text.splitlines()) + " ." for text in texts]
    found, _ = model.fit_transform(lines, np.asarray(vectors, dtype=np.float32))
    pairs = zip(found, labels.tolist(), strict=True)
    return {int(topic): number for topic, number in pairs if number >= 0}


@contextmanager
def _without_unused() -> Iterator[None]:
    """Hide from BERTopic's import what takes long to load and is not used: UMAP, HDBSCAN, and the
    Arrow that pandas would keep its texts in where an export to Parquet has it installed."""
    with _importing:
        if "bertopic" in sys.modules:
            yield
            return
        hidden = [name for name in UNUSED if name not in sys.modules]
        sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
        try:
            yield
        finally:
            for name in hidden:
                del sys.modules[name]
