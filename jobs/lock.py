"""One run at a time on a store. The lock goes with the process, however that ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.db.queries import job_claims
from service.db.session import Database
from service.errors import Busy

WAIT = "wait for it to end, then run again"


@contextmanager
def alone(database: Database, folder: Path) -> Iterator[None]:
    """Be the only run in a data folder and, on PostgreSQL, of every host; else raise Busy."""
    with hold(folder / "run.lock"), _hold_server(database):
        yield


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock file; raise Busy where another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(f"another run holds {path}: {WAIT}") from error
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def _hold_server(database: Database) -> Iterator[None]:
    if database.engine.dialect.name != "postgresql":
        yield
        return
    with database.engine.connect() as connection:
        # A transaction left open all through a run would keep the server from tidying up.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        # Out of the pool: the lock ends when the connection is closed, and not before.
        connection.detach()
        if not job_claims.lock_server(connection):
            raise Busy(f"another host runs on this database: {WAIT}")
        yield
