"""What a command starts from: settings, the database, the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import ArgumentError

from service.db import migrate
from service.db.session import Database, open_database
from service.errors import BadSetting, InvalidInput
from service.settings import Settings, load

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help="A date (its end) or an RFC 3339 time; posts from then on are not seen.",
    ),
]
ACTOR = "local"
EARLIEST, LATEST = 1980, 2200


@dataclass(frozen=True, slots=True)
class Context:
    """Settings and the open database of one command."""

    settings: Settings
    database: Database


def clock() -> datetime:
    """Return the time of day, in UTC."""
    return datetime.now(UTC)


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[Context]:
    """Yield the settings and the database, brought to this version's schema.

    Raise BadSetting where the data folder or the database's URL cannot be used.
    """
    settings = settings or load()
    make_folder(settings.data_dir)
    database = _database(settings.url)
    try:
        migrate.upgrade(database)
        yield Context(settings, database)
    finally:
        database.close()


def make_folder(path: Path) -> None:
    """Make a data folder where there is none; raise BadSetting where that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(
            f"cannot use {path} as the data folder ({error.strerror}): "
            "let GROUNDSWELL_DATA_DIR name a folder that you may write to"
        ) from error


def _database(url: str) -> Database:
    """Return the database. The URL is kept out of the messages, as it may hold a password."""
    try:
        return open_database(url)
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"GROUNDSWELL_DATABASE_URL needs {error.name}, which is not installed: run "
            "`pip install -e '.[postgres]'` in Groundswell's folder, write postgresql+psycopg://"
        ) from error
    except (ArgumentError, ValueError) as error:
        raise BadSetting(
            "GROUNDSWELL_DATABASE_URL is no address of a database: write it like "
            "postgresql+psycopg://USER:PASSWORD@HOST/NAME or sqlite:////FOLDER/FILE"
        ) from error


def moment(text: str | None, *, end: bool = True) -> datetime | None:
    """Return a time from text, a bare date as the end of that day or else as its begin.

    Raise InvalidInput for what is no time, and for years before 1980 or after 2200.
    """
    if text is None:
        return None
    try:
        date = len(text) == len("2024-10-05")
        read = datetime.strptime(text, "%Y-%m-%d") if date else datetime.fromisoformat(text)  # noqa: DTZ007
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no time: write 2024-10-05 or 2024-10-05T18:00Z") from error
    if not EARLIEST <= read.year <= LATEST:
        raise InvalidInput(f"{text!r} lies too far off: years run from {EARLIEST} to {LATEST}")
    if date:
        return read.replace(tzinfo=UTC) + timedelta(days=end)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
