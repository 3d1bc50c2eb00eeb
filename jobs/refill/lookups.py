"""A store being filled, and what the rows of an export name by natural key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from jobs.importers.bundle import Bundle
from jobs.importers.groundswell import Table, batched, rows
from jobs.importers.rows import Row
from service.db.queries import restore as queries
from service.errors import BadArchive
from service.ingest.state import SourceRef

Key = tuple[str, str]
Of = TypeVar("Of", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Refill:
    """A store being filled: the transaction, the export, the sources by name."""

    session: Session
    bundle: Bundle
    tables: Mapping[str, Table]
    heard: Callable[[int], None]
    now: datetime
    sources: dict[str, SourceRef]

    def rows(self, name: str) -> Iterator[Row]:
        """Yield the rows of a table; an export that is older than the table has none."""
        table = self.tables.get(name)
        return rows(self.bundle, table, self.heard) if table else iter(())

    def batches(self, name: str) -> Iterator[list[Row]]:
        """Yield the rows of a table by batches."""
        return batched(self.rows(name))


def picked(row: Row, *names: str) -> dict[str, Any]:
    """Return some of the values of a row."""
    return {name: row.values[name] for name in names}


def source(refill: Refill, row: Row) -> SourceRef:
    """Return the source that a row names."""
    found: SourceRef = one(refill, row, refill.sources, row.values["source"], "a source")
    return found


def by_source(refill: Refill, batch: Iterable[Row]) -> dict[int, list[Row]]:
    """Return the rows by the ids of their sources."""
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for row in batch:
        groups[source(refill, row).id].append(row)
    return groups


def post(row: Row, field: str) -> Key:
    """Return the (source, external id) of the post that a field of a row names."""
    return row.values["source"], row.values[field]


def post_ids(refill: Refill, batch: list[Row], *fields: str) -> dict[Key, int]:
    """Return the ids of the posts that the rows name, by (source, external id)."""
    found: dict[Key, int] = {}
    for source_id, group in by_source(refill, batch).items():
        name = group[0].values["source"]
        wanted = {row.values[field] for row in group for field in fields} - {None}
        known = queries.post_ids(refill.session, source_id, wanted)
        found |= {(name, external_id): id_ for external_id, id_ in known.items()}
    for row in batch:
        for field in fields:
            if row.values[field] is not None:
                one(refill, row, found, post(row, field), "a post")
    return found


def handles(refill: Refill, batch: list[Row], *fields: str) -> dict[Key, Any]:
    """Return the handles that the rows name, by (platform, handle)."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for row in batch:
        for field in fields:
            platform, value = row.values[field]
            wanted[platform].add(value)
    found: dict[Key, Any] = {}
    for platform, values in wanted.items():
        known = queries.handles(refill.session, platform, values)
        found |= {(platform, value): handle for value, handle in known.items()}
    for row in batch:
        for field in fields:
            one(refill, row, found, row.values[field], "a member")
    return found


def one(refill: Refill, row: Row, found: Mapping[Of, Any], key: Of | None, what: str) -> Any:
    """Return what a row names, or None where it names nothing; raise BadArchive if it is not."""
    if key is None:
        return None
    if key not in found:
        raise wrong(refill, row, f"names {what} that the export does not hold")
    return found[key]


def wrong(refill: Refill, row: Row, reason: str) -> BadArchive:
    """Return the error that says where an export cannot be used, and why."""
    return BadArchive(f"{refill.bundle.path}: {row.place} {reason}: export it again")
