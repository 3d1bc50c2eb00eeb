"""What an archive consists of: a folder, a zip, a tar or one file, read the same way and safely."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from jobs.importers import zips
from jobs.importers.loose_json import loose_json
from jobs.importers.unpack import PIECE, Damage, stream, unpacked
from service.errors import BadArchive
from service.ingest.fields import BadRecord
from service.ingest.records import Progress

FILE_LIMIT = 256 << 20
TOTAL_LIMIT = 64 << 30
ENTRY_LIMIT = 250_000
TAR_LIMIT = 50_000
HEADER_LIMIT = 1 << 20
PACKED = (".gz", ".bz2")
# What importers read; the rest of a tar (pictures, uploads) is passed over.
READABLE = (".json", ".jsonl", ".ndjson", ".csv", ".xml", ".md", ".txt", ".mbox", ".log", ".yaml")
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"\xfd7zXZ", b"Rar!")
JUNK = ("__MACOSX/", ".git/")
REFUSED = (
    (b"7z\xbc\xaf", "a 7z archive: unpack it with `7z x` and name the folder"),
    (b"Rar!", "a rar archive: unpack it and name the folder"),
    (b"\xfd7zXZ", "packed with xz: unpack it with `unxz`"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard: unpack it with `unzstd`"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive: its path inside, with slashes, and its size as it is declared."""

    name: str
    size: int


# Gives the bytes of one entry in pieces; raises Damage where they cannot be had.
Holder = Callable[[str], Iterator[bytes]]


@dataclass(frozen=True)
class Bundle:
    """An open archive. What one archive may hold is capped in files, in bytes and in ratio."""

    path: Path
    entries: list[Entry]
    holder: Holder = field(repr=False)
    nested: bool = False

    def find(self, pattern: str) -> list[Entry]:
        """Return the entries whose whole name fits a pattern like `*/*.json`."""
        return [entry for entry in self.entries if fnmatchcase(entry.name, pattern)]

    def stream(self, name: str) -> BinaryIO:
        """Return an entry as a file; reading raises BadRecord where it is damaged."""
        return stream(self._pieces(name))

    def read(self, name: str, limit: int = FILE_LIMIT) -> bytes:
        """Return an entry; raise BadRecord where it is damaged or has more than `limit` bytes."""
        found = io.BytesIO()
        for piece in self._pieces(name):
            if found.write(piece) and found.tell() > limit:
                raise BadRecord(f"the file is larger than {limit >> 20} MB: export it in parts")
        # Hands out what it holds, where `bytes` of a bytearray would hold a large file twice.
        return found.getvalue()

    def json(self, name: str) -> Any:
        """Return an entry's JSON; raise BadRecord where it is none."""
        return loose_json(self.read(name))

    def head(self, name: str, size: int = 4096) -> bytes:
        """Return how an entry begins; nothing where it cannot be read."""
        try:
            with self.stream(name) as file:
                return file.read(size)
        except (BadRecord, BadArchive):
            return b""

    def walk(self, entries: Iterable[Entry], progress: Progress) -> Iterator[Entry]:
        """Yield entries one by one, and tell how far that is in declared bytes."""
        wanted = list(entries)
        total = sum(entry.size for entry in wanted)
        done = 0
        for entry in wanted:
            yield entry
            done += entry.size
            progress(done, total)

    def _pieces(self, name: str) -> Iterator[bytes]:
        first = True
        try:
            for piece in self.holder(name):
                if first and self.nested and piece.startswith(ARCHIVES):
                    raise BadRecord("an archive within the archive is not opened: unpack it")
                first = False
                yield piece
        except Damage as damage:
            raise BadRecord(str(damage)) from damage
        except OSError as error:
            raise BadRecord(f"the file cannot be read: {error.strerror or error}") from error


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Yield the archive at a path; raise BadArchive where there is none or it is a bomb."""
    with ExitStack() as stack:
        try:
            bundle = _opened(path, stack)
        except OSError as error:
            raise BadArchive(f"cannot read {path}: {error.strerror or error}") from error
        yield bundle


def _opened(path: Path, stack: ExitStack) -> Bundle:
    if path.is_dir():
        return _folder(path)
    file = stack.enter_context(_file(path))
    head = file.read(512)
    for mark, remedy in REFUSED:
        if head.startswith(mark):
            raise BadArchive(f"{path} is {remedy}")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        sizes, holder = stack.enter_context(zips.opened(path, file, ENTRY_LIMIT))
        return _bundle(path, sizes, holder)
    if _is_tar(path):
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="groundswell-"))
        return _tar(path, Path(scratch))
    return _single(path)


def _file(path: Path) -> BinaryIO:
    if not path.exists():
        raise BadArchive(f"there is no file or folder {path}: check the path")
    if not path.is_file():
        raise BadArchive(f"{path} is no regular file: save it to one first")
    return path.open("rb")


def _single(path: Path) -> Bundle:
    name = shown(path.name)
    for ending in PACKED:
        name = name.removesuffix(ending)

    def holder(_: str) -> Iterator[bytes]:
        with path.open("rb") as file:
            yield from unpacked(file)

    return Bundle(path, [Entry(name, path.stat().st_size)], holder)


def shown(name: str) -> str:
    """Return a file's name as text, with U+FFFD for what is no valid UTF-8 in it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _folder(root: Path) -> Bundle:
    """Return a folder; links in it are not followed, gzip and bzip2 files in it are unpacked."""
    places: dict[str, Path] = {}
    for folder, names, files in os.walk(root, followlinks=False):
        names[:] = sorted(name for name in names if f"{name}/" not in JUNK)
        for file in sorted(files):
            place = Path(folder) / file
            if place.is_symlink() or not place.is_file():
                continue
            name = shown(place.relative_to(root).as_posix())
            for ending in PACKED:
                name = name.removesuffix(ending)
            places.setdefault(name, place)
            if len(places) > ENTRY_LIMIT:
                raise BadArchive(f"{root} holds more than {ENTRY_LIMIT:,} files: name one folder")

    def holder(name: str) -> Iterator[bytes]:
        with places[name].open("rb") as file:
            yield from unpacked(file)

    entries = [Entry(name, place.stat().st_size) for name, place in sorted(places.items())]
    return Bundle(root, entries, holder)


