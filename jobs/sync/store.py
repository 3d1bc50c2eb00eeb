"""Pages into the record, each with its cursor, and what is stored of a source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from jobs.sync import cursors
from jobs.sync.live import Page, Place
from service.db.queries import sources
from service.db.session import Database
from service.ingest.reading import batches
from service.ingest.records import Deletion, EventRecord, Item, PostRecord
from service.ingest.state import Import
from service.ingest.store import store

# Deletions after posts: what is gone in the end has come before.
ORDER = (PostRecord, Deletion)


@dataclass(slots=True)
class SyncedSource:
    """A source under sync. It is made with its first page: a wrong address leaves nothing."""

    database: Database
    kind: str
    place: Place
    name: str
    id: int | None = None
    cursor: str | None = None

    def thread(self, external_id: str) -> dict[str, str | None]:
        """Return the posts of a thread that are not deleted: external id to web address."""
        if self.id is None:
            return {}
        with self.database.read() as session:
            return sources.thread_posts(session, self.id, external_id)

    def is_public(self, external_id: str) -> bool:
        """Return whether a thread is stored that everyone may read."""
        if self.id is None:
            return False
        with self.database.read() as session:
            return sources.is_public(session, self.id, external_id)

    def threads(self) -> list[str]:
        """Return the external ids of threads with a post that is not deleted."""
        if self.id is None:
            return []
        with self.database.read() as session:
            return sources.live_threads(session, self.id)

    def recent(self, since: datetime, limit: int) -> list[str]:
        """Return external ids of posts since a time that are not deleted, newest first."""
        if self.id is None:
            return []
        with self.database.read() as session:
            return sources.recent_posts(session, self.id, since, limit)

    def find(self) -> None:
        """Look up what is known of the source."""
        with self.database.read() as session:
            row = sources.by_name(session, self.name)
        if row is not None:
            self.id = row.id
            self.cursor = row.cursor if row.address == self.place.address else None

    def take(self, page: Page, run: Import, max_chars: int) -> None:
        """Write a page and then its cursor: a crash in between repeats the page, which is safe."""
        source_id = self._settled(run.now)
        # A page of its own: what came in an earlier one may have been edited since.
        part = run.anew()
        for batch in batches(tidy(page.items), max_chars):
            store(self.database, batch, part)
        text = cursors.packed(page.cursor)
        if text != self.cursor:
            with self.database.write() as session:
                sources.advance(session, source_id, text)
            self.cursor = text

    def ended(self, now: datetime) -> None:
        """Note that a sync has come to its end."""
        source_id = self._settled(now)
        with self.database.write() as session:
            sources.note_synced(session, source_id, now)

    def _settled(self, now: datetime) -> int:
        """Return the id of the source, which is made, or given its address, where need be."""
        if self.id is not None and self.cursor is not None:
            return self.id
        with self.database.write() as session:
            if self.id is None:
                self.id = sources.add_synced(
                    session, self.name, self.kind, self.place.platform, self.place.address, now
                )
            else:
                sources.settle(session, self.id, self.kind, self.place.address)
        self.cursor = ""
        return self.id


def tidy(items: list[Item]) -> list[Item]:
    """Return the items of a page for the source that is synced, the last of each post only."""
    posts: dict[str, PostRecord | Deletion] = {}
    others: list[Item] = []
    for item in items:
        if isinstance(item, PostRecord | Deletion):
            posts.pop(item.external_id, None)
            posts[item.external_id] = replace(item, source=None)
        else:
            others.append(replace(item, source=None) if isinstance(item, EventRecord) else item)
    return [*sorted(posts.values(), key=lambda item: ORDER.index(type(item))), *others]
