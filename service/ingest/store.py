"""Items into the record: streamed, safe to repeat, to stop and to resume."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from service.db.queries import audit
from service.db.queries import load as queries
from service.db.session import Database
from service.ingest.events import store_accounts, store_events
from service.ingest.posts import store_deletions, store_posts
from service.ingest.records import AccountRecord, Deletion, EventRecord, Item, PostRecord, Reject
from service.ingest.state import Import
from service.ingest.threads import link

TARGET_LIMIT = 200
STORES = {
    PostRecord: store_posts,
    Deletion: store_deletions,
    EventRecord: store_events,
    AccountRecord: store_accounts,
}


def store(database: Database, batch: Iterable[Item], run: Import) -> None:
    """Write a batch, each run of items of one kind in a transaction of its own."""
    good: list[Item] = []
    for item in batch:
        run.counts["records"] += 1
        if isinstance(item, Reject):
            run.refuse(item.place, item.reason, item.raw)
        else:
            good.append(item)
    for kind, group in groupby(good, type):
        STORES[kind](database, list(group), run)  # type: ignore[operator]


def finish(database: Database, run: Import, actor: str, action: str = "import") -> None:
    """Link replies, join threads and write the audit entry."""
    with database.write() as session:
        for source in run.sources.values():
            if not run.live:
                run.counts["threads_added"] -= link(session, source.id)
                run.counts["orphan_replies"] += queries.orphan_replies(session, source.id)
        target = ", ".join(sorted(run.sources)) or run.source
        audit.note(session, run.now, actor, action, target[:TARGET_LIMIT], dict(run.counts))