def _bundle(path: Path, sizes: dict[str, int], holder: Holder) -> Bundle:
    """Return an archive without the one folder that may lie around everything."""
    check_names(path, sizes)
    tops = {name.split("/", 1)[0] for name in sizes}
    root = f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in sizes) else ""
    entries = [Entry(name.removeprefix(root), size) for name, size in sorted(sizes.items())]

    def rooted(name: str) -> Iterator[bytes]:
        return holder(root + name)

    return Bundle(path, entries, rooted, nested=True)


def check_names(path: Path, names: Iterable[str]) -> None:
    """Raise BadArchive where a name leads out of the archive."""
    for name in names:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\\" in name or ":" in name.split("/")[0][1:2]:
            raise BadArchive(f"{path} has an entry whose name leads out of it: export it again")


def _is_tar(path: Path) -> bool:
    """Return whether the first block, unpacked, is the header of a tar."""
    try:
        with path.open("rb") as file, stream(unpacked(file)) as plain:
            tarfile.TarInfo.frombuf(plain.read(512), "utf-8", "surrogateescape")
            return True
    except (Damage, tarfile.TarError):
        return False


def _tar(path: Path, scratch: Path) -> Bundle:
    """Return a tar whose readable files are set down once, under names of our own."""
    sizes: dict[str, int] = {}
    places: dict[str, Path] = {}
    total = 0
    try:
        for count, (tar, member) in enumerate(_members(path)):
            _check_member(path, member, count)
            if not member.isfile() or not member.name.endswith(READABLE):
                continue
            total += member.size
            if total > TOTAL_LIMIT:
                raise BadArchive(f"{path} holds more than {TOTAL_LIMIT >> 30} GB")
            name = shown(member.name.removeprefix("./"))
            sizes[name], places[name] = member.size, scratch / str(count)
            _set_down(tar, member, places[name])
    except (Damage, tarfile.TarError, EOFError) as error:
        raise BadArchive(f"{path} is a damaged tar: fetch it again ({error})") from error

    def holder(name: str) -> Iterator[bytes]:
        with places[name].open("rb") as file:
            yield from iter(lambda: file.read(PIECE), b"")

    return _bundle(path, sizes, holder)


class SmallHeaders(tarfile.TarInfo):
    """An entry whose name and notes are of a size that names have: they are read into memory."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type not in tarfile.SUPPORTED_TYPES or self.type in tarfile.REGULAR_TYPES:
            pass
        elif self.size > HEADER_LIMIT:
            raise tarfile.ReadError("an entry's header is longer than a megabyte")
        found: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        return found


def _members(path: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    with (
        path.open("rb") as file,
        stream(unpacked(file)) as plain,
        tarfile.open(fileobj=plain, mode="r|", tarinfo=SmallHeaders) as tar,
    ):
        for member in tar:
            yield tar, member


def _check_member(path: Path, member: tarfile.TarInfo, count: int) -> None:
    if count >= TAR_LIMIT:
        raise BadArchive(f"{path} holds more than {TAR_LIMIT:,} entries: unpack it, name a folder")
    if member.issym() or member.islnk() or member.isdev():
        raise BadArchive(f"{path} holds a link or a device: export it again")
    check_names(path, [member.name.removeprefix("./")])


def _set_down(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None
    with place.open("wb") as out:
        while piece := source.read(PIECE):
            out.write(piece)
