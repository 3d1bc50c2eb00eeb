"""`evaluate pipeline`: import to trends, against the script that a data scientist would write."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from jobs.evaluate.result import Evaluation, Options, records, rounded, timed, versions
from jobs.load import load
from jobs.pipeline import load_encoder, run
from nlp.encoders import Encoder
from service.db import migrate
from service.db.session import Database, open_database
from service.settings import Settings

NIGHTLY = 100
WARM = 300
COLUMNS = ("id", "thread_id", "author", "created_at", "text")


def evaluate(options: Options) -> Evaluation:
    """Time a first run over all but the last 1 % of the posts, a nightly run, and the script.

    Ours goes from the file to stored vectors, index, topics and trends; the script from the same
    posts' texts in memory to vectors, topics and an index. Models are loaded and modules imported,
    and both sides have worked on a few posts, before the clocks start.
    """
    rows = records(options.path(), COLUMNS, options.limit)
    rows.sort(key=lambda row: str(row["created_at"]))
    last = max(1, len(rows) // NIGHTLY)
    encoder = load_encoder(options.settings)
    options.log(f"ours: first run over {len(rows) - last:,} posts, then {last:,} more")
    first, nightly = _ours(options.settings, rows, last, encoder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    options.log("the script: default encoding, BERTopic with UMAP and HDBSCAN, FAISS flat")
    script = _script([str(row["text"]) for row in rows[:-last]], options.settings.encoder)
    posts = len(rows) - last
    figures = {
        "seconds_first": first,
        "seconds_nightly": nightly,
        "nightly_share": nightly / first,
        "posts_per_second": posts / first,
        "peak_mb": peak,
        "speedup": sum(script.values()) / first,
    }
    return Evaluation(
        name="pipeline",
        data=str(options.path()),
        n=len(rows),
        metrics=rounded(figures),
        baselines={"script": rounded({**script, "seconds": sum(script.values())})},
        versions=versions("bertopic", "faiss-cpu", "sentence-transformers", "torch", "umap-learn"),
        seconds=round(first + nightly + sum(script.values()), 1),
    )


def _ours(
    settings: Settings, rows: list[dict[str, Any]], last: int, encoder: Encoder
) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        # A small store of its own first: imports and first calls are not what is measured.
        _store(settings, Path(folder) / "warm", [rows[:WARM]], encoder)
        first, nightly = _store(
            settings, Path(folder) / "timed", [rows[:-last], rows[-last:]], encoder
        )
    return first, nightly


def _store(
    settings: Settings, folder: Path, parts: list[list[dict[str, Any]]], encoder: Encoder
) -> list[float]:
    """Import and run each part in turn into one store; return the seconds of each."""
    folder.mkdir()
    own = settings.model_copy(update={"data_dir": folder, "database_url": None})
    database = open_database(own.url)
    migrate.upgrade(database)
    seconds = []
    for number, part in enumerate(parts):
        path = folder / f"part{number}.jsonl"
        path.write_bytes(b"\n".join(orjson.dumps(row) for row in part))
        _, took = timed(partial(_night, database, own, path, encoder))
        seconds.append(took)
    database.close()
    return seconds


def _night(database: Database, settings: Settings, path: Path, encoder: Encoder) -> None:
    now = datetime.now(UTC)
    load(database, "jsonl", path, settings, now=now, source="archive", actor="evaluate")
    run(database, settings, now=now, encoder=encoder)


def _script(texts: list[str], name: str) -> dict[str, float]:
    """Return the seconds of each part of the script, run in a process of its own.

    Ours may have imported BERTopic without the parts that its defaults are made of.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_bytes(orjson.dumps(texts))
        command = [sys.executable, "-m", "jobs.evaluate.script", name, str(path)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603
    seconds: dict[str, float] = orjson.loads(done.stdout)
    return seconds
