"""JSON that nobody has checked: strict first, lenient about strings that are no valid Unicode."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from service.ingest.fields import BadRecord

DIGITS = 400
# A value takes up to a hundred bytes of memory, and as few as three of a file.
FILE_VALUES = 10_000_000
LINE_VALUES = 2_000_000
SMALL = 1 << 20


def loose_json(raw: bytes, most: int = FILE_VALUES) -> Any:
    """Return what JSON bytes hold; raise BadRecord where that is nothing usable.

    Strings that are no valid Unicode keep lone surrogates, by which `fields` refuses the record
    that they stand in rather than the whole file. More than `most` values are not parsed.
    """
    check_values(raw, most)
    try:
        return orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return _lenient(raw.removeprefix(b"\xef\xbb\xbf"))


def check_values(raw: bytes, most: int) -> None:
    """Raise BadRecord where JSON bytes may hold more than `most` values, by their marks."""
    if len(raw) > SMALL and sum(raw.count(mark) for mark in (b",", b"[", b"{")) > most:
        raise BadRecord(f"the JSON holds more than {most:,} values: export it in parts")


def _lenient(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8", "surrogateescape"), parse_int=_whole)
    except json.JSONDecodeError as error:
        raise BadRecord(f"no valid JSON at character {error.pos + 1}: fetch it again") from error
    except RecursionError as error:
        raise BadRecord("no usable JSON: it is nested too deeply") from error


def _whole(digits: str) -> int | float:
    # Python refuses to read the longest, and with them the file; infinity is refused by fields.
    return int(digits) if len(digits) <= DIGITS else math.inf
