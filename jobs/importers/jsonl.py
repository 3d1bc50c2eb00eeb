"""Posts as JSON Lines, or as one JSON list: the archive schema and the names of other exports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from jobs.importers.bundle import Bundle
from jobs.importers.peek import JSON, UTTERANCES, peek
from jobs.importers.rows import Row, items, rows
from service.ingest.formats.archive import AUTHOR, CREATED_AT, ID, TEXT, post
from service.ingest.records import Item, Progress

__all__ = ["fits", "post", "read"]

# Fields of saved answers of APIs and of other exports, which have kinds of their own.
OTHERS = frozenset({"html_url", "author_association", "authorAssociation", "post_stream", "guild"})


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the posts of a file, plain or packed with gzip or bzip2."""

    def parse(row: Row) -> Item:
        return post(row.values, row.place, now, row.raw)

    return items(rows(path, progress), parse)


def fits(bundle: Bundle) -> bool:
    """Return whether an archive is one file of posts as JSON objects."""
    seen = peek(bundle)
    if seen is None or seen.form != JSON or seen.names & OTHERS:
        return False
    if bundle.entries[0].name == UTTERANCES or {"speaker", "meta"} <= seen.names:
        return False
    return all(seen.names & set(names) for names in (ID, AUTHOR, CREATED_AT, TEXT))
