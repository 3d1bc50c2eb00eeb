"""One run at a time in a data folder. The lock goes with the process, however that ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.errors import Busy


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock file; raise Busy where another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(f"another run holds {path}: wait for it to end, then run again") from error
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
