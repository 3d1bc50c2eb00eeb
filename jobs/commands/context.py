"""What a command starts from: settings, the database, the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from service.db import migrate
from service.db.session import Database, open_database
from service.errors import InvalidInput
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
ACTOR = "cli"


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
    """Yield the settings and the database, brought to this version's schema."""
    settings = settings or load()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.url)
    try:
        migrate.upgrade(database)
        yield Context(settings, database)
    finally:
        database.close()


def moment(text: str | None) -> datetime | None:
    """Return a time from text, a bare date as the end of that day; raise InvalidInput."""
    if text is None:
        return None
    try:
        if len(text) == len("2024-10-05"):
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
        read = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{text!r} is no time: write 2024-10-05 or 2024-10-05T18:00Z") from error
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
