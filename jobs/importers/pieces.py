"""The text of a file in pieces of UTF-8: gzip and bzip2 are unpacked, UTF-16 is turned."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from jobs.importers.unpack import Damage, unpacked
from service.errors import BadArchive
from service.ingest.records import Progress

UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# How other things begin that people hand over by mistake, and what to do about it.
FOREIGN = (
    (b"PK\x03\x04", "a zip archive: unpack it and name the file inside it"),
    (b"\xfd7zXZ", "packed with xz: unpack it with `unxz`"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard: unpack it with `unzstd`"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it and name the file inside it"),
    (b"\x89PNG", "a PNG image: name a file of JSON Lines"),
    (b"%PDF", "a PDF document: name a file of JSON Lines"),
    (b"SQLite format 3", "an SQLite database: name a file of JSON Lines"),
)


def pieces(path: Path, progress: Progress) -> Iterator[bytes]:
    """Yield the text of a file without its mark of order; at least one piece, maybe empty.

    `progress` hears (bytes read, bytes in all). Raises BadArchive where the path is no file, or
    a file of another kind, and Damage where it cannot be read further.
    """
    file, total = _open(path)
    with file:
        found = _text(path, file)
        try:
            for piece in found:
                yield piece
                progress(min(file.tell(), total), total)
        except OSError as error:
            raise Damage(f"the file cannot be read further: {error.strerror}") from error


def begin(path: Path, size: int = 4096) -> bytes:
    """Return up to `size` bytes of the beginning of a file's text; raise as `pieces` does."""
    found = pieces(path, lambda done, total: None)
    try:
        return next(found, b"")[:size]
    except Damage:
        return b""
    finally:
        getattr(found, "close", lambda: None)()


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
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the path cannot be used"
        raise BadArchive(f"cannot read {path}: {reason}") from error


def _text(path: Path, file: BinaryIO) -> Iterator[bytes]:
    found = unpacked(file)
    begin = next(found, b"")
    _refuse_foreign(path, begin)
    if begin.startswith(UTF16_MARKS):
        yield from _utf16(begin, found)
        return
    yield begin.removeprefix(UTF8_MARK)
    yield from found


def _refuse_foreign(path: Path, begin: bytes) -> None:
    for mark, remedy in FOREIGN:
        if begin.startswith(mark):
            raise BadArchive(f"{path} is {remedy}")
    if begin.startswith(UTF16_MARKS):
        return
    first = begin[:512].removeprefix(UTF8_MARK).lstrip().split(b"\n", 1)[0]
    if b"\0" in first and not first.startswith((b"{", b"[")):
        raise BadArchive(f"{path} is no text: name a file of JSON Lines")


def _utf16(begin: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Yield UTF-16 as UTF-8; what is no valid UTF-16 becomes U+FFFD."""
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    yield decoder.decode(begin).encode()
    for piece in rest:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", True).encode()
