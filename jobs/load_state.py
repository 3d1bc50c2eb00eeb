"""What one import carries from batch to batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import TypeVar

from sqlalchemy.orm import Session

from jobs.importers.records import EventRecord, PostRecord, Reject
from jobs.rejects import Rejects
from service.db.queries import load as queries

Sourced = TypeVar("Sourced", PostRecord, EventRecord)
Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class Import:
    """One import under way: its settings, its counts, and the ids that it has met."""

    kind: str
    source: str
    now: datetime
    rejects: Rejects
    counts: Counter[str] = field(default_factory=Counter)
    source_ids: dict[str, int] = field(default_factory=dict)
    _met: set[bytes] = field(default_factory=set)
    _hidden: set[bytes] = field(default_factory=set)

    def meet(self, *key: str) -> bool:
        """Return whether a key comes for the first time in this import."""
        digest = _digest(key)
        if digest in self._met:
            return False
        self._met.add(digest)
        return True

    def hide(self, *key: str) -> None:
        """Note that a record of this import calls what has the key private."""
        self._hidden.add(_digest(key))

    def hides(self, *key: str) -> bool:
        """Return whether a record of this import has called what has the key private."""
        return _digest(key) in self._hidden

    def refuse(self, place: str, reason: str, raw: str) -> None:
        """Count a refused record and keep it for the person who can mend it."""
        self.counts["rejected"] += 1
        self.rejects.add(Reject(place, reason, raw))

    def find_sources(self, session: Session, names: Iterable[str]) -> None:
        """Look up the ids of sources that this import has not met."""
        unknown = set(names) - self.source_ids.keys()
        if unknown:
            self.source_ids |= queries.source_ids(session, unknown)

    def source_id(self, session: Session, name: str) -> int:
        """Return the id of a source, which is made where it is missing."""
        if name not in self.source_ids:
            self.find_sources(session, [name])
        if name not in self.source_ids:
            self.source_ids[name] = queries.add_source(session, name, self.kind, self.now)
        return self.source_ids[name]

    def by_source(self, records: Iterable[Sourced]) -> dict[str, list[Sourced]]:
        """Return the records under the names of their sources, in order."""
        groups: dict[str, list[Sourced]] = {}
        for record in records:
            groups.setdefault(record.source or self.source, []).append(record)
        return groups


def _digest(key: tuple[str, ...]) -> bytes:
    # 64 bits of each id, not the id: archives of millions of posts fit in memory.
    return blake2b("\0".join(key).encode(), digest_size=8).digest()
