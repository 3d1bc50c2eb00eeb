"""What a file of records looks like: its form, and the names of its fields."""

from __future__ import annotations

import re
from dataclasses import dataclass

import orjson

from jobs.importers.bundle import Bundle
from jobs.importers.pieces import UTF8_MARK, UTF16_MARKS

JSON = "json"
TABLE = "table"
UTTERANCES = "utterances.jsonl"
NAME = re.compile(rb'"([A-Za-z_-]{1,40})"\s*:')
HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class Seen:
    """`names` are those of the first record; of a table, the cells of its header."""

    form: str
    names: frozenset[str]


def peek(bundle: Bundle) -> Seen | None:
    """Return how an archive of one file begins; None for any other archive."""
    if len(bundle.entries) != 1:
        return None
    name = bundle.entries[0].name
    return seen(bundle.head(name, HEAD))


def seen(head: bytes) -> Seen | None:
    """Return the form of a text by its beginning; None where it is neither JSON nor a table."""
    if head.startswith(UTF16_MARKS):
        head = head.decode("utf-16", "replace").encode()
    head = head.removeprefix(UTF8_MARK).lstrip()
    if head.startswith((b"{", b"[")):
        return Seen(JSON, _names(head))
    cells = header(head.split(b"\n", 1)[0].decode("utf-8", "replace"))
    return Seen(TABLE, frozenset(cells)) if len(cells) > 1 else None


def header(line: str) -> list[str]:
    """Return the names that the first line of a table gives its columns, in lower case."""
    mark = delimiter(line)
    return [cell.strip().strip('"').strip().lower() for cell in line.split(mark)]


def delimiter(line: str) -> str:
    """Return the mark between the columns of a header."""
    return max(",;\t|", key=line.count)


def _names(head: bytes) -> frozenset[str]:
    """Return the names of the first object, those at any depth where it is not whole."""
    line = head.split(b"\n", 1)[0].strip()
    try:
        row = orjson.loads(line)
        row = row[0] if isinstance(row, list) and row else row
        if isinstance(row, dict):
            return frozenset(row)
    except orjson.JSONDecodeError:
        pass
    return frozenset(name.decode() for name in NAME.findall(head))
