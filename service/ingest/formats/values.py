"""What the items of several platforms have in common: objects in objects, counts, the raw item."""

from __future__ import annotations

import re
from typing import Any

import orjson

from nlp.text import readable
from service.ingest.fields import COUNT_LIMIT, BadRecord, Row, body, first, kind, number

RAW_BYTES = 64 << 10
HTML_LIMIT = 4 << 20
DIGITS = re.compile(r"[+-]?\d{1,12}")


def packed(item: Any) -> bytes:
    """Return an item as JSON to keep; empty where it is larger than 64 kB or no clean JSON."""
    try:
        raw = orjson.dumps(item)
    except (TypeError, ValueError, RecursionError):
        return b""
    return kept(raw)


def kept(raw: bytes) -> bytes:
    """Return an item as it came; empty where it is larger than 64 kB."""
    return raw if len(raw) <= RAW_BYTES else b""


def thing(value: Any, what: str) -> dict[str, Any]:
    """Return a JSON object; raise BadRecord where the value is something else."""
    if not isinstance(value, dict):
        raise BadRecord(f"{what} is {'missing' if value is None else kind(value)}, and no object")
    return value


def inner(row: Row, name: str) -> dict[str, Any]:
    """Return the object that a field holds; empty where it is missing or null."""
    value = row.get(name)
    return {} if value is None else thing(value, f"`{name}`")


def listed(row: Row, name: str) -> list[Any]:
    """Return the list that a field holds; empty where it is missing or null."""
    value = row.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRecord(f"`{name}` is {kind(value)}; it must be a list")
    return value


def whole(row: Row, names: tuple[str, ...]) -> int | None:
    """Return a whole number of less than 2**31, written as a number or in digits."""
    value = first(row, names)
    if isinstance(value, str) and DIGITS.fullmatch(value.strip()):
        value = int(value)
    found = number({names[0]: value}, names)
    if found is None:
        return None
    if found != int(found) or abs(found) >= COUNT_LIMIT:
        raise BadRecord(f"`{names[0]}` is no whole number of less than {COUNT_LIMIT}")
    return int(found)


def shown(row: Row, names: tuple[str, ...]) -> str:
    """Return the HTML of a post as Markdown; raise BadRecord where there is more than 4 MB."""
    html = body(row, names)
    if len(html) > HTML_LIMIT:
        raise BadRecord(f"`{names[0]}` is longer than {HTML_LIMIT >> 20} MB")
    return readable(html)
