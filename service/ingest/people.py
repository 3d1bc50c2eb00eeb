"""Handles to members: one handle, one member, made when it is first met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.db.models import Identity, Member
from service.db.queries import identities
from service.db.queries import load_people as queries
from service.db.queries.load import change
from service.db.queries.load_people import Found
from service.ingest.records import PostRecord


@dataclass(frozen=True, slots=True)
class Person:
    """What is said of the holder of a handle.

    `since` is the earliest time it tells of; `said_at` is when the newest record was made that
    told a name, an e-mail or links, None where none did.
    """

    handle: str
    since: datetime
    said_at: datetime | None = None
    name: str | None = None
    email: str | None = None
    verified: bool = False
    links: tuple[str, ...] = ()
    is_bot: bool = False
    is_staff: bool = False
    is_deleted: bool = False

    def joined(self, other: Person) -> Person:
        """Return both sayings as one: the newer one counts, the older fills what it leaves out."""
        newer, older = (other, self) if other._rank() > self._rank() else (self, other)
        mail = newer if newer.email else older
        return replace(
            newer,
            since=min(self.since, other.since),
            name=newer.name or older.name,
            email=mail.email,
            verified=mail.verified,
            links=newer.links or older.links,
            is_bot=self.is_bot or other.is_bot,
            is_staff=self.is_staff or other.is_staff,
            is_deleted=self.is_deleted or other.is_deleted,
        )

    def _rank(self) -> tuple[Any, ...]:
        # What is said at one time is ordered by itself, so that no file's order counts.
        said = self.said_at
        return (said.timestamp() if said else 0.0, self.name or "", self.email or "")


def authors(records: Iterable[PostRecord]) -> dict[str, Person]:
    """Return what posts say of their authors, by handle."""
    spans: dict[tuple[Any, ...], tuple[datetime, datetime]] = {}
    for record in records:
        facts = (
            record.author,
            record.author_name,
            record.author_email,
            record.verified and record.author_email is not None,
            record.author_links,
            record.is_bot,
            record.is_staff,
            record.is_deleted,
        )
        at = record.created_at
        first, last = spans.get(facts, (at, at))
        spans[facts] = (min(first, at), max(last, at))
    return gather(_person(facts, *span) for facts, span in spans.items())


def _person(facts: tuple[Any, ...], first: datetime, last: datetime) -> Person:
    handle, name, email, verified, links, *flags = facts
    tells = name or email or links
    return Person(handle, first, last if tells else None, name, email, verified, links, *flags)


def gather(people: Iterable[Person]) -> dict[str, Person]:
    """Return one person for each handle."""
    found: dict[str, Person] = {}
    for one in people:
        known = found.get(one.handle)
        found[one.handle] = one if known is None else known.joined(one)
    return found


def changes(
    known: Mapping[str, Found], people: Mapping[str, Person]
) -> dict[str, tuple[Found, Person]]:
    """Return (row, person as it is now) of the handles of which something new is said."""
    found = {}
    for handle, row in known.items():
        old = _stored(row)
        new = old.joined(people[handle])
        if new != old:
            found[handle] = (row, new)
    return found


def members(
    session: Session, platform: str, people: Mapping[str, Person]
) -> tuple[dict[str, int], int]:
    """Return the member ids by handle, and how many members were made."""
    if not people:
        return {}, 0
    known = queries.people(session, platform, people.keys())
    update(session, changes(known, people))
    ids = {handle: row.member_id for handle, row in known.items()}
    new = {handle: one for handle, one in people.items() if handle not in known}
    if new:
        ids |= _add(session, platform, new)
    return ids, len(new)


def update(session: Session, changed: Mapping[str, tuple[Found, Person]]) -> None:
    """Write what is new of handles, and what follows from it for their members."""
    if not changed:
        return
    rows = [{"id": row.id, **_columns(one)} for row, one in changed.values()]
    change(session, Identity, rows)
    summed: dict[int, dict[str, Any]] = {}
    for row, one in changed.values():
        member = summed.setdefault(
            row.member_id,
            {
                "id": row.member_id,
                "name": row.member_name,
                "is_bot": row.member_is_bot,
                "is_staff": row.member_is_staff,
                "is_deleted": row.member_is_deleted,
                "created_at": row.member_created_at,
            },
        )
        # A member goes by the name of the handle that it was made for.
        if row.home_id == row.member_id:
            member["name"] = one.name or one.handle
        for flag in ("is_bot", "is_staff", "is_deleted"):
            member[flag] = member[flag] or getattr(one, flag)
        member["created_at"] = min(member["created_at"], one.since)
    change(session, Member, list(summed.values()))
    # Of several handles the one to go by depends on who of them wrote in public.
    for id_ in identities.shared(session, summed):
        identities.sum_up(session, id_)


def _add(session: Session, platform: str, people: Mapping[str, Person]) -> dict[str, int]:
    ids = queries.add_members(session, [_member(one) for one in people.values()])
    rows = [
        {
            "member_id": id_,
            "home_id": id_,
            "platform": platform,
            "value": one.handle,
            "kind": "email" if one.email == one.handle else "username",
            **_columns(one),
        }
        for id_, one in zip(ids, people.values(), strict=True)
    ]
    queries.add_identities(session, rows)
    return dict(zip(people, ids, strict=True))


def _member(one: Person) -> dict[str, Any]:
    return {
        "name": one.name or one.handle,
        "is_bot": one.is_bot,
        "is_staff": one.is_staff,
        "is_deleted": one.is_deleted,
        "created_at": one.since,
    }


def _columns(one: Person) -> dict[str, Any]:
    return {
        "name": one.name,
        "email": one.email,
        "verified": one.verified,
        "links": list(one.links),
        "is_bot": one.is_bot,
        "is_staff": one.is_staff,
        "is_deleted": one.is_deleted,
        "created_at": one.since,
        "said_at": one.said_at,
    }


def _stored(row: Found) -> Person:
    return Person(
        row.value,
        row.created_at,
        row.said_at,
        row.name,
        row.email,
        row.verified,
        tuple(row.links),
        row.is_bot,
        row.is_staff,
        row.is_deleted,
    )
