"""`evaluate encoder`: speed against sentence-transformers by its defaults, and what it costs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.result import Evaluation, Options, records, rounded, timed, versions
from jobs.pipeline import load_encoder
from nlp.text import plain

WARM = 64
TOP = 10


def evaluate(options: Options) -> Evaluation:
    """Encode the plain texts of an archive both ways and compare the nearest neighbours."""
    rows = records(options.path(), ("text",), options.limit)
    texts = [plain(str(row["text"])).text for row in rows]
    encoder = load_encoder(options.settings)
    default = default_model(options.settings.encoder)
    encoder.encode(texts[:WARM])
    default.encode(texts[:WARM], show_progress_bar=False)
    options.log(f"encoding {len(texts):,} posts by sentence-transformers' defaults")
    theirs, default_seconds = timed(lambda: encode_by_default(default, texts))
    options.log(f"encoding {len(texts):,} posts by ours")
    ours, seconds = timed(lambda: encoder.encode(texts))
    figures = {
        "posts_per_second": len(texts) / seconds,
        "speedup": default_seconds / seconds,
        "neighbour_recall_at_10": neighbour_recall(ours, theirs),
        "mean_tokens": float(encoder.lengths(texts).mean()),
    }
    return Evaluation(
        name="encoder",
        data=str(options.path()),
        n=len(texts),
        metrics=rounded(figures),
        baselines={
            "sentence-transformers defaults": rounded(
                {"posts_per_second": len(texts) / default_seconds, "neighbour_recall_at_10": 1.0}
            )
        },
        versions=versions(
            "sentence-transformers", "torch", encoder=f"{encoder.card.name}@{encoder.card.revision}"
        ),
        seconds=round(seconds + default_seconds, 1),
    )


def default_model(name: str) -> Any:
    """Return the model as sentence-transformers loads it by itself."""
    from sentence_transformers import SentenceTransformer

    from nlp.encoders.registry import model_folder

    return SentenceTransformer(str(model_folder(name)), device="cpu")


def encode_by_default(model: Any, texts: list[str]) -> NDArray[np.float32]:
    """Return what `encode` gives without an argument."""
    rows: NDArray[np.float32] = model.encode(texts, show_progress_bar=False)
    return rows


def neighbour_recall(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """Return the share of each row's ten nearest by one encoding that the other finds too.

    Rows that are equal in the reference are counted once: their order among each other is chance.
    """
    _, first = np.unique(theirs, axis=0, return_index=True)
    kept = np.sort(first)
    mine, truth = _nearest(ours[kept]), _nearest(theirs[kept])
    hits = [len(np.intersect1d(a, b)) for a, b in zip(mine, truth, strict=True)]
    return float(np.mean(hits)) / TOP


def _nearest(rows: NDArray[np.float32]) -> NDArray[np.int64]:
    likeness = rows @ rows.T
    np.fill_diagonal(likeness, -np.inf)
    return np.argpartition(-likeness, TOP, axis=1)[:, :TOP]
