"""The script that a data scientist would write: what `evaluate pipeline` is measured against."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from jobs.evaluate.encoder import default_model, encode_by_default
from jobs.evaluate.result import timed

WARM_TEXTS = 300
JUDGED = 300
# UMAP finds neighbours another way from 4,096 rows on, by other loops that it compiles.
WARM_ROWS = 5_000


def main(name: str, given: str, answer: str) -> None:
    """Run the script on each list of texts in a JSON file; write the seconds of the parts of each.

    Both files hold an object by the lists' names. Whatever libraries print stays out of them.
    """
    lists: dict[str, list[str]] = orjson.loads(Path(given).read_bytes())
    model = default_model(name)
    longest = max(lists.values(), key=len)
    warm(model, longest)
    seconds = {label: script(model, texts) for label, texts in lists.items()}
    Path(answer).write_bytes(orjson.dumps(seconds))


def warm(model: Any, texts: list[str]) -> None:
    """Call every part once, on as many rows as take the code paths that the texts will take.

    UMAP compiles its loops at first use: that is not what is measured.
    """
    from bertopic import BERTopic

    dimensions = encode_by_default(model, texts[:WARM_TEXTS]).shape[1]
    count = min(WARM_ROWS, len(texts))
    rows = np.random.default_rng(0).standard_normal((count, dimensions)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    words = [f"{row % 50} warm words number {row % 7}" for row in range(count)]
    BERTopic().fit_transform(words, rows)
    index(rows)


def script(model: Any, texts: list[str]) -> dict[str, float]:
    """Encode, find topics and index; return the seconds of each part."""
    from bertopic import BERTopic

    vectors, encoding = timed(lambda: encode_by_default(model, texts))
    _, topics = timed(lambda: BERTopic().fit_transform(texts, vectors))
    _, indexing = timed(lambda: index(vectors))
    return {
        "encode_seconds": encoding,
        "topics_seconds": topics,
        "index_seconds": indexing,
        "judge_seconds": judging(texts),
    }


def judging(texts: list[str]) -> float:
    """Return the seconds that a classification pipeline takes for the texts.

    It is timed on JUDGED of them, evenly from the whole, and scaled. Its model has the size of
    RoBERTa-base and random weights, which take the same time as learned ones.
    """
    judge = classifier()
    judge(texts[:3])
    chosen = texts[:: max(1, len(texts) // JUDGED)][:JUDGED]
    _, seconds = timed(lambda: judge(chosen))
    return float(seconds * len(texts) / len(chosen))


def classifier() -> Any:
    """Return a pipeline as `transformers.pipeline("text-classification", ...)` makes it."""
    from transformers import RobertaConfig, RobertaForSequenceClassification, pipeline

    from nlp.judgements.layers import untuned

    _, tokenizer = untuned()
    config = RobertaConfig(vocab_size=50_265, max_position_embeddings=514)
    model = RobertaForSequenceClassification(config)
    return pipeline(
        "text-classification", model=model, tokenizer=tokenizer, truncation=True, max_length=512
    )


def index(vectors: NDArray[np.float32]) -> None:
    """Write a flat FAISS index of the vectors to a file."""
    import faiss

    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    faiss.normalize_L2(rows)
    flat = faiss.IndexFlatIP(rows.shape[1])
    flat.add(rows)
    with tempfile.TemporaryDirectory() as folder:
        faiss.write_index(flat, str(Path(folder) / "flat.index"))


if __name__ == "__main__":
    main(*sys.argv[1:])
