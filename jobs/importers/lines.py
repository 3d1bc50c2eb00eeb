"""The lines of a file, gzip, bzip2 or plain, read in pieces however long a line is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.importers.pieces import pieces
from jobs.importers.unpack import PIECE, Damage
from service.errors import BadArchive
from service.ingest.records import Progress, Reject, raw_text

LINE_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, and its number, counted from 1.

    `ended` is false for a last line that no line end follows: the file may have been cut there.
    """

    number: int
    text: bytes
    ended: bool = True


def lines(
    path: Path, progress: Progress, *, limit: int | None = None, blank: bool = False
) -> Iterator[Line | Reject]:
    """Yield the lines of a file, and a Reject for what could not be read.

    Blank lines are left out unless they are asked for; lines longer than `limit` bytes are
    refused without being held. Raises BadArchive where the path is no file of text.
    """
    found = _no_list(path, pieces(path, progress))
    yield from split(found, LINE_LIMIT if limit is None else limit, blank)


def split(found: Iterator[bytes], limit: int, blank: bool = False) -> Iterator[Line | Reject]:
    """Yield the lines of the pieces of a text, as `lines` does."""
    number, held, skipping = 0, bytearray(), False
    try:
        for piece in found:
            first, *more = piece.split(b"\n")
            if not skipping:
                held += first
            if more:
                number += 1
                if not skipping and (blank or held.strip()):
                    yield _line(number, bytes(held), limit)
                held, skipping = bytearray(more.pop()), False
            for text in more:
                number += 1
                if blank or text.strip():
                    yield _line(number, text, limit)
            if len(held) > limit:
                yield _too_long(number + 1, bytes(held[:PIECE]), limit)
                held, skipping = bytearray(), True
    except Damage as damage:
        yield Reject(f"line {number + 1}", str(damage), raw_text(bytes(held[:PIECE])))
        return
    if held.strip() or (blank and held):
        yield Line(number + 1, bytes(held), ended=False)


def _line(number: int, text: bytes, limit: int) -> Line | Reject:
    if len(text) > limit:
        return _too_long(number, text[:PIECE], limit)
    return Line(number, text)


def _too_long(number: int, start: bytes, limit: int) -> Reject:
    reason = f"the line is longer than {limit >> 20} MB"
    return Reject(f"line {number}", reason, raw_text(start))


def _no_list(path: Path, found: Iterator[bytes]) -> Iterator[bytes]:
    begin = next(found, b"")
    if is_list(begin):
        raise BadArchive(f"{path} is one JSON list: put each object on a line with `jq -c '.[]'`")
    yield begin
    yield from found


def is_list(begin: bytes) -> bool:
    """Return whether a text begins as a JSON list of objects."""
    opening = begin.lstrip()
    return opening.startswith(b"[") and opening[1:].lstrip().startswith(b"{")
