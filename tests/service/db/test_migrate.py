"""Migrations make the schema that the models describe, and know what they must not touch."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

import service.db.models  # noqa: F401
from service.db import migrate
from service.db.base import Base
from service.db.session import Database, open_database
from service.errors import DatabaseNewer, DatabaseNotReady


def test_migrations_make_what_the_models_describe(database: Database) -> None:
    with database.engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_every_constraint_has_a_name(database: Database) -> None:
    for table in Base.metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints)


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = migrate.current(database)
    migrate.upgrade(database)
    assert migrate.current(database) == before is not None
    migrate.check(database)


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for act in (migrate.upgrade, migrate.check):
        with pytest.raises(DatabaseNewer, match="9999"):
            act(database)


def test_an_empty_database_is_not_ready(tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotReady, match="groundswell migrate"):
        migrate.check(open_database(f"sqlite:///{tmp_path}/empty.sqlite3"))


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "groundswell.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseNotReady, match="cannot read the database"):
        migrate.upgrade(open_database(f"sqlite:///{path}"))


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "groundswell.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE post (id INTEGER)")
    connection.close()
    found = open_database(f"sqlite:///{path}")
    with pytest.raises(Exception, match="already exists"):
        migrate.upgrade(found)
    with found.engine.connect() as there:
        names = there.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        assert names.scalars().all() == ["post"]
    found.close()
