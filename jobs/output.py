"""What commands print: JSON for machines, tables and progress bars for people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Heard = Callable[[int, int], None]


def console() -> Console:
    """Return the console that results go to."""
    return Console(highlight=False)


def say(text: str) -> None:
    """Print a line of text, as text: no markup is read in it."""
    console().print(escape(text), soft_wrap=True)


def complain(text: str) -> None:
    """Print a line on standard error."""
    Console(stderr=True, highlight=False).print(escape(text), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document and nothing else."""
    data = orjson.dumps(plain(value), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    sys.stdout.buffer.write(data + b"\n")
    sys.stdout.flush()


def plain(value: Any) -> Any:
    """Return a value in the types of JSON: dataclasses as objects, paths as strings."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers stand right."""
    shown = Table(title=escape(title), title_justify="left", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        number = all(isinstance(row[place], int | float) for row in rows)
        shown.add_column(column, justify="right" if number and rows else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(escape(cell_text(cell)) for cell in row))
    console().print(shown)


def cell_text(cell: object) -> str:
    """Return a cell as people write it: thousands apart, few decimals."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return str(cell)
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.3g}"


@contextmanager
def bar(title: str) -> Iterator[Heard | None]:
    """Show a progress bar on a terminal, and nothing in a pipe."""
    error = Console(stderr=True)
    if not error.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=error, transient=True) as progress:
        task = progress.add_task(title, total=None)

        def heard(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield heard
