"""The transaction that fills a store: everything or nothing.

Rows go in by batches, with lookups by natural key, so that memory does not grow with the export.
Internal ids are made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs.export.fields import TABLES
from jobs.importers.bundle import Bundle, open_bundle
from jobs.importers.groundswell import KIND, Table, check
from jobs.refill.lookups import Refill
from jobs.refill.people import members, merges
from jobs.refill.tables import WRITE
from service.db.models import Source
from service.db.queries import audit, load
from service.db.queries import restore as queries
from service.db.session import Database
from service.errors import BadArchive, Conflict
from service.ingest.records import Progress, Reject
from service.ingest.state import Import, SourceRef

COUNTED = ("posts", "events", "accounts")
TARGET_LIMIT = 200


def refill(
    database: Database,
    path: Path,
    *,
    now: datetime,
    actor: str,
    progress: Progress | None = None,
) -> Import:
    """Fill an empty store and return what was done, as an import that has ended.

    Private posts come back too: whoever wrote the export asked for everything. `progress` hears
    (bytes read, bytes in all). Raise Conflict where the store is not empty, and BadArchive where
    the export is damaged; the store is then as it was.
    """
    run = Import(KIND, path.resolve().name, now, _refuse)
    with open_bundle(path) as bundle:
        heard = _teller(bundle, progress)
        with database.read() as session:
            _must_be_empty(session)
        tables = check(bundle, heard)
        try:
            with database.write() as session:
                _must_be_empty(session)
                filling = Refill(session, bundle, tables, heard, now, run.sources)
                _fill(filling)
                _count(run, tables)
                target = ", ".join(sorted(run.sources)) or run.source
                detail = dict(run.counts)
                audit.note(session, now, actor, "import", target[:TARGET_LIMIT], detail)
        except IntegrityError as error:
            raise BadArchive(f"{path} names one thing twice: export it again") from error
    return run


def _refuse(reject: Reject) -> None:
    """Hear of no refused record: an export is read whole, or not at all."""


def _must_be_empty(session: Session) -> None:
    if not queries.is_empty(session):
        raise Conflict(
            "the store is not empty, and an export of every table fills an empty one: let "
            "GROUNDSWELL_DATA_DIR name a new folder"
        )


def _teller(bundle: Bundle, progress: Progress | None) -> Callable[[int], None]:
    """Return what is told of bytes; every file is read twice, to check it and to use it."""
    names = {f"{name}.jsonl" for name in TABLES}
    total = 2 * sum(entry.size for entry in bundle.entries if entry.name in names)
    done = 0

    def heard(size: int) -> None:
        nonlocal done
        done += size
        if progress is not None:
            progress(min(done, total), total)

    return heard


def _count(run: Import, tables: Mapping[str, Table]) -> None:
    run.counts["records"] = run.counts["added"] = sum(tables[name].rows for name in COUNTED)
    run.counts["members_added"] = tables["members"].rows
    run.counts["threads_added"] = tables["threads"].rows


def _fill(refill: Refill) -> None:
    _sources(refill)
    for batch in refill.batches("accounts"):
        load.add_accounts(refill.session, [row.values for row in batch])
    members(refill)
    merges(refill)
    for name, write in WRITE.items():
        for batch in refill.batches(name):
            write(refill, batch)
    for source in refill.sources.values():
        load.link_replies(refill.session, source.id)


def _sources(refill: Refill) -> None:
    for row in refill.rows("sources"):
        name, platform = row.values["name"], row.values["platform"]
        made = load.add_source(refill.session, name, row.values["kind"], platform, refill.now)
        if row.values["address"] is not None:
            changed = {"id": made, "address": row.values["address"]}
            load.change(refill.session, Source, [changed])
        refill.sources[name] = SourceRef(made, platform)
