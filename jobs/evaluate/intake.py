"""Measurement `import`: an archive into the record, beside a script that parses and inserts it."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import orjson

from jobs.evaluate.result import (
    Evaluation,
    MeasurementFailed,
    Options,
    records,
    rounded,
    timed,
    versions,
)
from jobs.load import load
from service.db import migrate
from service.db.session import open_database

# What a process was at its highest is told by the system, but to others only with what it was
# before it became this program.
PROBE = """
import atexit, resource, sys
from pathlib import Path
from jobs.cli import main

def tell():
    own = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
    reader = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(int(own) + reader, file=sys.stderr)

atexit.register(tell)
main()
"""
WANTED = ("id", "author", "created_at", "text")
COLUMNS = (*WANTED, "thread_id", "thread_title", "channel", "parent_id", "reactions", "source")
ROUNDS = 3
COPIES = 10
# So that no import is too short to fill the caches of the database.
REJECTED = 3
LEAST_FOR_MEMORY = 60_000


def evaluate(options: Options) -> Evaluation:
    """Return posts a second, the ratio to the script's time, and peak memory as a file grows.

    `ratio` is the median over three rounds, each of which runs both, one after the other.
    `peak_growth` is the peak of importing ten times the posts over that of importing them once,
    each in a process of its own.
    """
    rows = records(options.path(), WANTED, options.limit)
    with tempfile.TemporaryDirectory(prefix="groundswell-") as scratch:
        folder = Path(scratch)
        archive = _write(folder / "archive.jsonl.gz", iter(rows))
        rounds = [_round(options, archive, folder / str(turn)) for turn in range(ROUNDS)]
        seconds = sum(ours + theirs for ours, theirs in rounds)
        once, tenfold = _peaks(rows, folder)
    ours = median(ours for ours, _ in rounds)
    theirs = median(theirs for _, theirs in rounds)
    metrics = {
        "seconds": ours,
        "posts_per_second": len(rows) / ours,
        "ratio": median(ours / theirs for ours, theirs in rounds),
        "peak_mb": once,
        "peak_mb_tenfold": tenfold,
        "peak_growth": tenfold / once,
    }
    return Evaluation(
        name="import",
        data=str(options.path()),
        n=len(rows),
        metrics=rounded(metrics),
        baselines={"json and sqlite3": rounded({"seconds": theirs, "ratio": 1.0})},
        versions=versions("sqlalchemy", "orjson", sqlite=sqlite3.sqlite_version),
        seconds=round(seconds, 2),
    )


def _write(path: Path, rows: Iterator[dict[str, object]]) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for row in rows:
            file.write(orjson.dumps(row) + b"\n")
    return path


def _round(options: Options, archive: Path, folder: Path) -> tuple[float, float]:
    folder.mkdir()
    _, ours = timed(lambda: _import(options, archive, folder))
    _, theirs = timed(lambda: script(archive, folder / "script.sqlite3"))
    options.log(f"import {ours:.2f} s, script {theirs:.2f} s")
    return ours, theirs


def _import(options: Options, archive: Path, folder: Path) -> None:
    settings = options.settings.model_copy(update={"data_dir": folder, "database_url": None})
    database = open_database(settings.url)
    try:
        migrate.upgrade(database)
        load(database, "jsonl", archive, settings, now=datetime.now(UTC), actor="evaluate")
    finally:
        database.close()


def script(archive: Path, place: Path) -> int:
    """Parse a file and insert its rows in one transaction, as a first script would; return rows."""
    names = ", ".join(COLUMNS)
    marks = ", ".join("?" * len(COLUMNS))
    with closing(sqlite3.connect(place)) as connection, gzip.open(archive, "rt") as file:
        connection.execute(f"CREATE TABLE post ({names}, PRIMARY KEY (id))")
        with connection:
            found = (json.loads(line) for line in file)
            rows = (tuple(_plain(row.get(name)) for name in COLUMNS) for row in found)
            done = connection.executemany(f"INSERT OR REPLACE INTO post VALUES ({marks})", rows)  # noqa: S608
        return done.rowcount


def _plain(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _peaks(rows: list[dict[str, object]], folder: Path) -> tuple[float, float]:
    """Return the peak memory in MB of importing the posts once, and of importing them tenfold."""
    few = rows[: max(LEAST_FOR_MEMORY, len(rows) // COPIES)]
    many = (
        {**row, "id": f"{copy}-{row['id']}", "thread_id": None, "parent_id": None}
        for copy in range(COPIES)
        for row in few
    )
    once = _write(folder / "once.jsonl.gz", iter(few))
    tenfold = _write(folder / "tenfold.jsonl.gz", many)
    return _peak(once, folder / "few"), _peak(tenfold, folder / "many")


def _peak(archive: Path, folder: Path) -> float:
    """Return the peak memory in MB of one import by the command line and its reader together."""
    folder.mkdir()
    environment = {**os.environ, "GROUNDSWELL_DATA_DIR": str(folder)}
    environment.pop("GROUNDSWELL_DATABASE_URL", None)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROBE, "import", "jsonl", str(archive), "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, REJECTED):
        raise MeasurementFailed(f"the import of {archive.name} ended with {done.returncode}")
    return float(done.stderr.rsplit(maxsplit=1)[-1]) / 1024
