"""Step `index`: the served vector index brought up to the vectors in the database."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from indexes.base import VectorIndex
from indexes.errors import IndexFault
from indexes.store import Manifest, publish, read, sweep
from nlp.encoders import Card
from service.db.models import IndexBuild
from service.db.queries import embeddings, index
from service.db.session import Database

CHUNK = 8_192


@dataclass(frozen=True, slots=True)
class IndexResult:
    """What the index holds, what came and went, and whether it had to be built from nothing."""

    vectors: int
    added: int
    removed: int
    rebuilt: bool


def update_index(
    database: Database, card: Card, folder: Path, *, now: datetime, rebuild: bool = False
) -> IndexResult:
    """Publish an index of every vector of this encoder; the pointer moves in one transaction.

    What is served stays as it is until then. A missing or damaged index is built from nothing.
    """
    with database.read() as session:
        encoder = embeddings.encoder_id(session, card.name, card.revision)
        if encoder is None:
            return IndexResult(0, 0, 0, False)
        build = index.index_build(session, encoder)
        last = index.last_embedding(session, encoder)
        count = embeddings.embedding_count(session, encoder)
    held = None if rebuild or build is None else _open(folder, build)
    if held is not None and build and (build.last_embedding_id, build.count) == (last, count):
        sweep(folder, _served(database))
        return IndexResult(count, 0, 0, False)
    fresh = held is None
    target = held if held is not None else _empty(card)
    after = build.last_embedding_id if build is not None and not fresh else 0
    added, last = _add(database, target, encoder, after)
    removed = _remove_gone(database, target, encoder)
    manifest = publish(folder, target, _about(card, now))
    with database.write() as session:
        _point(session, encoder, manifest, last, now)
    # A server that has just read the old pointer may still be about to read what it points to.
    sweep(folder, {*_served(database), *([build.generation] if build else [])})
    return IndexResult(len(target), added, removed, fresh)


def _served(database: Database) -> set[str]:
    with database.read() as session:
        return index.generations(session)


def _open(folder: Path, build: IndexBuild) -> VectorIndex | None:
    try:
        return read(folder, build.generation, build.sha256)[0]
    except IndexFault:
        return None


def _empty(card: Card) -> VectorIndex:
    from indexes.faiss_index import FaissIndex

    return FaissIndex(card.dimensions)


def _add(database: Database, target: VectorIndex, encoder: int, after: int) -> tuple[int, int]:
    """Add the vectors that came after an embedding id; return how many, and the newest id."""
    added, last = 0, after
    while True:
        with database.read() as session:
            ids, posts, vectors = embeddings.vectors_after(session, encoder, last, CHUNK)
        if not len(ids):
            return added, last
        target.add(posts, vectors)
        added, last = added + len(ids), int(ids[-1])


def _remove_gone(database: Database, target: VectorIndex, encoder: int) -> int:
    """Remove posts that are deleted or have no vector any more, and return how many."""
    with database.read() as session:
        if len(target) == embeddings.embedding_count(session, encoder):
            return 0
        there = embeddings.embedded_posts(session, encoder)
    return target.remove(np.setdiff1d(target.ids(), there))


def _about(card: Card, now: datetime) -> dict[str, str]:
    from importlib.metadata import version

    return {
        "encoder": card.name,
        "revision": card.revision,
        "built_at": now.isoformat(),
        "faiss": version("faiss-cpu"),
    }


def _point(session: Session, encoder: int, manifest: Manifest, last: int, now: datetime) -> None:
    session.merge(
        IndexBuild(
            encoder_id=encoder,
            generation=manifest.generation,
            sha256=manifest.sha256,
            count=manifest.count,
            last_embedding_id=last,
            built_at=now,
            manifest=asdict(manifest),
        )
    )
