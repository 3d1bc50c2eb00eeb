"""The lines of a file, gzip or plain, read in pieces however long a line is."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jobs.importers.records import Progress, Reject, raw_text
from service.errors import BadArchive

PIECE = 1 << 18
LINE_LIMIT = 64 << 20
GZIP = b"\x1f\x8b"
UTF8_MARK = b"\xef\xbb\xbf"
# How other things begin that people hand over by mistake, and what to do about it.
FOREIGN = (
    (b"PK\x03\x04", "a zip archive: unpack it and name the file inside it"),
    (b"BZh", "packed with bzip2: unpack it with `bunzip2`"),
    (b"\xfd7zXZ", "packed with xz: unpack it with `unxz`"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard: unpack it with `unzstd`"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it and name the file inside it"),
    (b"\xff\xfe", "UTF-16: turn it into UTF-8 with `iconv -f UTF-16 -t UTF-8`"),
    (b"\xfe\xff", "UTF-16: turn it into UTF-8 with `iconv -f UTF-16 -t UTF-8`"),
    (b"\x89PNG", "a PNG image: name a file of JSON Lines"),
    (b"%PDF", "a PDF document: name a file of JSON Lines"),
    (b"SQLite format 3", "an SQLite database: name a file of JSON Lines"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, and its number, counted from 1.

    `ended` is false for a last line that no line end follows: the file may have been cut there.
    """

    number: int
    text: bytes
    ended: bool = True


class _Damage(Exception):
    """The file cannot be read further."""


def lines(path: Path, progress: Progress) -> Iterator[Line | Reject]:
    """Yield the lines that are not blank, and a Reject for what could not be read.

    Raises BadArchive where the path is no file, or a file of another kind.
    """
    file, total = _open(path)
    with file:
        number, held = 0, bytearray()
        skipping = False
        try:
            for piece in _told(_text(path, file), file, total, progress):
                start = 0
                while (end := piece.find(b"\n", start)) >= 0:
                    held += piece[start:end]
                    start = end + 1
                    number += 1
                    if not skipping and held.strip():
                        yield _line(number, held)
                    held, skipping = bytearray(), False
                held += piece[start:] if not skipping else b""
                if len(held) > LINE_LIMIT:
                    yield _too_long(number + 1, held)
                    held, skipping = bytearray(), True
        except _Damage as damage:
            yield Reject(f"line {number + 1}", str(damage), raw_text(bytes(held[:PIECE])))
            return
        if held.strip():
            yield _line(number + 1, held, ended=False)


def _line(number: int, held: bytearray, ended: bool = True) -> Line | Reject:
    if len(held) > LINE_LIMIT:
        return _too_long(number, held)
    return Line(number, bytes(held), ended)


def _too_long(number: int, held: bytearray) -> Reject:
    reason = f"the line is longer than {LINE_LIMIT >> 20} MB"
    return Reject(f"line {number}", reason, raw_text(bytes(held[:PIECE])))


def _open(path: Path) -> tuple[BinaryIO, int]:
    """Return a file and its size in bytes, or say why it is none."""
    try:
        if path.is_dir():
            raise BadArchive(f"{path} is a folder: name a file inside it")
        if path.exists() and not path.is_file():
            raise BadArchive(f"{path} is no regular file: save it to one first")
        return path.open("rb"), path.stat().st_size
    except FileNotFoundError as error:
        raise BadArchive(f"there is no file {path}: check the path") from error
    except OSError as error:
        raise BadArchive(f"cannot read {path}: {error.strerror}") from error


def _told(
    pieces: Iterator[bytes], file: BinaryIO, total: int, progress: Progress
) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        progress(min(file.tell(), total), total)


def _text(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """Yield the text of a file in pieces, unpacked, without the mark of UTF-8 at its start."""
    head = file.read(len(GZIP))
    file.seek(0)
    pieces = _unpacked(file) if head == GZIP else _plain(file)
    begin = next(pieces, b"")
    _refuse_foreign(path, begin)
    yield begin.removeprefix(UTF8_MARK)
    yield from pieces


def _refuse_foreign(path: Path, begin: bytes) -> None:
    for mark, remedy in FOREIGN:
        if begin.startswith(mark):
            raise BadArchive(f"{path} is {remedy}")
    if b"\0" in begin[:512] and not begin.lstrip(UTF8_MARK).lstrip().startswith(b"{"):
        raise BadArchive(f"{path} is no text: name a file of JSON Lines")
    opening = begin.lstrip(UTF8_MARK).lstrip()
    if opening.startswith(b"[") and opening[1:].lstrip().startswith(b"{"):
        raise BadArchive(f"{path} is one JSON list: put each object on a line with `jq -c '.[]'`")


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """Yield what a gzip file holds, member by member; raise _Damage where it is cut or broken."""
    packed = file.read(PIECE)
    while packed:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while not member.eof:
            if not packed:
                raise _Damage("the file ends early: fetch it again")
            try:
                piece = member.decompress(packed, PIECE)
            except zlib.error as error:
                raise _Damage("the packed file is damaged here: fetch it again") from error
            if piece:
                yield piece
            packed = member.unconsumed_tail or (b"" if member.eof else file.read(PIECE))
        # Tapes and some tools fill up the last block with zeros.
        packed = (member.unused_data or file.read(PIECE)).lstrip(b"\0")
        if packed and not packed.startswith(GZIP[: len(packed)]):
            raise _Damage("the packed file is damaged here: fetch it again")
