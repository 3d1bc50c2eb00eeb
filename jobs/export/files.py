"""Files and folders that appear whole, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from service.errors import InvalidInput


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write; it takes the path's place when the block ends without an error.

    Raise InvalidInput where the path is a folder, a device or a pipe.
    """
    asked, path = path, path.resolve()
    if path.exists() and not path.is_file():
        raise InvalidInput(f"{path} is no regular file: name another, or write to standard output")
    _check_place(asked, path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill; it takes the path's place when the block ends without an error.

    Nobody else may read it. Raise InvalidInput where the path is there and no empty folder.
    """
    asked, path = path, path.resolve()
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise InvalidInput(f"{path} is there and not an empty folder: name a new one")
    _check_place(asked, path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.mkdir(mode=0o700)
    try:
        yield part
        for file in part.iterdir():
            with file.open("rb") as written:
                os.fsync(written.fileno())
        sync_folder(part)
        part.replace(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check_place(asked: Path, path: Path) -> None:
    """Raise InvalidInput where nothing can be made beside a path; errors later name the part."""
    if not path.parent.is_dir():
        raise InvalidInput(f"{asked}: there is no folder {path.parent}: make it, or name another")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InvalidInput(f"{asked}: nothing may be written to {path.parent}: name another folder")


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to the disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
