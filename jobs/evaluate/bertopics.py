"""BERTopic with its defaults, in a process of its own: what `evaluate topics` is measured against.

Ours may have imported BERTopic without the parts that its defaults are made of.
"""

from __future__ import annotations

import copy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from jobs.evaluate.result import MeasurementFailed, timed

# UMAP finds neighbours another way from 4,096 rows on, by other loops that it compiles.
WARM_ROWS = 5_000
WORDS = 10


def found(
    documents: Sequence[Sequence[str]], rows: NDArray[np.float32], sizes: Sequence[int], seed: int
) -> dict[str, Any]:
    """Return the words of each topic as BERTopic finds them, for its own number and each of sizes.

    {"auto": topics, "sizes": [topics, ...], "outlier_share", "seconds" of fit_transform}. Documents
    are words that are counted as they are. `seed` begins numpy's generator, which UMAP draws from;
    its parallel loops are not the same from run to run even so. Raises MeasurementFailed where the
    process fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "documents.json", Path(folder) / "topics.json"
        vectors = Path(folder) / "rows.npy"
        joined = [" ".join(words) for words in documents]
        given.write_bytes(orjson.dumps({"documents": joined, "sizes": list(sizes), "seed": seed}))
        np.save(vectors, rows)
        command = [sys.executable, "-m", "jobs.evaluate.bertopics"]
        done = subprocess.run(  # noqa: S603
            [*command, str(given), str(vectors), str(answer)],
            check=False,
            stdout=subprocess.DEVNULL,
        )
        if done.returncode:
            raise MeasurementFailed(
                f"BERTopic ended with exit code {done.returncode}: its own messages say why"
            )
        answered: dict[str, Any] = orjson.loads(answer.read_bytes())
    return answered


def main(given: str, vectors: str, answer: str) -> None:
    """Read documents and rows, fit, and write what `found` returns."""
    asked = orjson.loads(Path(given).read_bytes())
    rows = np.load(vectors)
    warm(len(rows), rows.shape[1])
    np.random.seed(asked["seed"])  # UMAP draws from this generator
    Path(answer).write_bytes(orjson.dumps(fitted(asked["documents"], rows, asked["sizes"])))


def warm(count: int, dimensions: int) -> None:
    """Call every part once, on as many rows as take the code paths that the documents will take."""
    from bertopic import BERTopic

    count = min(count, WARM_ROWS)
    rows = np.random.default_rng(0).standard_normal((count, dimensions)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    BERTopic().fit_transform([f"{n % 50} warm words number {n % 7}" for n in range(count)], rows)


def fitted(documents: list[str], rows: NDArray[np.float32], sizes: Sequence[int]) -> dict[str, Any]:
    """Fit BERTopic with its defaults; reduce what it finds to each of sizes, outliers aside."""
    from bertopic import BERTopic
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction
    from sklearn.feature_extraction.text import CountVectorizer

    model = BERTopic(vectorizer_model=CountVectorizer(analyzer=str.split))
    (topics, _), seconds = timed(lambda: model.fit_transform(documents, rows))
    # A copy of the model has no use for the parts that found its topics.
    model.umap_model, model.hdbscan_model = BaseDimensionalityReduction(), BaseCluster()
    reduced = []
    for size in sizes:
        smaller = copy.deepcopy(model)
        smaller.reduce_topics(documents, nr_topics=size + (-1 in topics))
        reduced.append(words_of(smaller))
    return {
        "auto": words_of(model),
        "sizes": reduced,
        "outlier_share": float(np.mean(np.array(topics) == -1)),
        "seconds": seconds,
    }


def words_of(model: Any) -> list[list[str]]:
    """Return the ten top words of each topic but that of the outliers."""
    return [
        [word for word, _ in words[:WORDS] if word]
        for topic, words in model.get_topics().items()
        if topic >= 0
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
