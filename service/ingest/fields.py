"""Typed values out of a record that nobody has checked."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

ID_LIMIT = 400
TITLE_LIMIT = 10_000
URL_LIMIT = 8_000
OBJECT_LIMIT = 64 << 10
LARGEST = 10**30
COUNT_LIMIT = 2**31
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
TOLERANCE = timedelta(days=1)
# 1e11 seconds lie in the year 5138, 1e11 milliseconds in 1973.
MILLISECONDS_FROM = 1e11
NUMBER = re.compile(r"-?\d{9,}(\.\d+)?")
# An escaped NUL, and not a backslash followed by "u0000".
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
BOT = re.compile(r"(?:^|[\s\[_-])bot\]?$", re.IGNORECASE)

Row = Mapping[str, Any]


class BadRecord(Exception):
    """A record cannot be used; the message is the reason, in one line, without its text."""


def first(row: Row, names: tuple[str, ...]) -> Any:
    """Return the first value under one of the names that is there and not null, or None."""
    for name in names:
        value = row.get(name)
        if value is not None:
            return value
    return None


def word(row: Row, names: tuple[str, ...], limit: int = ID_LIMIT) -> str | None:
    """Return a short text, stripped; None where it is missing or blank. Whole numbers pass."""
    value = row.get(names[0])
    if value is None and len(names) > 1:
        value = first(row, names[1:])
    if value is None:
        return None
    if type(value) is not str:
        return _written(value, names[0])
    if "\0" in value or not value.isascii():
        clean(value, names[0])
    value = value.strip()
    if len(value) > limit:
        raise BadRecord(f"`{names[0]}` has {len(value)} characters; at most {limit} are allowed")
    return value or None


def _written(value: Any, name: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST:
        return str(value)
    raise BadRecord(f"`{name}` is {kind(value)}; it must be text")


def needed(row: Row, names: tuple[str, ...], limit: int = ID_LIMIT) -> str:
    """Return a short text that must be there."""
    value = word(row, names, limit)
    if value is None:
        raise BadRecord(f"`{names[0]}` is missing or empty")
    return value


def body(row: Row, names: tuple[str, ...]) -> str:
    """Return the text of a post: it must be there, and may be empty."""
    value = first(row, names)
    if value is None:
        raise BadRecord(f"`{names[0]}` is missing")
    if not isinstance(value, str):
        raise BadRecord(f"`{names[0]}` is {kind(value)}; it must be text")
    return clean(value, names[0])


def clean(value: str, name: str) -> str:
    """Return the text, or refuse what databases and JSON cannot hold."""
    if "\0" in value:
        raise BadRecord(f"`{name}` holds a NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise BadRecord(f"`{name}` holds characters that are no valid Unicode") from error
    return value


def flag(row: Row, names: tuple[str, ...]) -> bool | None:
    """Return true or false; None where it is missing."""
    value = first(row, names)
    if value is None or isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    raise BadRecord(f"`{names[0]}` is {kind(value)}; it must be true or false")


def number(row: Row, names: tuple[str, ...]) -> float | None:
    """Return a finite number; None where it is missing."""
    value = first(row, names)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise BadRecord(f"`{names[0]}` is {kind(value)}; it must be a finite number")
    return float(value)


def _finite(value: float) -> bool:
    # Of a whole number with hundreds of digits even the question is an error.
    return abs(value) < LARGEST if isinstance(value, int) else math.isfinite(value)


def mapping(row: Row, name: str) -> dict[str, Any]:
    """Return a JSON object; empty where it is missing."""
    value = first(row, (name,))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRecord(f"`{name}` is {kind(value)}; it must be an object")
    try:
        packed = orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise BadRecord(f"`{name}` is nested too deeply or holds no valid Unicode") from error
    if len(packed) > OBJECT_LIMIT:
        raise BadRecord(f"`{name}` is larger than {OBJECT_LIMIT >> 10} kB")
    if NUL.search(packed):
        raise BadRecord(f"`{name}` holds a NUL character")
    return value


def link(row: Row, names: tuple[str, ...]) -> str | None:
    """Return a web address; None where it is missing or would not lead to a page."""
    value = word(row, names, URL_LIMIT)
    return value if value and value.startswith(("https://", "http://")) else None


def moment(row: Row, names: tuple[str, ...], now: datetime) -> datetime:
    """Return a time as aware UTC, at or after 1980 and before a day from now.

    RFC 3339, ISO 8601 (no zone is UTC) and seconds or milliseconds since 1970 are read.
    """
    value = first(row, names)
    if value is None:
        raise BadRecord(f"`{names[0]}` is missing")
    try:
        at = _moment(value)
    except (ValueError, OverflowError, OSError) as error:
        raise BadRecord(f"`{names[0]}` is no time; write it like 2024-06-01T00:08:26Z") from error
    if not EARLIEST <= at < now + TOLERANCE:
        raise BadRecord(f"`{names[0]}` lies in {at.year}; times run from 1980 to now")
    return at


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        value = value.strip()
        if not NUMBER.fullmatch(value):
            return _utc(datetime.fromisoformat(value.upper().replace(" UTC", "Z")))
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    seconds = value / 1_000 if abs(value) >= MILLISECONDS_FROM else value
    return datetime.fromtimestamp(seconds, UTC)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def looks_bot(name: str) -> bool:
    """Return whether a name ends in the word "bot", as bots of chats and forums are named."""
    return BOT.search(name) is not None


def kind(value: Any) -> str:
    """Return what a JSON value is, in words."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "an object")
