"""BERTopic as the frame of the topic model: it turns labelled posts into c-TF-IDF words."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nlp.topics.clusters import Labels, Rows

TOP_WORDS = 30
UNUSED = ("umap", "hdbscan", "pyarrow")
_importing = threading.Lock()


class FixedClusters:
    """BERTopic's clustering step where the clusters are known already."""

    def __init__(self, labels: Labels) -> None:
        self.labels_ = labels

    def fit(self, X: Any, y: Any = None) -> FixedClusters:
        """Return itself; BERTopic reads `labels_`."""
        return self

    def predict(self, X: Any) -> Labels:
        """Return the labels."""
        return self.labels_


def topic_words(
    texts: Sequence[str], vectors: Rows, labels: Labels, vectorizer: Any
) -> dict[int, list[tuple[str, float]]]:
    """Return the words of each label, best first, with their c-TF-IDF; -1 is left out."""
    with _without_unused():
        from bertopic import BERTopic
        from bertopic.dimensionality import BaseDimensionalityReduction
        from bertopic.vectorizers import ClassTfidfTransformer
    model = BERTopic(
        language="multilingual",  # "english" would strip every letter outside A to Z
        top_n_words=TOP_WORDS,
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=FixedClusters(labels),
        vectorizer_model=vectorizer,
        ctfidf_model=ClassTfidfTransformer(reduce_frequent_words=True),
    )
    model.embedding_model = None
    # BERTopic joins the posts of a topic, and lines, by blanks: a mark keeps them apart.
    lines = [" . ".join(text.splitlines()) + " ." for text in texts]
    found, _ = model.fit_transform(lines, np.asarray(vectors, dtype=np.float32))
    # BERTopic numbers topics by size: find ours again.
    ours = dict(zip(found, labels.tolist(), strict=True))
    return {
        ours[topic]: [(word, float(weight)) for word, weight in words if word]
        for topic, words in model.get_topics().items()
        if topic >= 0
    }


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
