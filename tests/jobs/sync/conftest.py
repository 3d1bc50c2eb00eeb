"""Local servers, and syncs that do not sleep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from jobs.sync.client import Pace
from jobs.sync.run import SyncResult, sync, target
from service.db.session import Database
from service.settings import Settings
from tests.jobs.sync.local import Asked, Reply, Server, start

Serve = Callable[[Callable[[Asked], Reply]], Server]
Sync = Callable[..., SyncResult]
Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a server."""
    running = []

    def begin(answer: Callable[[Asked], Reply]) -> Server:
        server = Server(answer)
        running.append(start(server))
        return server

    yield begin
    for http in running:
        http.shutdown()
        http.server_close()


@pytest.fixture
def slept() -> list[float]:
    """Return the list of what clients waited, in seconds."""
    return []


@pytest.fixture
def pace(now: datetime, slept: list[float]) -> Pace:
    """Return a pace that waits for nothing and throws the same dice each time."""
    return Pace(lambda: now, slept.append, Random(7))


@pytest.fixture
def pull(database: Database, settings: Settings, pace: Pace) -> Sync:
    """Return a function that syncs one address."""

    def run(
        kind: str,
        address: str,
        *,
        name: str | None = None,
        secrets: dict[str, Any] | None = None,
        at: datetime | None = None,
        **options: Any,
    ) -> SyncResult:
        where = target(database, kind, address, name)
        given = Settings(**{**settings.model_dump(), **(secrets or {})})
        clock = pace if at is None else Pace(lambda: at, pace.sleep, pace.dice)
        return sync(database, where, given, clock, actor="test", **options)

    return run


@pytest.fixture
def rows(database: Database) -> Rows:
    """Return a function that reads rows of the store."""

    def read(query: str, **values: Any) -> list[tuple[Any, ...]]:
        with database.read() as session:
            return [tuple(row) for row in session.execute(text(query), values)]

    return read
