"""Syncs: which sources, one after the other, and what each of them did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from jobs.load import SOURCE_LIMIT, ImportResult, result
from jobs.lock import hold
from jobs.rejects import Rejects, rejects_path
from jobs.sync import cursors
from jobs.sync.client import LATER, Client, Pace
from jobs.sync.live import Cursor, Live, Place
from jobs.sync.registry import live_source
from jobs.sync.store import SyncedSource
from service.db.queries import sources
from service.db.session import Database
from service.errors import GroundswellError, InvalidInput, SyncFailed
from service.ingest.fields import BadRecord
from service.ingest.records import Progress
from service.ingest.state import Import
from service.ingest.store import finish
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Target:
    """One source to sync."""

    live: Live
    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What the sync of one source did. `error` says why it stopped, None where it came to its end.

    `waited` is in seconds. Of a sync that stopped, `imported` counts what came in before; it is
    None where the sync could not begin.
    """

    source: str
    kind: str
    address: str
    requests: int = 0
    waited: float = 0.0
    error: str | None = None
    imported: ImportResult | None = None


def target(database: Database, kind: str, address: str, name: str | None = None) -> Target:
    """Return the source of an address: the one that is synced from there, or one to be made.

    Raises InvalidInput where the address is none of the kind, or the name is another source's.
    """
    live = live_source(kind)
    place = live.locate(address)
    if name is not None and (not name.strip() or len(name) > SOURCE_LIMIT):
        raise InvalidInput(f"a source needs a name of 1 to {SOURCE_LIMIT} characters")
    with database.read() as session:
        here = sources.by_address(session, kind, place.address)
        if here is not None:
            if name not in (None, here.name):
                raise InvalidInput(f"{place.address} is synced as {here.name}: leave out --source")
            return Target(live, place, here.name)
        name = name or place.name[:SOURCE_LIMIT]
        held = sources.by_name(session, name)
    if held is not None and held.address is not None:
        raise InvalidInput(f"{name} is synced from {held.address}: name this one with --source")
    return Target(live, place, name)


def synced(database: Database) -> list[tuple[str, str, str]]:
    """Return name, kind and address of every synced source; raise InvalidInput where none is."""
    with database.read() as session:
        rows = sources.synced(session)
    if not rows:
        raise InvalidInput("no source is synced yet: write `groundswell sync KIND ADDRESS`")
    return [(row.name, row.kind, row.address) for row in rows]


def sync(
    database: Database,
    to: Target,
    settings: Settings,
    pace: Pace,
    *,
    actor: str,
    include_private: bool | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> SyncResult:
    """Sync one source and return what that did.

    Page by page goes in, each with its cursor; where the platform fails, what came before stays
    and the next sync goes on from there. `include_private` None is as the last sync was asked;
    `full` reads everything anew. Raises Busy where another process syncs the source.
    """
    now = pace.clock()
    with (
        hold(_lock(settings.data_dir, to.name)),
        Rejects(rejects_path(settings.rejects_dir, to.name, Path(to.place.address), now)) as bad,
    ):
        source = SyncedSource(database, to.live.kind, to.place, to.name)
        source.find()
        cursor = _start(source.cursor, include_private, full)
        run = Import(
            to.live.kind,
            to.name,
            now,
            bad.add,
            include_private=cursor[cursors.PRIVATE],
            live=True,
            keep_raw=settings.keep_raw,
            counts=Counter(),
        )
        access = to.live.access(settings)
        with Client(to.place.api, access, pace) as client:
            error = _pull(client, to, source, cursor, run, settings, progress)
        if run.counts["records"]:
            finish(database, run, actor, "sync")
        if error is None:
            source.ended(now)
        return SyncResult(
            source=to.name,
            kind=to.live.kind,
            address=to.place.address,
            requests=client.requests,
            waited=round(client.waited, 3),
            error=None if error is None else str(error),
            imported=replace(result(run, bad.close()), sources=(to.name,)),
        )


def _pull(
    client: Client,
    to: Target,
    source: SyncedSource,
    cursor: Cursor,
    run: Import,
    settings: Settings,
    progress: Progress | None,
) -> GroundswellError | None:
    """Write page after page; return why that stopped, None where it came to its end."""
    try:
        pages = to.live.pull(client, to.place.address, cursor, now=run.now, stored=source)
        for page in pages:
            page.cursor[cursors.PRIVATE] = cursor[cursors.PRIVATE]
            source.take(page, run, settings.max_post_chars)
            if progress is not None:
                progress(page.done, page.total or page.done)
    except SyncFailed as error:
        return error
    except BadRecord as error:
        return SyncFailed(f"{client.host} answers in a shape that is not known ({error}): {LATER}")
    return None


def _start(kept: str | None, include_private: bool | None, full: bool) -> Cursor:
    """Return the cursor to begin with; what was left out as private is read when it is wanted."""
    cursor = cursors.unpacked(kept)
    before = cursor.get(cursors.PRIVATE) is True
    wanted = before if include_private is None else include_private
    if full or (wanted and not before):
        cursor = {}
    return {**cursor, cursors.PRIVATE: wanted}


def _lock(folder: Path, name: str) -> Path:
    return folder / f"sync-{blake2b(name.encode(), digest_size=8).hexdigest()}.lock"
