"""`evaluate index`: recall, latency, size and build time against FAISS flat called directly."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexes.base import VectorIndex
from indexes.faiss_index import FaissIndex
from jobs.evaluate.result import (
    Evaluation,
    Figures,
    Options,
    encoder_versions,
    records,
    rounded,
    timed,
    versions,
)
from jobs.pipeline import load_encoder
from nlp.text import plain
from service.errors import InvalidInput

REAL = 3_000
QUERIES = 500
TOP = 10
NOISE = 0.25

Rows = NDArray[np.float32]


def evaluate(options: Options) -> Evaluation:
    """Build an index over a mixture of real vectors and query it one at a time."""
    rows = records(options.path(), ("text",), options.limit or REAL)
    texts = [plain(str(row["text"])).text for row in rows]
    options.log(f"encoding {len(texts):,} posts to mix {options.n:,} vectors from")
    encoder = load_encoder(options.settings)
    real = encoder.encode(texts)
    real = real[real.any(axis=1)]
    if not len(real):
        raise InvalidInput(f"no post of {options.path()} has words: name another file")
    vectors = mixture(real, options.n, options.seed)
    queries = mixture(real, QUERIES, options.seed + 1)
    truth = _exact(vectors, queries)
    options.log("building and querying ours, then FAISS flat")
    ours, seconds = _measure(vectors, queries, truth)
    flat, flat_seconds = _measure_flat(vectors, queries, truth)
    return Evaluation(
        name="index",
        data=str(options.path()),
        n=options.n,
        metrics=rounded(ours),
        baselines={"FAISS flat": rounded(flat)},
        versions=versions("faiss-cpu", "numpy", index=FaissIndex.kind, **encoder_versions(encoder)),
        seconds=round(seconds + flat_seconds, 1),
    )


def mixture(real: Rows, n: int, seed: int) -> Rows:
    """Return n unit vectors, each between two real ones with some noise, float32 [n, d]."""
    chance = np.random.default_rng(seed)
    share = chance.random((n, 1), dtype=np.float32)
    mixed = share * real[chance.integers(len(real), size=n)]
    mixed += (1 - share) * real[chance.integers(len(real), size=n)]
    noise = chance.standard_normal(mixed.shape, dtype=np.float32)
    mixed += NOISE * noise / np.sqrt(np.float32(real.shape[1]))
    rows: Rows = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return rows


def _exact(vectors: Rows, queries: Rows) -> NDArray[np.int64]:
    return np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :TOP]


def _measure(vectors: Rows, queries: Rows, truth: NDArray[np.int64]) -> tuple[Figures, float]:
    started = time.perf_counter()
    index: VectorIndex = FaissIndex(vectors.shape[1])
    ids = np.arange(len(vectors), dtype=np.int64)
    _, build = timed(lambda: index.add(ids, vectors))
    found, waits = _ask(lambda query: index.search(query, TOP).ids[0], queries)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.index"
        index.save(path)
        size = path.stat().st_size
    return figures(found, truth, waits, build, size / len(vectors)), _since(started)


def _measure_flat(vectors: Rows, queries: Rows, truth: NDArray[np.int64]) -> tuple[Figures, float]:
    import faiss

    started = time.perf_counter()
    index = faiss.IndexFlatIP(vectors.shape[1])
    _, build = timed(lambda: index.add(vectors))
    found, waits = _ask(lambda query: index.search(query, TOP)[1][0], queries)
    return figures(found, truth, waits, build, 4 * vectors.shape[1]), _since(started)


def _ask(search: Any, queries: Rows) -> tuple[list[NDArray[np.int64]], list[float]]:
    search(queries[:1])
    answers = [timed(partial(search, query[None, :])) for query in queries]
    return [ids for ids, _ in answers], [seconds for _, seconds in answers]


def figures(
    found: list[NDArray[np.int64]],
    truth: NDArray[np.int64],
    waits: list[float],
    build: float,
    size: float,
) -> Figures:
    """Return recall, waits and sizes of answers `found`, [10] each, against the exact `truth`.

    `waits` and `build` are seconds, `size` bytes a vector.
    """
    hits = [len(np.intersect1d(a, b)) / TOP for a, b in zip(found, truth, strict=True)]
    return {
        "recall_at_10": float(np.mean(hits)),
        "p50_ms": 1e3 * float(np.quantile(waits, 0.5)),
        "p95_ms": 1e3 * float(np.quantile(waits, 0.95)),
        "bytes_per_vector": size,
        "build_seconds": build,
    }


def _since(started: float) -> float:
    return time.perf_counter() - started
