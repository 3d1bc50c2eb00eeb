"""JSON Lines, or one JSON list of objects, to rows: each bad one a Reject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from jobs.importers.bundle import Bundle, Entry
from jobs.importers.entries import entry_lines
from jobs.importers.json_list import listed
from jobs.importers.lines import LINE_LIMIT, Line, is_list, lines
from jobs.importers.loose_json import LINE_VALUES, check_values
from jobs.importers.pieces import begin
from service.ingest.fields import BadRecord
from service.ingest.records import Item, Progress, Reject, raw_text


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one record, where it stands, and its bytes.

    `more` is true where the bytes tell something that is in none of the fields.
    """

    values: dict[str, Any]
    place: str
    raw: bytes = b""
    more: bool = False


def items(found: Iterable[Row | Reject], parse: Callable[[Row], Item]) -> Iterator[Item]:
    """Yield what `parse` makes of each row; what it refuses becomes a Reject."""
    for row in found:
        if isinstance(row, Reject):
            yield row
            continue
        try:
            yield parse(row)
        except BadRecord as error:
            yield Reject(row.place, str(error), raw_text(row.raw))


def rows(path: Path, progress: Progress) -> Iterator[Row | Reject]:
    """Yield the objects of a file; raise BadArchive where it is none."""
    if is_list(begin(path)):
        for entry in listed(path, progress):
            yield entry if isinstance(entry, Reject) else _row(entry, f"record {entry.number}")
        return
    for line in lines(path, progress):
        yield line if isinstance(line, Reject) else _row(line, f"line {line.number}")


def entry_rows(bundle: Bundle, entry: Entry, progress: Progress) -> Iterator[Row | Reject]:
    """Yield the objects of one entry of an archive, one a line."""
    single = len(bundle.entries) == 1
    done = 0
    for line in entry_lines(bundle, entry.name, LINE_LIMIT):
        if isinstance(line, Reject):
            yield line
            continue
        place = f"line {line.number}" if single else f"{entry.name}, line {line.number}"
        yield _row(line, place)
        done += len(line.text) + 1
        progress(min(done, entry.size), entry.size)


def _row(line: Line, place: str) -> Row | Reject:
    try:
        return Row(_values(line), place, line.text)
    except BadRecord as error:
        return Reject(place, str(error), raw_text(line.text))


def _values(line: Line) -> dict[str, Any]:
    check_values(line.text, LINE_VALUES)
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
