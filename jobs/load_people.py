"""Handles to members: one identity, one member, made when first met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.db.models import Member
from service.db.queries import load as queries
from service.db.queries.load import Found


@dataclass(slots=True)
class Person:
    """What a batch says about the holder of a handle; `at` is the earliest time it tells of."""

    handle: str
    at: datetime
    name: str | None = None
    is_bot: bool = False
    is_staff: bool = False
    renamed: bool = False

    def merge(self, other: Person) -> None:
        """Add what another record says."""
        self.at = min(self.at, other.at)
        self.name = other.name if self.name is None or other.renamed else self.name
        self.is_bot |= other.is_bot
        self.is_staff |= other.is_staff
        self.renamed |= other.renamed


def gather(people: Iterable[Person]) -> dict[str, Person]:
    """Return one person for each handle."""
    found: dict[str, Person] = {}
    for person in people:
        if person.handle in found:
            found[person.handle].merge(person)
        else:
            found[person.handle] = person
    return found


def members(
    session: Session, platform: str, people: Mapping[str, Person]
) -> tuple[dict[str, int], int]:
    """Return the member ids by handle, and how many members were made."""
    if not people:
        return {}, 0
    known = queries.people(session, platform, people.keys())
    changes = [change for handle, row in known.items() if (change := _change(row, people[handle]))]
    queries.change(session, Member, changes)
    new = {
        handle: {
            "name": person.name or handle,
            "is_bot": person.is_bot,
            "is_staff": person.is_staff,
            "created_at": person.at,
        }
        for handle, person in people.items()
        if handle not in known
    }
    ids = {handle: row.id for handle, row in known.items()}
    if new:
        ids |= queries.add_members(session, platform, new)
    return ids, len(new)


def _change(row: Found, person: Person) -> dict[str, Any] | None:
    """Return the member's new columns; None where nothing is new."""
    named = person.name and (person.renamed or row.name == row.value)
    old = (row.name, row.is_bot, row.is_staff, row.created_at)
    new = (
        person.name if named else row.name,
        row.is_bot or person.is_bot,
        row.is_staff or person.is_staff,
        min(row.created_at, person.at),
    )
    if new == old:
        return None
    columns = ("name", "is_bot", "is_staff", "created_at")
    return {"id": row.id, **dict(zip(columns, new, strict=True))}
