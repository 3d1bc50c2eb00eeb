"""The records that an import refused, kept in a file for the person who can mend them."""

from __future__ import annotations

import os
import re
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import orjson

from service.ingest.records import Reject

UNSAFE = re.compile(r"[^\w.-]+")


class Rejects:
    """A file of {"place", "reason", "raw"}, one a line; it appears whole, or not at all.

    There is no file where nothing was refused, or where the import itself failed.
    """

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._path = path
        self._part = path.with_suffix(f".{os.getpid()}.part")
        self._file: BinaryIO | None = None

    def __enter__(self) -> Rejects:
        return self

    def add(self, reject: Reject) -> None:
        """Write one refused record."""
        if self._file is None:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
        row = {"place": reject.place, "reason": reject.reason, "raw": reject.raw}
        self._file.write(orjson.dumps(row) + b"\n")
        self.count += 1

    def close(self) -> Path | None:
        """Put the file in place and return its path; None where nothing was refused."""
        if self._file is None:
            return None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)
        self._file = None
        return self._path

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)


def rejects_path(folder: Path, name: str, archive: Path, now: datetime) -> Path:
    """Return where the refused records of one import of an archive go."""
    digest = sha256(f"{archive.resolve()}\n{now.isoformat()}".encode("utf-8", "surrogateescape"))
    return folder / f"{UNSAFE.sub('-', name)[:100]}-{digest.hexdigest()[:12]}.jsonl"
