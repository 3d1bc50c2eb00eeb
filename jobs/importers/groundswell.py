"""The folder that `groundswell export --all` wrote: found, checked, read line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from jobs.export.fields import AUDIT, AUDIT_SUM, FORMAT, MANIFEST, SINCE, TABLES, VERSION, values
from jobs.importers.bundle import Bundle
from jobs.importers.rows import Row
from jobs.importers.unpack import PIECE
from service.errors import BadArchive
from service.ingest.fields import BadRecord

KIND = "groundswell"
LINE_LIMIT = 64 << 20
SMALL = 1 << 20
BATCH = 1_000
BATCH_BYTES = 16 << 20
AGAIN = "export it again with `groundswell export --all`"
Heard = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Table:
    """One file of the export: the table's name and how many rows it must have."""

    name: str
    rows: int

    @property
    def file(self) -> str:
        """The file's name in the folder."""
        return f"{self.name}.jsonl"


def fits(bundle: Bundle) -> bool:
    """Return whether an archive is a folder that `export --all` wrote."""
    return bool(bundle.find(MANIFEST)) and FORMAT.encode() in bundle.head(MANIFEST)


def check(bundle: Bundle, heard: Heard) -> dict[str, Table]:
    """Return the tables of an export, in the order in which they are to be read.

    An export of an older version lacks those that came later.
    `heard` is told of bytes as they are read. Raise BadArchive where there is no manifest, where
    it is of another version, or where a file is not as it was written.
    """
    told = _manifest(bundle)
    tables = {}
    for name, (size, digest) in told.items():
        table = Table(name, size)
        if _digest(bundle, table.file, heard) != digest:
            raise BadArchive(f"{bundle.path}: {table.file} is not as it was written: {AGAIN}")
        tables[name] = table
    return tables


def rows(bundle: Bundle, table: Table, heard: Heard) -> Iterator[Row]:
    """Yield the rows of a table; raise BadArchive naming the line that cannot be used."""
    number = 0
    try:
        with bundle.stream(table.file) as file:
            while text := file.readline(LINE_LIMIT):
                number += 1
                heard(len(text))
                place = f"{table.file} line {number}"
                yield Row(values(table.name, orjson.loads(text)), place, text)
    except orjson.JSONDecodeError as error:
        raise BadArchive(
            f"{bundle.path}: {table.file} line {number} is no JSON: {AGAIN}"
        ) from error
    except BadRecord as error:
        raise BadArchive(f"{bundle.path}: {table.file} line {number}: {error}") from error
    if number != table.rows >= 0:
        raise BadArchive(
            f"{bundle.path}: {table.file} has {number:,} rows of {table.rows:,}: {AGAIN}"
        )


def batched(found: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield rows by batches that fit in memory."""
    batch: list[Row] = []
    size = 0
    for row in found:
        batch.append(row)
        size += len(row.raw)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _manifest(bundle: Bundle) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and the SHA-256 of its file; -1 for no number."""
    if not bundle.find(MANIFEST):
        raise BadArchive(
            f"{bundle.path} holds no {MANIFEST}: name the folder that `export --all` wrote"
        )
    try:
        told = orjson.loads(bundle.read(MANIFEST, SMALL))
        if told["format"] != FORMAT:
            raise ValueError
        if told["version"] not in range(1, VERSION + 1):
            raise BadArchive(
                f"{bundle.path} is of version {told['version']!r}, this Groundswell reads 1 to "
                f"{VERSION}: use the one that wrote it"[:400]
            )
        files = told["files"]
        later = {name for name, since in SINCE.items() if since > told["version"]}
        names = [name for name in TABLES if name not in later or f"{name}.jsonl" in files]
        found = {name: _told(files[f"{name}.jsonl"]) for name in names if name != AUDIT}
        found[AUDIT] = (-1, bundle.read(AUDIT_SUM, SMALL).decode("ascii").split()[0])
    except (BadRecord, ValueError, KeyError, TypeError, IndexError) as error:
        raise BadArchive(f"{bundle.path}: {MANIFEST} cannot be used: {AGAIN}") from error
    return {name: found[name] for name in names}


def _told(entry: dict[str, Any]) -> tuple[int, str]:
    if not isinstance(entry["rows"], int) or not isinstance(entry["sha256"], str):
        raise ValueError
    return entry["rows"], entry["sha256"]


def _digest(bundle: Bundle, name: str, heard: Heard) -> str:
    if not bundle.find(name):
        raise BadArchive(f"{bundle.path} holds no {name}: {AGAIN}")
    digest = sha256()
    try:
        with bundle.stream(name) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                heard(len(piece))
    except BadRecord as error:
        raise BadArchive(f"{bundle.path}: {name}: {error}") from error
    return digest.hexdigest()
