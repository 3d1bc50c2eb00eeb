"""Rows as JSON Lines, as a table for spreadsheets, and as Parquet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, BinaryIO

import orjson

from jobs.csv_guard import guard
from service.errors import BadSetting

Row = Mapping[str, Any]
Write = Callable[[Sequence[Row]], None]
Format = Callable[[BinaryIO, Sequence[str]], AbstractContextManager[Write]]
# Fields that are written also where there is nothing to say.
ALWAYS = frozenset(
    {"id", "thread_id", "thread_title", "channel", "author", "created_at", "parent_id", "text"}
    | {"source", "platform", "visibility", "is_bot"}
)
# What JSON lets through as it is and a terminal obeys: DEL, the second set of controls in UTF-8.
CONTROL = re.compile(rb"\x7f|\xc2[\x80-\x9f]")
COMPRESSION = "zstd"


def line(row: Row) -> bytes:
    """Return a row as one line of JSON: UTF-8, times in UTC, bytes as hexadecimal digits."""
    data = orjson.dumps(row, default=bytes.hex, option=orjson.OPT_UTC_Z)
    return CONTROL.sub(_escaped, data) + b"\n"


def _escaped(control: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(control[0].decode())


@contextmanager
def jsonl(file: BinaryIO, columns: Sequence[str]) -> Iterator[Write]:
    """Yield what writes rows as JSON Lines; fields that say nothing are left out."""

    def write(rows: Sequence[Row]) -> None:
        file.write(b"".join(line(_telling(row)) for row in rows))

    yield write


def _telling(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value or name in ALWAYS}


@contextmanager
def table(file: BinaryIO, columns: Sequence[str]) -> Iterator[Write]:
    """Yield what writes rows as CSV: RFC 4180, UTF-8, lists as JSON, guarded against formulas.

    Cells of fields that say nothing are empty.
    """

    def put(rows: Sequence[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        file.write(text.getvalue().encode())

    def write(rows: Sequence[Row]) -> None:
        put([[guard(_cell(told.get(name))) for name in columns] for told in map(_telling, rows)])

    put([columns])
    yield write


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return orjson.dumps(value).decode()


@contextmanager
def parquet(file: BinaryIO, columns: Sequence[str]) -> Iterator[Write]:
    """Yield what writes rows as Parquet; raise BadSetting where pyarrow is not installed."""
    arrow, store = _arrow()
    schema = arrow.schema([(name, _type(arrow, name)) for name in columns])
    with store.ParquetWriter(file, schema, compression=COMPRESSION) as writer:

        def write(rows: Sequence[Row]) -> None:
            writer.write_table(arrow.Table.from_pylist(list(rows), schema=schema))

        yield write


def _arrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise BadSetting(
            "Parquet needs pyarrow, which is not installed: run `pip install -e '.[parquet]'` in "
            "Groundswell's folder, or export as jsonl or csv"
        ) from error


def _type(arrow: Any, name: str) -> Any:
    text = arrow.string()
    reaction = [("name", text), ("author", text), ("count", arrow.int32())]
    types = {
        "created_at": arrow.timestamp("us", tz="UTC"),
        "edited_at": arrow.timestamp("us", tz="UTC"),
        "reactions": arrow.list_(arrow.struct(reaction)),
        "author_links": arrow.list_(text),
    }
    flags = ("resolved", "flat", "truncated", "author_verified", "is_bot", "is_staff", "is_deleted")
    return types.get(name, arrow.bool_() if name in flags else text)


FORMATS: dict[str, Format] = {"jsonl": jsonl, "csv": table, "parquet": parquet}
