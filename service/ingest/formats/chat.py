"""What the formats of chats share: people, reactions, and values that may be left out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from service.ingest.fields import COUNT_LIMIT, ID_LIMIT, BadRecord, Row, first, kind, moment, word
from service.ingest.formats.reactions import ordered
from service.ingest.formats.values import listed
from service.ingest.records import Deletion, EventRecord, PostRecord, ReactionRecord, raw_text

EMOJI_LIMIT = 200
Counted = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Person:
    """What a platform tells of one account; None and False where it does not say.

    `email` is one that the platform has checked itself.
    """

    name: str | None = None
    email: str | None = None
    links: tuple[str, ...] = ()
    is_bot: bool = False
    is_staff: bool = False
    is_deleted: bool = False
    joined_at: datetime | None = None


def signed(record: PostRecord, person: Person) -> PostRecord:
    """Return the post with what is known of its author."""
    return replace(
        record,
        author_name=person.name,
        author_email=person.email,
        verified=person.email is not None,
        author_links=person.links,
        is_bot=person.is_bot,
        is_staff=person.is_staff,
        is_deleted=person.is_deleted,
    )


def arrival(member: str, at: datetime, place: str = "") -> EventRecord:
    """Return the event of a person's joining, under an id that is the same from any source."""
    return EventRecord(f"joined/{member}"[:ID_LIMIT], "joined", at, member, place=place)


@dataclass(slots=True)
class Arrivals:
    """When people joined, told only of those who wrote where anyone may read."""

    authors: set[str] = field(default_factory=set)
    joins: dict[str, EventRecord] = field(default_factory=dict)

    def wrote(self, found: PostRecord | Deletion | None) -> None:
        """Note who wrote a public post."""
        if isinstance(found, PostRecord) and found.visibility == "public":
            self.authors.add(found.author)

    def join(self, event: EventRecord | None) -> None:
        """Keep the earliest of a person's joins."""
        if event is not None and event.member is not None:
            known = self.joins.get(event.member)
            if known is None or event.occurred_at < known.occurred_at:
                self.joins[event.member] = event

    def told(self) -> list[EventRecord]:
        """Return the joins of those who wrote, in the order of their handles."""
        return [self.joins[member] for member in sorted(self.joins.keys() & self.authors)]


def item(value: Any, name: str = "message") -> dict[str, Any]:
    """Return an item that must be a JSON object."""
    if not isinstance(value, dict):
        raise BadRecord(f"the {name} is no JSON object")
    return value


def objects(row: Row, name: str) -> list[dict[str, Any]]:
    """Return a list of JSON objects; empty where it is missing."""
    value = listed(row, name)
    for entry in value:
        if not isinstance(entry, dict):
            raise BadRecord(f"an entry of `{name}` is {kind(entry)}; it must be an object")
    return value


def either(row: Row, *names: str) -> str | None:
    """Return the first short text that is not blank, or None."""
    for name in names:
        found = word(row, (name,))
        if found:
            return found
    return None


def moment_or_none(row: Row, names: tuple[str, ...], now: datetime) -> datetime | None:
    """Return a time as aware UTC; None where it is missing, empty or 0, as "never" is written."""
    value = first(row, names)
    if value is None or value == "" or (value == 0 and not isinstance(value, bool)):
        return None
    return moment(row, names, now)


def mail(row: Row, *names: str) -> str | None:
    """Return an e-mail address in lower case; None where there is none."""
    found = either(row, *names)
    return found.lower() if found and "@" in found.strip("@") else None


def reacted(name: str, people: Iterable[str], count: int) -> Iterator[Counted]:
    """Yield one reaction by its people, and as a count what goes beyond those who are named."""
    named = {person for person in people if person}
    for person in named:
        yield name, person, 1
    if count > len(named):
        yield name, "", count - len(named)


def tally(found: Iterable[Counted]) -> tuple[ReactionRecord, ...]:
    """Return reactions in a fixed order, each person once for each name."""
    counts: dict[tuple[str, str], int] = {}
    for name, author, count in found:
        counts[name, author] = 1 if author else counts.get((name, ""), 0) + count
    return ordered(counts)


def whole(row: Row, name: str) -> int:
    """Return a whole number from 0 to 2147483647; 0 where it is missing."""
    value = row.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < COUNT_LIMIT:
        raise BadRecord(f"`{name}` must be a whole number from 0 to 2147483647")
    return value


def beginning(value: Any) -> str:
    """Return how an item begins, for the list of refused records."""
    try:
        return raw_text(json.dumps(value).encode())
    except (ValueError, TypeError, RecursionError):
        return ""
