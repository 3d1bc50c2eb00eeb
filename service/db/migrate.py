"""Bring a database to this version's schema, or say why not."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.exc import DatabaseError

from service.db.session import Database
from service.errors import DatabaseNewer, DatabaseNotReady

SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Migrate to the newest schema; raise DatabaseNewer where a newer version wrote it."""
    if not _older(database):
        return
    with database.engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(database: Database) -> None:
    """Raise unless the schema is this version's."""
    if _older(database):
        raise DatabaseNotReady("the database is of an older version; run `groundswell migrate`")


def current(database: Database) -> str | None:
    """Return the schema revision of a database; None where it has no schema."""
    try:
        with database.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DatabaseError as error:
        reason = str(error.orig).splitlines()[0]
        place = database.engine.url.render_as_string(hide_password=True)
        raise DatabaseNotReady(f"cannot read the database {place}: {reason}") from error


def _older(database: Database) -> bool:
    """Return whether the schema is older than this version's; raise where it is newer."""
    scripts = ScriptDirectory.from_config(_config())
    revision = current(database)
    if revision == scripts.get_current_head():
        return False
    if revision is not None:
        try:
            scripts.get_revision(revision)
        except CommandError as error:
            raise DatabaseNewer(
                f"the database's schema {revision} is of a newer Groundswell: install that version"
            ) from error
    return True


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
