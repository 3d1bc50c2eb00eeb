"""Engines and sessions: one kind for the API, jobs, notebooks and tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

BUSY_TIMEOUT_MS = 30_000
# A writer is alone and fills indexes; of readers there may be as many as the pool holds.
CACHE_KIB = {"IMMEDIATE": 65_536, "DEFERRED": 8_192}
# More connections than the service has threads (40): a thread never waits for another's.
POOL = {"pool_size": 45, "max_overflow": 15, "pool_use_lifo": True}


@dataclass(frozen=True, slots=True)
class Database:
    """A database and its two kinds of transaction."""

    engine: Engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that sees one snapshot; nothing is committed."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Session]:
        """Yield a session and commit once when the block ends; roll back when it raises.

        What is not `durable` may be lost if the power fails before the next durable write ends:
        for parts of work that is begun again where it broke off.
        """
        # A snapshot that is read first and written later would fail when another writer came
        # between: on SQLite a writer therefore takes the lock, and waits for it, at the start.
        engine = self.engine.execution_options(sqlite_begin="IMMEDIATE", durable=durable)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def open_database(url: str | URL) -> Database:
    """Return the database at a SQLAlchemy URL. The folder of an SQLite file must exist."""
    # Parameters are posts: they stay out of error messages, and so out of logs.
    url = make_url(url)
    sqlite = url.get_backend_name() == "sqlite"
    pool = {} if sqlite and _in_memory(url) else POOL
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=not sqlite, **pool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Database(engine)


def _in_memory(url: URL) -> bool:
    return url.database in {None, "", ":memory:"} or url.query.get("mode") == "memory"


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # The driver's own transaction handling begins too late for DDL and snapshots.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        # Of a database that is yet to be made: posts are long, and fit such pages better.
        "page_size=8192",
        "journal_mode=WAL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        # 48 MB: an import would else copy the same pages of its indexes back every 8 MB.
        "wal_autocheckpoint=6000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    mode = options.get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KIB[mode]}")
    synchronous = "FULL" if options.get("durable", True) else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
    connection.exec_driver_sql(f"BEGIN {mode}")
