"""Who did what. Rows are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db.models import AuditEntry


def note(
    session: Session, at: datetime, actor: str, action: str, target: str, detail: dict[str, Any]
) -> None:
    """Add one entry: at this time this actor did this action to this target."""
    session.add(AuditEntry(at=at, actor=actor, action=action, target=target, detail=detail))


def newest_first(session: Session, limit: int, after: int | None = None) -> list[AuditEntry]:
    """Return at most `limit` entries, newest first, that follow the entry with the id `after`."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if after is not None:
        query = query.where(AuditEntry.id < after)
    return list(session.scalars(query))
