"""One run at a time: in a data folder by a file, between hosts by the PostgreSQL server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from jobs.lock import alone
from service.db.session import Database
from service.errors import Busy


class Server:
    """Stands in for an engine: one advisory lock that each open connection may hold."""

    def __init__(self, dialect: Any) -> None:
        self.dialect = dialect
        self.asked: list[str] = []
        self.holder: object | None = None

    def connect(self) -> Connection:
        return Connection(self)


class Connection:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.own = False

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        if self.own and self.server.holder is self:
            self.server.holder = None

    def detach(self) -> None:
        self.own = True

    def execution_options(self, **_: object) -> None:
        pass

    def scalar(self, query: Any) -> bool:
        self.server.asked.append(str(query.compile(dialect=postgresql.dialect())))
        if self.server.holder is not None:
            return False
        self.server.holder = self
        return True


def database(dialect: Any) -> tuple[Database, Server]:
    server = Server(dialect)
    return Database(server), server  # type: ignore[arg-type]


def test_two_hosts_on_one_server_run_one_at_a_time(tmp_path: Path) -> None:
    store, server = database(postgresql.dialect())
    with alone(store, tmp_path / "one"):
        with (
            pytest.raises(Busy, match="another host runs on this database: wait"),
            alone(store, tmp_path / "two"),
        ):
            pass
        assert server.holder is not None
    assert server.holder is None
    with alone(store, tmp_path / "two"):
        pass
    assert server.asked[0].startswith("SELECT pg_try_advisory_lock(")


def test_a_file_is_enough_for_sqlite(tmp_path: Path) -> None:
    store, server = database(sqlite.dialect())
    with alone(store, tmp_path):
        with pytest.raises(Busy, match=r"run\.lock: wait"), alone(store, tmp_path):
            pass
        with alone(store, tmp_path / "other"):
            pass
    assert server.asked == []
