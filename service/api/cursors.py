"""Opaque cursors: where a page ended, bound to the list and the filters that it was made for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel

from service.errors import BadCursor

Row = TypeVar("Row")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TAG = 9  # bytes


def scope(name: str, query: BaseModel) -> str:
    """Return what a cursor is bound to: the list and its filters, not the size of a page."""
    filters = query.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_none=True)
    return json.dumps([name, filters], sort_keys=True)


def encode(bound: str, *keys: int) -> str:
    """Return the cursor that stands for the keys of the last row of a page."""
    body = json.dumps(keys, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_tag(bound, body) + body).rstrip(b"=").decode()


def decode(bound: str, cursor: str | None) -> list[int] | None:
    """Return the keys in a cursor; raise BadCursor unless this list made it."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    body = raw[_TAG:]
    if raw[:_TAG] != _tag(bound, body) or cursor != encode(bound, *json.loads(body)):
        raise BadCursor("this cursor was not made by this list with these filters; start anew")
    return list(json.loads(body))


def moment(cursor: list[int] | None) -> tuple[datetime, int] | None:
    """Return the keys (time, id) that a cursor holds."""
    return None if cursor is None else (_EPOCH + timedelta(microseconds=cursor[0]), cursor[1])


def number(cursor: list[int] | None) -> int | None:
    """Return the one key, an id or a rank, that a cursor holds."""
    return None if cursor is None else cursor[0]


def micros(when: datetime) -> int:
    """Return a time as whole microseconds since 1970, as cursors hold it."""
    return (when - _EPOCH) // timedelta(microseconds=1)


def page(
    rows: Sequence[Row], limit: int, bound: str, keys: Callable[[Row], tuple[int, ...]]
) -> tuple[Sequence[Row], str | None]:
    """Return the first `limit` rows and, where there are more, the cursor that goes on."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode(bound, *keys(rows[limit - 1]))


def _tag(bound: str, body: bytes) -> bytes:
    return hashlib.blake2b(bound.encode() + b"\n" + body, digest_size=_TAG).digest()
