"""An archive into the record: streamed, safe to repeat, to stop and to resume."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from jobs.importers import zulip
from jobs.importers.apart import read_apart, worth_it
from jobs.importers.registry import importer
from jobs.refill.store import refill
from jobs.rejects import Rejects, rejects_path
from service.db.session import Database
from service.errors import BadArchive, InvalidInput
from service.ingest.reading import batches
from service.ingest.records import Item, Progress
from service.ingest.state import Import
from service.ingest.store import finish, store
from service.settings import Settings

SOURCE_LIMIT = 200
COLLECT_EVERY = 32
NOT_COUNTED = ("kind", "sources", "rejects_file")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did.

    records = added + updated + unchanged + deleted + rejected + private_skipped. `sources` are the
    names that records went to; `withdrawn` counts posts that were stored and are private now, also
    where an earlier record of this import stored them; `orphan_replies` counts every reply of these
    sources whose parent is nowhere, those of earlier imports too.
    """

    kind: str
    sources: tuple[str, ...]
    records: int
    added: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int
    private_skipped: int
    withdrawn: int
    orphan_replies: int
    self_replies: int
    truncated: int
    members_added: int
    threads_added: int
    rejects_file: Path | None


def load(
    database: Database,
    kind: str,
    path: Path,
    settings: Settings,
    *,
    now: datetime,
    source: str | None = None,
    include_private: bool = False,
    actor: str,
    progress: Progress | None = None,
) -> ImportResult:
    """Import an archive and return what it did.

    Records go in by batches, each in a transaction of its own; what is there already is left
    as it is. `source` names records that do not name their own; left out, the file's name does.
    `progress` hears (bytes read, bytes in all). Raises BadArchive where nothing can be read.
    """
    reader = importer(kind).read
    if reader is None:
        return result(refill(database, path, now=now, actor=actor, progress=progress), None)
    name = source or _stem(kind, path)
    if not name.strip() or len(name) > SOURCE_LIMIT:
        raise InvalidInput(f"a source needs a name of 1 to {SOURCE_LIMIT} characters")
    with Rejects(rejects_path(settings.rejects_dir, name, path, now)) as rejects:
        run = Import(
            kind,
            name,
            now,
            rejects.add,
            include_private=include_private,
            keep_raw=settings.keep_raw,
        )
        heard, most = progress or _silent, settings.max_post_chars
        if worth_it(path):
            parts = read_apart(kind, path, now=now, max_chars=most, progress=heard)
        else:
            parts = batches(reader(path, now=now, progress=heard), most)
        with _no_collector():
            take(database, parts, run, actor)
        if not run.counts["records"]:
            raise BadArchive(f"{path} holds no record: export it again, or name another file")
        return result(run, rejects.close())


def take(
    database: Database,
    parts: Iterable[list[Item]],
    run: Import,
    actor: str,
    action: str = "import",
) -> None:
    """Write batches and finish; nothing is written for no items."""
    for number, batch in enumerate(parts, start=1):
        store(database, batch, run)
        if number % COLLECT_EVERY == 0:
            gc.collect()
    if run.counts["records"]:
        finish(database, run, actor, action)


def result(run: Import, rejects_file: Path | None) -> ImportResult:
    """Return what an import has counted."""
    names = [field.name for field in fields(ImportResult) if field.name not in NOT_COUNTED]
    counts = {name: run.counts[name] for name in names}
    return ImportResult(
        kind=run.kind, sources=tuple(sorted(run.sources)), rejects_file=rejects_file, **counts
    )


@contextmanager
def _no_collector() -> Iterator[None]:
    """Do without the collector of cycles, but for now and then between batches.

    Records have none, and it would visit them all.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def _stem(kind: str, path: Path) -> str:
    """Return the name that an archive gives its source."""
    if kind == "zulip-archive":
        return zulip.source_name(path)[:SOURCE_LIMIT]
    return path.resolve().name.lstrip(".").split(".")[0][:SOURCE_LIMIT] or "import"
