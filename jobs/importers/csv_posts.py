"""Posts as a table: the archive schema, the names of other exports, and what we export."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from jobs.importers.bundle import Bundle
from jobs.importers.cells import Kinds, typed
from jobs.importers.csv_rows import table
from jobs.importers.peek import TABLE, peek
from jobs.importers.rows import Row, items
from service.ingest.formats import archive
from service.ingest.formats.archive import post
from service.ingest.records import Item, Progress

REQUIRED = ("id", "author", "created_at", "text")
# Names that only tables use: those of tools that save what an API answers as a table.
TABLES = {
    "id": ("post_id", "message_id"),
    "author": ("user_id", "author_id"),
    "author_name": ("displayname",),
    "text": ("content", "message"),
    "thread_id": ("topic_id",),
}
FIELDS = (
    archive.ID,
    archive.AUTHOR,
    archive.AUTHOR_NAME,
    archive.AUTHOR_EMAIL,
    archive.VERIFIED,
    archive.CREATED_AT,
    archive.EDITED_AT,
    archive.TEXT,
    archive.THREAD,
    archive.TITLE,
    archive.PARENT,
    archive.CHANNEL,
    archive.URL,
    archive.RESOLVED,
)
KINDS: Kinds = {
    "accepted": "flag",
    "author_verified": "flag",
    "flat": "flag",
    "is_bot": "flag",
    "is_deleted": "flag",
    "is_staff": "flag",
    "resolved": "flag",
    "truncated": "flag",
    "likes": "number",
    "reactions": "json",
    "author_links": "list",
}
OTHERS = ("source", "platform", "visibility", "accepted_answer_id", *KINDS)
NAMES = (
    {alias: first for first, aliases in TABLES.items() for alias in aliases}
    | {name: name for name in OTHERS}
    | {alias.lower(): aliases[0] for aliases in FIELDS for alias in aliases}
)


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the posts of a table, plain or packed; raise BadArchive where the header is none."""

    def parse(row: Row) -> Item:
        values = {"text": ""} | typed(row.values, KINDS)
        if row.more:
            # A field that no record has: such a row is kept as it came.
            values["more"] = True
        return post(values, row.place, now, row.raw)

    return items(table(path, progress, NAMES, REQUIRED), parse)


def fits(bundle: Bundle) -> bool:
    """Return whether an archive is one file whose first line names the columns of posts."""
    seen = peek(bundle)
    if seen is None or seen.form != TABLE:
        return False
    return {NAMES.get(name) for name in seen.names} >= set(REQUIRED)
