"""An export is the same of every database: a real PostgreSQL server that sorts as English does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from jobs.export.tables import export_all
from jobs.load import load
from jobs.refill.store import refill
from service.db.migrate import upgrade
from service.db.session import Database, open_database
from tests.jobs.export.conftest import NOW, Store, dump, dump_all
from tests.jobs.test_postgres import server

__all__ = ["server"]
# What English puts in another order than bytes have it.
MIXED = ("b", "A", "a", "B", "_", "é", "Z", "a b")
ENGLISH = "CREATE DATABASE english TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8' "
ICU = "LOCALE_PROVIDER icu ICU_LOCALE 'en'"


@pytest.fixture
def english(server: str) -> Iterator[Database]:
    """Yield a migrated database whose texts sort as in a dictionary."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(ENGLISH + ICU))
    engine.dispose()
    database = open_database(server.replace("/postgres", "/english"))
    upgrade(database)
    yield database
    database.close()


@pytest.mark.slow
def test_postgres_exports_what_sqlite_does(full: Store, english: Database, tmp_path: Path) -> None:
    stamp = {"created_at": "2024-07-01T00:00:00Z", "text": "x"}
    for source in ("Beta", "alpha"):
        rows = ({"id": id_, "author": id_, "source": source, **stamp} for id_ in MIXED)
        full.load(*rows)
    before = dump_all(full, tmp_path / "sqlite")
    refill(english, tmp_path / "sqlite", now=NOW, actor="tester")
    there = Store.__new__(Store)
    there.database, there.settings, there.folder = english, full.settings, full.folder
    assert dump_all(there, tmp_path / "postgres") == before
    assert dump(there, private=True, emails=True) == dump(full, private=True, emails=True)
    path = full.file("more.jsonl", {"id": "new", "author": "new", **stamp})
    for store in (full, there):
        done = load(store.database, "jsonl", path, full.settings, now=NOW, actor="tester")
        assert (done.added, done.members_added, done.threads_added) == (1, 1, 1)
    export_all(english, tmp_path / "after")
    export_all(full.database, tmp_path / "later")
    assert (tmp_path / "after" / "posts.jsonl").read_bytes() == (
        tmp_path / "later" / "posts.jsonl"
    ).read_bytes()
