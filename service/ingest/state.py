"""What one import carries from batch to batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from service.db.queries import load as queries
from service.ingest.keys import Keys
from service.ingest.people import Person
from service.ingest.records import Reject


class Sourced(Protocol):
    """A record that may name its source."""

    @property
    def source(self) -> str | None:
        """The name of the source; None for that of the import."""


Record = TypeVar("Record", bound=Sourced)
Key = TypeVar("Key", bound=Hashable)
# Hears what became of the record at a place: added, updated, unchanged, deleted, private, rejected.
Outcome = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A source as an import knows it. One that it made holds nothing but what it has met."""

    id: int
    platform: str
    made_here: bool = False


@dataclass(slots=True)
class Import:
    """One import under way: its settings, its counts, and the ids that it has met.

    `live` says that the records tell how things are now, not how they were when a file was
    written: a deleted post that comes again is there again. They are few, so that each batch links
    its own replies, where an archive is linked as a whole in the end. `newest_post` is the id of
    the last post that it wrote: while none is newer, nobody else has written any.
    """

    kind: str
    source: str
    now: datetime
    rejects: Callable[[Reject], None]
    include_private: bool = False
    live: bool = False
    keep_raw: bool = True
    outcome: Outcome | None = None
    counts: Counter[str] = field(default_factory=Counter)
    sources: dict[str, SourceRef] = field(default_factory=dict)
    newest_post: int = -1
    _said: dict[tuple[str, str], Person] = field(default_factory=dict)
    _met: Keys = field(default_factory=Keys)
    _hidden: Keys = field(default_factory=Keys)

    def meet(self, *key: str) -> bool:
        """Return whether a key comes for the first time in this import."""
        return self._met.add(*key)

    def hide(self, *key: str) -> None:
        """Note that a record of this import calls what has the key private."""
        self._hidden.add(*key)

    def hides(self, *key: str) -> bool:
        """Return whether a record of this import has called what has the key private."""
        return bool(self._hidden) and key in self._hidden

    def count(self, outcome: str, place: str) -> None:
        """Count what became of a record."""
        self.counts[outcome] += 1
        if self.outcome is not None:
            self.outcome(place, outcome)

    def refuse(self, place: str, reason: str, raw: str) -> None:
        """Count a refused record and keep it for the person who can mend it."""
        self.count("rejected", place)
        self.rejects(Reject(place, reason, raw))

    def anew(self) -> Import:
        """Return the same import with no id met: for records that may tell of an id again."""
        return replace(self, _met=Keys(), _hidden=Keys())

    def say(self, platform: str, persons: Mapping[str, Person]) -> None:
        """Note what was written of the holders of handles."""
        for handle, one in persons.items():
            known = self._said.get((platform, handle))
            self._said[platform, handle] = one if known is None else known.joined(one)

    def unsaid(self, platform: str, persons: Mapping[str, Person]) -> dict[str, Person]:
        """Return the persons of whom something is said that this import has not written."""
        found = {}
        for handle, one in persons.items():
            known = self._said.get((platform, handle))
            if known is None or known.joined(one) != known:
                found[handle] = one
        return found

    def find_sources(self, session: Session, names: Iterable[str]) -> None:
        """Look up the sources that this import has not met."""
        unknown = set(names) - self.sources.keys()
        if unknown:
            found = queries.sources(session, unknown)
            self.sources |= {row.name: SourceRef(row.id, row.platform) for row in found}

    def source_of(self, session: Session, name: str, platform: str | None) -> SourceRef:
        """Return a source, which is made where it is missing."""
        if name not in self.sources:
            self.find_sources(session, [name])
        if name not in self.sources:
            platform = platform or name
            made = queries.add_source(session, name, self.kind, platform, self.now)
            self.sources[name] = SourceRef(made, platform, made_here=True)
        return self.sources[name]

    def by_source(self, records: Iterable[Record]) -> dict[str, list[Record]]:
        """Return the records under the names of their sources, in order."""
        groups: dict[str, list[Record]] = {}
        for record in records:
            groups.setdefault(record.source or self.source, []).append(record)
        return groups
