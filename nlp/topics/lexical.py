"""Where the words of texts lie: coordinates beside those of their vectors.

A small encoder puts titles about Spring beside titles about Hibernate and takes little notice of
the word that parts them; TF-IDF does not miss it. Both together find gold classes better than
either alone. Latent semantic analysis: Deerwester et al. 1990.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.vectors import unit

Rows = NDArray[np.float32]

# Of the likeness of two texts, the part that is that of their words.
SHARE = 0.25
# Coordinates for each cluster that is wanted.
AXES = 3
MOST_AXES = 200
SAMPLE = 4_000
LEAST_TEXTS = 2
# An encoder hardly reads on either; what follows is quoted, pasted or signed.
BEGINNING = 1_000


def lexical(texts: Sequence[str], k: int) -> Rows:
    """Return where the words of each text lie, to find k clusters by, unit rows float32 [n, a].

    Axes are learned from an even sample. A text without a word that two others of the sample hold
    is a row of zeros; a is 0 where there is no such word.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.utils.extmath import randomized_svd

    texts = [text[:BEGINNING] for text in texts]
    sample = texts[:: max(1, -(-len(texts) // SAMPLE))]
    # Every word counts, "how" and "not" too: in questions to one help desk they tell much.
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=LEAST_TEXTS, dtype=np.float32)
    try:
        learned = vectorizer.fit_transform(sample)
    except ValueError:  # no word is in two texts
        return np.zeros((len(texts), 0), dtype=np.float32)
    count = min(AXES * k, MOST_AXES, min(learned.shape) - 1)
    if count < 1:
        return np.zeros((len(texts), 0), dtype=np.float32)
    _, _, axes = randomized_svd(learned, count, random_state=0)
    held = learned if len(sample) == len(texts) else vectorizer.transform(texts)
    return unit(np.asarray(held @ axes.T, dtype=np.float32))


def joined(rows: Rows, words: Rows, share: float = SHARE) -> Rows:
    """Return both side by side, unit float32 [n, d + a]; the cosine of two is that of their parts.

    `share` of it is that of the words; a text without words keeps its vector alone.
    """
    parts = [np.sqrt(1 - share) * rows, np.sqrt(share) * words]
    return unit(np.concatenate(parts, axis=1).astype(np.float32))
