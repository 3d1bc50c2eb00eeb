"""Keys of the API."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from service.db.models import ApiKey


def by_prefix(session: Session, prefix: str) -> ApiKey | None:
    """Return the key with this prefix."""
    return session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))


def by_name(session: Session, name: str) -> ApiKey | None:
    """Return the key with this name."""
    return session.scalar(select(ApiKey).where(ApiKey.name == name))


def every(session: Session) -> list[ApiKey]:
    """Return every key ever made, oldest first."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.id)))


def any_made(session: Session) -> bool:
    """Return whether a key was ever made, even if it has ended since."""
    return bool(session.scalar(select(exists(select(ApiKey.id)))))


def usable(session: Session, now: datetime) -> bool:
    """Return whether a key is neither revoked nor expired."""
    lasting = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    living = select(ApiKey.id).where(ApiKey.revoked_at.is_(None), lasting)
    return bool(session.scalar(select(exists(living))))


def note_use(session: Session, key_id: int, now: datetime, every: timedelta) -> None:
    """Note that a key was used, unless that was noted within `every`."""
    due = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - every)
    session.execute(update(ApiKey).where(ApiKey.id == key_id, due).values(last_used_at=now))
