"""The steps of the topic model as BERTopic takes them, and the parts that a user may put instead.

`BERTopic(umap_model=BaseDimensionalityReduction(), hdbscan_model=DiffusionClusters(),
ctfidf_model=WordWeights())` runs our steps in BERTopic's frame; `Parts` runs BERTopic's in ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.topics import clusters
from nlp.topics.clusters import Clusters, Labels, Rows
from nlp.vectors import unit

# How much a word counts for being rare elsewhere: 0 not at all, .5 as in a chi-squared residual,
# 1 as in pointwise mutual information, which prefers words that hardly anyone uses.
RARITY = 0.2
# How much a word loses in a topic that it weighs less in than in another one.
RIVALRY = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What a user puts in the place of our steps, each as BERTopic takes it; None keeps ours.

    `vectorizer` counts words, as scikit-learn's CountVectorizer; `ctfidf` weighs the counts of the
    topics, as ClassTfidfTransformer; `representation` is one of `bertopic.representation`, or a
    list of them; `clusters` has fit and labels_, as HDBSCAN or KMeans.
    """

    vectorizer: Any = None
    ctfidf: Any = None
    representation: Any = None
    clusters: Any = None

    def own_words(self) -> bool:
        """Return whether a part decides about words."""
        return any(part is not None for part in (self.vectorizer, self.ctfidf, self.representation))


class DiffusionClusters:
    """Our clustering as an estimator: `labels_` int64 [n], -1 for rows left in the outlier pool.

    `k` None lets the data choose; `start` are centroids of an earlier fit to go on from; `texts`
    of the rows let their words help to tell what belongs together. Rows are scaled to length one
    first. Same rows in the same order, same labels: nothing here is random.
    """

    labels_: Labels
    found_: Clusters

    def __init__(
        self,
        k: int | None = None,
        start: Rows | None = None,
        texts: Sequence[str] | None = None,
    ) -> None:
        self.k = k
        self.start = start
        self.texts = texts

    def fit(self, X: Any, y: Any = None) -> DiffusionClusters:
        """Find clusters of rows [n, d]; return itself."""
        rows = unit(np.asarray(X, dtype=np.float32))
        start = self.start
        begun = clusters.seeds(rows, self.k, self.texts) if start is None else start
        self.found_ = clusters.cut(rows, clusters.refine(rows, begun))
        self.labels_ = self.found_.labels
        return self

    def fit_predict(self, X: Any, y: Any = None) -> Labels:
        """Find clusters of rows [n, d]; return their labels."""
        return self.fit(X).labels_

    def predict(self, X: Any) -> Labels:
        """Return the labels of more rows by the clusters found; these stay as they are."""
        rows = unit(np.asarray(X, dtype=np.float32))
        return clusters.place(rows, self.found_.centroids, self.found_.radii).labels


class FixedClusters:
    """Clusters that are known already, as an estimator: fit finds their labels, whatever the rows.

    `predict` places more rows by the centroids and radii.
    """

    def __init__(self, found: Clusters) -> None:
        self.found = found
        self.labels_ = found.labels

    def fit(self, X: Any, y: Any = None) -> FixedClusters:
        """Return itself; BERTopic reads `labels_`."""
        return self

    def predict(self, X: Any) -> Labels:
        """Return the labels of rows [n, d]."""
        rows = unit(np.asarray(X, dtype=np.float32))
        return clusters.place(rows, self.found.centroids, self.found.radii).labels


class WordWeights:
    """Weighs words in topics by how much more they are used there than elsewhere.

    With p the share of a topic's words that are this word and q the share of all words, the weight
    is (p - q) / q^RARITY: between a difference of frequencies and a chi-squared residual. It is
    then scaled by (weight / greatest weight in any topic)^RIVALRY, so that a word which several
    topics share stands where it weighs most. Rare words, which c-TF-IDF with square roots prefers,
    hardly stand beside each other in a text; frequent ones are in every topic.

    It takes the place of BERTopic's ClassTfidfTransformer: counts [topics, words] in.
    """

    # What BERTopic reads of its own transformer, and writes when it saves.
    seed_words: Any = None
    seed_multiplier = 2
    bm25_weighting = False
    reduce_frequent_words = False
    _idf_diag: Any

    def __init__(self, rarity: float = RARITY, rivalry: float = RIVALRY) -> None:
        self.rarity = rarity
        self.rivalry = rivalry

    def fit(self, X: Any, multiplier: NDArray[np.float64] | None = None) -> WordWeights:
        """Learn how frequent words are, and how much each weighs where it weighs most."""
        from scipy.sparse import csr_array, diags

        counts = csr_array(X, dtype=np.float64)
        used = np.asarray(counts.sum(axis=0)).ravel()
        self.shares_ = used / max(used.sum(), 1)
        self.scale_ = np.where(used > 0, self.shares_, 1) ** -self.rarity
        if multiplier is not None:
            self.scale_ *= multiplier
        self.greatest_ = np.maximum(self._weighed(counts).max(axis=0).toarray().ravel(), 0)
        self._idf_diag = diags(self.scale_, format="csr")
        return self

    def transform(self, X: Any) -> Any:
        """Return the weights of words in topics, sparse [topics, words], none below zero."""
        from scipy.sparse import csr_matrix

        weights = self._weighed(X)
        greatest = self.greatest_[weights.indices]
        share = np.divide(
            weights.data, greatest, out=np.zeros_like(weights.data), where=greatest > 0
        )
        weights.data *= np.clip(share, 0, 1) ** self.rivalry
        weights.data = np.maximum(weights.data, 0)
        return csr_matrix(weights)

    def _weighed(self, X: Any) -> Any:
        from scipy.sparse import csr_array

        counts = csr_array(X, dtype=np.float64)
        counts.sum_duplicates()
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        shares = counts.data / np.maximum(lengths[rows], 1)
        weights = (shares - self.shares_[counts.indices]) * self.scale_[counts.indices]
        return csr_array((weights, counts.indices, counts.indptr), shape=counts.shape)
