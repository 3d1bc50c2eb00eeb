"""The script that a data scientist would write: what `evaluate pipeline` is measured against."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from jobs.evaluate.encoder import default_model
from jobs.evaluate.result import timed

WARM = 300


def main(name: str, path: str) -> None:
    """Encode, find topics and index the texts of a JSON file; print the seconds of each part."""
    import faiss  # noqa: F401
    from bertopic import BERTopic

    texts: list[str] = orjson.loads(Path(path).read_bytes())
    model = default_model(name)
    # UMAP compiles its loops at first use: that is not what is measured.
    warm = model.encode(texts[:WARM], show_progress_bar=False)
    BERTopic().fit_transform(texts[:WARM], warm)
    vectors, encoding = timed(lambda: model.encode(texts, show_progress_bar=False))
    _, topics = timed(lambda: BERTopic().fit_transform(texts, vectors))
    _, indexing = timed(lambda: index(vectors))
    seconds = {"encode_seconds": encoding, "topics_seconds": topics, "index_seconds": indexing}
    sys.stdout.buffer.write(orjson.dumps(seconds))


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
