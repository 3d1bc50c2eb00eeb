"""An archive into the record: streamed, safe to repeat, to stop and to resume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path

from jobs.importers import zulip
from jobs.importers.records import AccountRecord, EventRecord, Item, PostRecord, Progress
from jobs.importers.registry import importer
from jobs.load_events import store_accounts, store_events
from jobs.load_posts import store_posts
from jobs.load_state import Import
from jobs.load_threads import join_strays
from jobs.rejects import Rejects, rejects_path
from service.db.queries import audit
from service.db.queries import load as queries
from service.db.session import Database
from service.errors import BadArchive, InvalidInput
from service.settings import Settings

BATCH = 1_000
BATCH_CHARS = 1 << 24
SOURCE_LIMIT = 200
NOT_COUNTED = ("sources", "rejects_file")


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did; records = added + updated + unchanged + rejected + private_skipped.

    `sources` are the names that records went to; `withdrawn` counts posts that were stored and
    are private now, also where an earlier record of this import stored them; `orphan_replies`
    counts every reply of these sources whose parent is nowhere, those of earlier imports too.
    """

    sources: tuple[str, ...]
    records: int
    added: int
    updated: int
    unchanged: int
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
    actor: str,
    progress: Progress | None = None,
) -> ImportResult:
    """Import an archive and return what it did.

    Records go in by batches, each in a transaction of its own; what is there already is left
    as it is. `source` names records that do not name their own; left out, the file's name does.
    `progress` hears (bytes read, bytes in all). Raises BadArchive where nothing can be read.
    """
    items = importer(kind).read(path, now=now, progress=progress or _silent)
    name = source or _stem(kind, path)
    if not name.strip() or len(name) > SOURCE_LIMIT:
        raise InvalidInput(f"a source needs a name of 1 to {SOURCE_LIMIT} characters")
    kept = rejects_path(settings.rejects_dir, name, path, now)
    with Rejects(kept) as rejects:
        run = Import(kind, name, now, rejects)
        for batch in _batches(items, settings.max_post_chars):
            run.counts["records"] += len(batch)
            _store(database, batch, run)
        if not run.counts["records"]:
            raise BadArchive(f"{path} holds no record: export it again, or name another file")
        _finish(database, run, actor)
        return _result(run, rejects.close())


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def _stem(kind: str, path: Path) -> str:
    """Return the name that an archive gives its source."""
    if kind == "zulip-archive":
        return zulip.source_name(path)[:SOURCE_LIMIT]
    return path.name.lstrip(".").split(".")[0][:SOURCE_LIMIT] or "import"


def _batches(items: Iterable[Item], max_chars: int) -> Iterator[list[Item]]:
    """Yield the items by batches that fit in memory, with texts cut to `max_chars`."""
    batch: list[Item] = []
    chars = 0
    for item in items:
        if isinstance(item, PostRecord):
            if len(item.text) > max_chars:
                item = replace(item, text=item.text[:max_chars], truncated=True)
            chars += len(item.text)
        batch.append(item)
        if len(batch) >= BATCH or chars >= BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _store(database: Database, batch: Iterable[Item], run: Import) -> None:
    """Write a batch; records of one kind keep their order."""
    posts, events, accounts = [], [], []
    for item in batch:
        if isinstance(item, PostRecord):
            posts.append(item)
        elif isinstance(item, EventRecord):
            events.append(item)
        elif isinstance(item, AccountRecord):
            accounts.append(item)
        else:
            run.refuse(item.place, item.reason, item.raw)
    if posts:
        store_posts(database, posts, run)
    if events:
        store_events(database, events, run)
    if accounts:
        store_accounts(database, accounts, run)


def _finish(database: Database, run: Import, actor: str) -> None:
    """Link replies, join threads and write the audit entry."""
    with database.write() as session:
        for source_id in run.source_ids.values():
            queries.link_replies(session, source_id)
            run.counts["threads_added"] -= join_strays(session, source_id)
            run.counts["orphan_replies"] += queries.orphan_replies(session, source_id)
        target = ", ".join(sorted(run.source_ids)) or run.source
        audit.note(session, run.now, actor, "import", target[:SOURCE_LIMIT], dict(run.counts))


def _result(run: Import, rejects_file: Path | None) -> ImportResult:
    names = [field.name for field in fields(ImportResult) if field.name not in NOT_COUNTED]
    counts = {name: run.counts[name] for name in names}
    return ImportResult(sources=tuple(sorted(run.source_ids)), rejects_file=rejects_file, **counts)
