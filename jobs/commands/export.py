"""`export`: what is in the store, to files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from jobs import output
from jobs.commands.context import Json, opened
from jobs.export.files import whole_file
from jobs.export.formats import FORMATS
from jobs.export.posts import columns, posts
from jobs.export.tables import export_all
from service.db.queries import export as queries
from service.db.session import Database
from service.errors import InvalidInput
from service.ingest.records import Progress

DEFAULT = "jsonl"


def export_archive(
    format: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(FORMATS)}; left out, as --out ends, or {DEFAULT}."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File; left out, standard output.")] = None,
    everything: Annotated[
        Path | None,
        typer.Option(
            "--all",
            metavar="DIR",
            help="Write every table, private posts and e-mail addresses too, to a new folder, "
            "which `import groundswell DIR` reads into an empty store.",
        ),
    ] = None,
    include_private: Annotated[
        bool, typer.Option("--include-private", help="Private and direct posts too.")
    ] = False,
    include_emails: Annotated[
        bool,
        typer.Option(
            "--include-emails",
            help="E-mail addresses of authors too; else handles that are addresses are veiled as "
            "`mail-` and 12 digits.",
        ),
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw/--no-raw", help="With --all: the items that posts came as.")
    ] = True,
    json: Json = False,
) -> None:
    """Write posts, one a line, as `import` reads them; or, with --all, every table."""
    if everything is not None:
        if format or out or include_private or include_emails:
            raise InvalidInput("--all writes everything, as JSON Lines: leave other options out")
        _every_table(everything, raw=raw, json=json)
        return
    if not raw:
        raise InvalidInput("--no-raw goes with --all DIR: posts are written without raw items")
    chosen = _format(format, out)
    if out is None and json:
        raise InvalidInput("--json needs --out: posts go to standard output without it")
    with opened() as context, _title(out) as heard, _opened(out) as file:
        count = write_posts(
            context.database,
            file,
            chosen,
            private=include_private,
            emails=include_emails,
            progress=heard,
        )
    if out is not None:
        done = {"posts": count, "format": chosen, "out": out}
        output.print_json(done) if json else output.say(f"wrote {count:,} posts to {out}")


def write_posts(
    database: Database,
    file: BinaryIO,
    format: str,
    *,
    private: bool = False,
    emails: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write posts in a format and return how many; `progress` hears (written, in all)."""
    names = columns(emails=emails)
    count = 0
    with database.read() as session, FORMATS[format](file, names) as write:
        queries.hold_still(session)
        total = queries.total_posts(session, private=private)
        for page in posts(session, private=private, emails=emails):
            write(page)
            count += len(page)
            if progress is not None:
                progress(count, total)
    return count


def _every_table(folder: Path, *, raw: bool, json: bool) -> None:
    with opened() as context, output.bar(f"export {folder.name}") as heard:
        sizes = export_all(context.database, folder, raw=raw, progress=heard)
    if json:
        output.print_json({"out": folder, "rows": sizes})
        return
    output.say(f"wrote every table to {folder}, private posts and e-mail addresses too:")
    output.say(
        "  " + ", ".join(f"{size:,} {name.replace('_', ' ')}" for name, size in sizes.items())
    )


def _format(format: str | None, out: Path | None) -> str:
    """Return the format that is asked for, by name or by how the file's name ends."""
    ending = out.suffix.removeprefix(".").lower() if out is not None else ""
    chosen = format or (ending if ending in FORMATS else DEFAULT)
    if chosen not in FORMATS:
        raise InvalidInput(f"no format is called {chosen!r}: use {', '.join(FORMATS)}")
    if chosen == "parquet" and out is None:
        raise InvalidInput("Parquet is no text: name a file with --out")
    return chosen


@contextmanager
def _title(out: Path | None) -> Iterator[Progress | None]:
    """Show a progress bar, unless posts go to the same terminal."""
    if out is None:
        yield None
        return
    with output.bar(f"export {out.name}") as heard:
        yield heard


@contextmanager
def _opened(out: Path | None) -> Iterator[BinaryIO]:
    if out is not None:
        with whole_file(out) as file:
            yield file
        return
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
