"""The cursor of a synced source as it is kept: JSON, whose values nobody has checked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from jobs.sync.live import Cursor
from service.ingest.fields import BadRecord

PRIVATE = "include_private"


def unpacked(text: str | None) -> Cursor:
    """Return a stored cursor; empty where there is none that can be read."""
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def packed(cursor: Cursor) -> str:
    """Return a cursor as it is stored; raise BadRecord where an answer put no valid text there."""
    try:
        return orjson.dumps(cursor).decode()
    except TypeError as error:
        raise BadRecord("a mark of where to go on is no valid text") from error


def instant(value: Any) -> datetime | None:
    """Return a time of a cursor or an API as aware UTC; None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def written(at: datetime) -> str:
    """Return a time as cursors and APIs write it: 2026-06-01T12:00:00Z, or with microseconds."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def is_number(text: str) -> bool:
    """Return whether an id is a number of at most 18 digits."""
    return text.isascii() and text.isdigit() and len(text) <= 18
