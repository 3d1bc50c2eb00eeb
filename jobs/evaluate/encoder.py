"""`evaluate encoder`: speed against sentence-transformers by its defaults, and what it costs."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.result import (
    Evaluation,
    Options,
    encoder_versions,
    records,
    rounded,
    timed,
    versions,
)
from jobs.pipeline import load_encoder
from nlp.encoders import Encoder
from nlp.encoders.hashing import HashingEncoder
from nlp.encoders.registry import PACKAGED
from nlp.text import plain
from service.errors import InvalidInput

WARM = 64
TOP = 10
ROUNDS = 3
BLOCK = 2_048

Rows = NDArray[np.float32]


def evaluate(options: Options) -> Evaluation:
    """Encode the plain texts of an archive both ways and compare the nearest neighbours.

    Both sides are warm and take turns, three rounds; the seconds of a side are its median.
    """
    default_folder(options.settings.encoder)
    rows = records(options.path(), ("text",), options.limit)
    texts = [plain(str(row["text"])).text for row in rows]
    encoder = load_encoder(options.settings)
    default = default_model(options.settings.encoder)
    ours, theirs, times = _turns(options, encoder, default, texts)
    seconds, default_seconds = (median(side) for side in times)
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
        versions=versions("sentence-transformers", "torch", **encoder_versions(encoder)),
        seconds=round(sum(map(sum, times)), 1),
    )


def _turns(
    options: Options, encoder: Encoder, default: Any, texts: list[str]
) -> tuple[Rows, Rows, tuple[list[float], list[float]]]:
    """Return our rows, the default's, and the seconds of each round of both."""
    encoder.encode(texts[:WARM])
    encode_by_default(default, texts[:WARM])
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        options.log(f"encoding {len(texts):,} posts both ways: round {number + 1} of {ROUNDS}")
        ours, seconds = timed(lambda: encoder.encode(texts))
        times[0].append(seconds)
        theirs, seconds = timed(lambda: encode_by_default(default, texts))
        times[1].append(seconds)
    return ours, theirs, times


def default_folder(name: str) -> Path:
    """Return the folder that sentence-transformers loads; raise InvalidInput where it has none."""
    from nlp.encoders.registry import model_folder

    if name == HashingEncoder.card.name:
        raise InvalidInput(
            f"{name!r} is no sentence-transformers model, so there is nothing to compare with: "
            f"set GROUNDSWELL_ENCODER={PACKAGED}"
        )
    return model_folder(name)


def default_model(name: str) -> Any:
    """Return the model as sentence-transformers loads it by itself."""
    folder = default_folder(name)
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu")


def encode_by_default(model: Any, texts: list[str]) -> Rows:
    """Return what `encode` gives without an argument."""
    rows: Rows = model.encode(texts, show_progress_bar=False)
    return rows


def neighbour_recall(ours: Rows, theirs: Rows) -> float:
    """Return the share of each row's ten nearest by one encoding that the other finds too.

    Rows that are equal in the reference are counted once: their order among each other is chance.
    Raises InvalidInput where fewer than eleven are left, of which none has ten neighbours.
    """
    _, first = np.unique(theirs, axis=0, return_index=True)
    kept = np.sort(first)
    if len(kept) <= TOP:
        raise InvalidInput(
            f"{len(kept)} distinct posts are too few to compare {TOP} neighbours of each: "
            f"give at least {TOP + 1}"
        )
    mine, truth = _nearest(ours[kept]), _nearest(theirs[kept])
    hits = [len(np.intersect1d(a, b)) for a, b in zip(mine, truth, strict=True)]
    return float(np.mean(hits)) / TOP


def _nearest(rows: Rows) -> NDArray[np.int64]:
    """Return the ten nearest other rows of each, in no order, int64 [n, 10]."""
    nearest = np.empty((len(rows), TOP), dtype=np.int64)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        distance = -block @ rows.T
        own = np.arange(len(block))
        distance[own, start + own] = np.inf
        nearest[start : start + BLOCK] = np.argpartition(distance, TOP, axis=1)[:, :TOP]
    return nearest
