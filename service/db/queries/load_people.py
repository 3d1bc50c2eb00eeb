"""What an import looks up and writes of people."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db.models import Identity, Member
from service.db.queries import ids
from service.db.queries.identities import SAID

# A row whose attributes are the columns of its query.
Found = Any
PERSON = (
    Identity.id,
    Identity.value,
    Identity.member_id,
    Identity.home_id,
    *SAID,
    Identity.created_at,
    Identity.said_at,
    Member.name.label("member_name"),
    Member.is_bot.label("member_is_bot"),
    Member.is_staff.label("member_is_staff"),
    Member.is_deleted.label("member_is_deleted"),
    Member.created_at.label("member_created_at"),
)


def people(session: Session, platform: str, handles: Collection[str]) -> dict[str, Found]:
    """Return handles of a platform with the members behind them, by handle."""
    query = select(*PERSON).join(Member, Member.id == Identity.member_id)
    found = session.execute(query.where(Identity.platform == platform, Identity.value.in_(handles)))
    return {row.value: row for row in found}


def add_members(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add members; return their ids in the order of the rows."""
    return ids.add(session, Member, rows)


def add_identities(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add handles."""
    ids.put(session, Identity, rows)
