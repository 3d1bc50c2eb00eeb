"""Our side of `evaluate pipeline`: an archive part by part, imported and run, timed and checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from jobs.evaluate.result import MeasurementFailed, timed
from jobs.load import ImportResult, load
from jobs.pipeline import RunResult, run
from nlp.encoders import Encoder
from nlp.judgements import Panel
from service.db import migrate
from service.db.queries import embeddings
from service.db.session import Database, open_database
from service.settings import Settings

# So many posts have at least one topic, or the topic model did not work.
TOPIC_POSTS = 1_000

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Night:
    """What one part's import and run did, and their seconds together."""

    imported: ImportResult
    done: RunResult
    seconds: float


@dataclass(frozen=True, slots=True)
class Nights:
    """Every night, and the seconds and the outcome of a refit of all topics after the last."""

    nights: list[Night]
    refit: RunResult
    refit_seconds: float

    @property
    def posts(self) -> int:
        """Return how many posts are stored."""
        return sum(night.imported.added for night in self.nights)

    @property
    def topics(self) -> int:
        """Return how many topics there are after the last night."""
        return int(self.nights[-1].done.steps["topics"]["topics"])

    @property
    def outlier_share(self) -> float:
        """Return the share of the posts that have no topic after the last night."""
        outliers = int(self.nights[-1].done.steps["topics"]["outliers"])
        return outliers / self.posts if self.topics else 1.0


def nights(
    settings: Settings,
    folder: Path,
    parts: list[list[Record]],
    encoder: Encoder,
    panel: Panel,
    now: datetime,
) -> Nights:
    """Import and run each part in turn into one store below `folder`; then refit the topics.

    Raises MeasurementFailed where a record, a vector or every topic is missing.
    """
    folder.mkdir()
    own = settings.model_copy(update={"data_dir": folder, "database_url": None})
    database = open_database(own.url)
    try:
        migrate.upgrade(database)
        done: list[Night] = []
        for number, part in enumerate(parts):
            path = folder / f"part{number}.jsonl"
            path.write_bytes(b"\n".join(orjson.dumps(row) for row in part))
            done.append(_night(database, own, path, encoder, panel, now))
            check_import(len(part), done[-1].imported)
            check_run(
                sum(night.imported.added for night in done), done[-1].imported.added, done[-1].done
            )
            _check_vectors(database, encoder, sum(night.imported.added for night in done))
        again = partial(run, database, own, now=now, steps=("topics",), refit=True, encoder=encoder)
        refit, seconds = timed(again)
    finally:
        database.close()
    return Nights(done, refit, seconds)


def _night(
    database: Database,
    settings: Settings,
    path: Path,
    encoder: Encoder,
    panel: Panel,
    now: datetime,
) -> Night:
    def work() -> tuple[ImportResult, RunResult]:
        imported = load(
            database, "jsonl", path, settings, now=now, source="archive", actor="evaluate"
        )
        return imported, run(database, settings, now=now, encoder=encoder, panel=panel)

    (imported, done), seconds = timed(work)
    return Night(imported, done, seconds)


def check_import(records: int, imported: ImportResult) -> None:
    """Raise MeasurementFailed unless the import kept every record that it was given."""
    kept = imported.added + imported.unchanged
    if kept != records:
        raise MeasurementFailed(
            f"{kept:,} of {records:,} records were stored ({imported.rejected:,} rejected, "
            f"{imported.updated:,} under an id that came before, {imported.private_skipped:,} "
            "private): see `groundswell import` for the reasons and leave those out"
        )


def check_run(posts: int, new: int, done: RunResult) -> None:
    """Raise MeasurementFailed unless every post is judged and indexed and topics were found."""
    if (judged := done.steps["judge"]["posts"]) != new:
        raise MeasurementFailed(f"{judged:,} of {new:,} new posts were judged")
    vectors = done.steps["index"]["vectors"]
    if vectors != posts:
        raise MeasurementFailed(f"the index holds {vectors:,} vectors of {posts:,} posts")
    if posts >= TOPIC_POSTS and not done.steps["topics"]["topics"]:
        note = done.steps["topics"]["note"] or "the texts have too little in common"
        raise MeasurementFailed(f"no topic was found in {posts:,} posts: {note}")


def _check_vectors(database: Database, encoder: Encoder, posts: int) -> None:
    with database.read() as session:
        known = embeddings.encoder_id(session, encoder.card.name, encoder.card.revision)
        vectors = 0 if known is None else embeddings.embedding_count(session, known)
        pending = embeddings.pending_count(session, known)
    if (vectors, pending) != (posts, 0):
        raise MeasurementFailed(f"{vectors:,} vectors of {posts:,} posts are in the database")
