"""JSON Lines to records: one object a line, each bad line a Reject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from jobs.importers.fields import BadRecord
from jobs.importers.lines import Line, lines
from jobs.importers.records import Item, Progress, Reject, raw_text

Parse = Callable[[dict[str, Any], str, datetime], Item]


def rows(path: Path, parse: Parse, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield what `parse(row, place, now)` makes of each line."""
    for line in lines(path, progress):
        yield line if isinstance(line, Reject) else _item(line, parse, now)


def _item(line: Line, parse: Parse, now: datetime) -> Item:
    place = f"line {line.number}"
    try:
        return parse(_row(line), place, now)
    except BadRecord as error:
        return Reject(place, str(error), raw_text(line.text))


def _row(line: Line) -> dict[str, Any]:
    try:
        row = orjson.loads(line.text)
    except orjson.JSONDecodeError as error:
        if "valid UTF-8" in error.msg:
            raise BadRecord("the line is no valid UTF-8") from error
        if not line.ended:
            raise BadRecord("the file ends within the record: fetch it again") from error
        raise BadRecord(f"no valid JSON at character {error.pos + 1}: {_reason(error)}") from error
    if not isinstance(row, dict):
        raise BadRecord("the line is no JSON object")
    return row


def _reason(error: orjson.JSONDecodeError) -> str:
    return error.msg.splitlines()[0][:120]
