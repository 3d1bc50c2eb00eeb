"""Zip archives: checked before they are parsed, unpacked in pieces, their sizes never believed."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from jobs.importers.unpack import PIECE, RATIO, Damage, too_much
from service.errors import BadArchive

END = b"PK\x05\x06"
END_SIZE = 22
LOCAL_SIZE = 30
LOCATOR = 20
COMMENT = 1 << 16
# The table of contents of 250,000 files with long names; a million bare ones need more.
TABLE_LIMIT = 40 << 20
ENCRYPTED = 0x1
Contents = tuple[dict[str, int], Callable[[str], Iterator[bytes]]]


@contextmanager
def opened(path: Path, file: BinaryIO, most: int) -> Iterator[Contents]:
    """Yield (declared size by name, what gives the bytes of a name) of at most `most` files.

    Raises BadArchive for what no export program writes: links, doubled or overlapping entries,
    passwords, or a table of contents that is longer than such an archive's.
    """
    _check_table(path, file, most)
    try:
        archive = zipfile.ZipFile(file)
        infos = _infos(path, archive, most)
    except (zipfile.BadZipFile, struct.error, NotImplementedError, UnicodeDecodeError) as error:
        raise BadArchive(f"{path} is a damaged zip: fetch it again ({error})") from error
    with archive:
        sizes = {name: info.file_size for name, info in infos.items()}
        yield sizes, lambda name: _pieces(archive, infos[name])


def _check_table(path: Path, file: BinaryIO, most: int) -> None:
    """Refuse by the last record of the file: parsing a million entries takes a gigabyte."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - END_SIZE - COMMENT))
    tail = file.read()
    at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_SIZE:
        raise BadArchive(f"{path} is a zip that ends early: fetch it again")
    count, table = struct.unpack("<HI", tail[at + 10 : at + 16])
    end = size - len(tail) + at
    if tail[max(0, at - LOCATOR) : at].startswith(b"PK\x06\x07"):
        # Such a record stands in for the plain one, whatever that says.
        count, table, end = _zip64(path, file, tail[at - LOCATOR : at])
    if count > most or table > TABLE_LIMIT or _entries(file, end, table) > most:
        raise BadArchive(f"{path} holds more than {most:,} files: unpack it and name a folder")
    file.seek(0)


def _entries(file: BinaryIO, end: int, table: int) -> int:
    """Return how many entries the table really begins: the count beside it may lie."""
    file.seek(max(0, end - table))
    return file.read(table).count(b"PK\x01\x02")


def _zip64(path: Path, file: BinaryIO, locator: bytes) -> tuple[int, int, int]:
    """Return count and size of the table, and where it ends."""
    [place] = struct.unpack("<Q", locator[8:16])
    file.seek(min(place, 1 << 62))
    record = file.read(56)
    if len(record) < 56 or not record.startswith(b"PK\x06\x06"):
        raise BadArchive(f"{path} is a damaged zip: fetch it again")
    count, table = struct.unpack("<QQ", record[32:48])
    return count, table, place


def _infos(path: Path, archive: zipfile.ZipFile, most: int) -> dict[str, zipfile.ZipInfo]:
    infos: dict[str, zipfile.ZipInfo] = {}
    end = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise BadArchive(f"{path} has entries that overlap: it is no export")
        end = info.header_offset + LOCAL_SIZE + len(info.orig_filename) + info.compress_size
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BadArchive(f"{path} holds a link: export it again")
        if info.flag_bits & ENCRYPTED:
            raise BadArchive(f"{path} has a password: unpack it and name the folder")
        if info.is_dir() or info.filename.startswith("__MACOSX/"):
            continue
        if info.filename in infos:
            raise BadArchive(f"{path} has two entries of one name: export it again")
        infos[info.filename] = info
    if len(infos) > most:
        raise BadArchive(f"{path} holds more than {most:,} files: unpack it and name a folder")
    return infos


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield an entry's bytes; raise Damage where there are more than it says, or too many."""
    made = 0
    try:
        with archive.open(info) as file:
            while piece := file.read(PIECE):
                made += len(piece)
                if made > info.file_size:
                    raise Damage("the file is larger than the archive says: export it again")
                if too_much(made, info.compress_size):
                    raise Damage(f"the file becomes more than {RATIO} times as large: no export")
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Damage("the packed file is damaged here: fetch it again") from error
