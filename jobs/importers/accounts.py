"""Companies, as JSON Lines or as a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.importers.bundle import Bundle
from jobs.importers.cells import Kinds, typed
from jobs.importers.csv_rows import is_table, table
from jobs.importers.events import DOMAIN_LIMIT
from jobs.importers.peek import peek
from jobs.importers.rows import items, rows
from service.ingest.fields import needed, number, word
from service.ingest.records import AccountRecord, Item, Progress

KINDS: Kinds = {"annual_value": "number"}
NAMES = {name: name for name in ("domain", "name", "plan", "annual_value")}
# What would make it a table of people, posts or events that happens to name a domain.
OTHERS = frozenset({"id", "text", "body", "kind", "author"})


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the accounts of a file, plain or packed, of JSON objects or a table."""
    if is_table(path):
        found = table(path, progress, NAMES, ("domain",))
        return items(found, lambda row: account(typed(row.values, KINDS), row.place, now))
    return items(rows(path, progress), lambda row: account(row.values, row.place, now))


def fits(bundle: Bundle) -> bool:
    """Return whether an archive is one file of companies."""
    seen = peek(bundle)
    return seen is not None and "domain" in seen.names and not seen.names & OTHERS


def account(row: dict[str, Any], place: str, now: datetime) -> AccountRecord:
    """Return the account of one object; raise BadRecord with the reason where there is none."""
    return AccountRecord(
        domain=needed(row, ("domain",), DOMAIN_LIMIT).lower(),
        name=word(row, ("name",), 200),
        plan=word(row, ("plan",), 100),
        annual_value=number(row, ("annual_value",)),
        place=place,
    )
