"""`evaluate night`: what a thousand new posts cost topics and trends, against the first run."""

from __future__ import annotations

import gc
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from jobs.evaluate.nights import Record, check_import
from jobs.evaluate.result import (
    Evaluation,
    Figures,
    MeasurementFailed,
    Options,
    encoder_versions,
    records,
    rounded,
    timed,
    versions,
)
from jobs.load import load
from jobs.pipeline import RunResult, load_encoder, run
from nlp.encoders import Encoder
from nlp.topics.clusters import Rows
from service.db import migrate
from service.db.queries import embeddings, topic_fit
from service.db.session import Database, open_database
from service.errors import InvalidInput

NEW = 1_000
WARM = 2_000
COLUMNS = ("id", "thread_id", "author", "created_at", "text")
MEASURED = ("topics", "trends")


@dataclass(frozen=True, slots=True)
class Part:
    """A file of so many posts, and when the newest was made."""

    path: Path
    count: int
    newest: datetime


def evaluate(options: Options) -> Evaluation:
    """Time topics and trends on all but the last thousand posts, then on that thousand.

    Vectors are made beforehand and outside of these times. `night_share` is the night's part of
    what the same two steps took at first. The baseline clusters the whole archive anew with
    scikit-learn's MiniBatchKMeans into as many clusters as there are topics, the vectors in
    memory; it gives no names, words, outliers or trends. Modules are imported and first calls
    made, on a small store of their own, before the clocks start.
    """
    rows = sorted(
        records(options.path(), COLUMNS, options.limit), key=lambda row: str(row["created_at"])
    )
    if len(rows) < 2 * NEW:
        raise InvalidInput(f"{len(rows)} posts are too few: give at least {2 * NEW:,}")
    count, encoder = len(rows), load_encoder(options.settings)
    with tempfile.TemporaryDirectory() as folder:
        warm = [rows[: WARM - 100], rows[WARM - 100 : WARM]]
        warming = [_part(Path(folder), "warm", number, own) for number, own in enumerate(warm)]
        whole = [rows[:-NEW], rows[-NEW:]]
        parts = [_part(Path(folder), "timed", number, own) for number, own in enumerate(whole)]
        # What a run does not hold would be collected again and again while it is timed.
        del rows, warm, whole
        _times(options, Path(folder) / "warm", warming, encoder)
        done, vectors = _times(options, Path(folder) / "timed", parts, encoder)
    first, night = done
    k = int(first.steps["topics"]["topics"])
    if not k:
        raise MeasurementFailed(f"no topic was found: {first.steps['topics']['note']}")
    options.log(f"MiniBatchKMeans of {len(vectors):,} vectors into {k} clusters")
    _, anew = timed(lambda: mini_batch(vectors, k, options.seed))
    figures = _figures(first, night)
    return Evaluation(
        name="night",
        data=str(options.path()),
        n=count,
        metrics=rounded(figures),
        baselines={"MiniBatchKMeans of the whole archive": rounded({"seconds_night": anew})},
        versions=versions("scikit-learn", "scipy", "bertopic", **encoder_versions(encoder)),
        seconds=round(figures["seconds_first"] + figures["seconds_night"] + anew, 1),
    )


def mini_batch(vectors: Rows, k: int, seed: int) -> Any:
    """Return scikit-learn's mini-batch k-means of vectors, by its defaults."""
    from sklearn.cluster import MiniBatchKMeans

    return MiniBatchKMeans(k, random_state=seed).fit(vectors)


def _figures(first: RunResult, night: RunResult) -> Figures:
    sums = [sum(done.seconds[step] for step in MEASURED) for done in (first, night)]
    return {
        "seconds_first": sums[0],
        "seconds_night": sums[1],
        "night_share": sums[1] / sums[0],
        "seconds_night_topics": night.seconds["topics"],
        "seconds_night_trends": night.seconds["trends"],
        "topics": night.steps["topics"]["topics"],
        "placed": night.steps["topics"]["placed"],
    }


def _part(folder: Path, name: str, number: int, rows: list[Record]) -> Part:
    """Return records as a file to import."""
    path = folder / f"{name}{number}.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
    return Part(path, len(rows), datetime.fromisoformat(str(rows[-1]["created_at"])))


def _times(
    options: Options, folder: Path, parts: list[Part], encoder: Encoder
) -> tuple[list[RunResult], Rows]:
    """Import and run each part in turn; return what topics and trends did, and every vector."""
    folder.mkdir()
    settings = options.settings.model_copy(update={"data_dir": folder, "database_url": None})
    database = open_database(settings.url)
    done: list[RunResult] = []
    try:
        migrate.upgrade(database)
        for part in parts:
            now = part.newest.astimezone(UTC)
            options.log(f"importing and encoding {part.count:,} posts")
            check_import(part.count, _imported(database, settings, part.path, now))
            run(database, settings, now=now, steps=("conversations", "encode"), encoder=encoder)
            # What importing and encoding left behind is not collected at the cost of others.
            gc.collect()
            done.append(run(database, settings, now=now, steps=MEASURED, encoder=encoder))
        return done, _vectors(database, encoder)
    finally:
        database.close()


def _imported(database: Database, settings: Any, path: Path, now: datetime) -> Any:
    return load(database, "jsonl", path, settings, now=now, source="archive", actor="evaluate")


def _vectors(database: Database, encoder: Encoder) -> Rows:
    with database.read() as session:
        known = embeddings.encoder_id(session, encoder.card.name, encoder.card.revision)
        if known is None:
            return np.empty((0, 0), dtype=np.float32)
        return topic_fit.every_post(session, known).vectors
