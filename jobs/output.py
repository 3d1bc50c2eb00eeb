"""What commands print: JSON for machines, tables and progress bars for people."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Heard = Callable[[int, int], None]

# Joiners that scripts and emoji need; every other character without a shape may steer a terminal.
SHAPELESS = "\n\u200c\u200d"
# What JSON lets through as it is: DEL, and the second set of control characters in UTF-8.
CONTROL = re.compile(rb"\x7f|\xc2[\x80-\x9f]")


def console(*, stderr: bool = False) -> Console:
    """Return the console that results go to, or that of errors: text is printed as it is."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def printable(text: str) -> str:
    """Return a text that cannot steer a terminal.

    Lines stay lines, spaces of any kind become plain ones, and U+FFFD stands for the rest that
    has no shape: controls, escapes, marks that turn the direction of writing.
    """
    return "".join(
        mark if mark.isprintable() or mark in SHAPELESS else " " if mark.isspace() else "\ufffd"
        for mark in text
    )


def say(text: str) -> None:
    """Print a line of text, as text: no markup is read in it."""
    console().print(printable(text), soft_wrap=True)


def complain(text: str) -> None:
    """Print a line on standard error."""
    console(stderr=True).print(printable(text), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document and nothing else."""
    data = orjson.dumps(plain(value), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
    sys.stdout.buffer.write(CONTROL.sub(_escaped, data) + b"\n")
    sys.stdout.flush()


def _escaped(control: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(control[0].decode())


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
    shown = Table(title=printable(title), title_justify="left", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        number = all(isinstance(row[place], int | float) for row in rows)
        shown.add_column(
            printable(column), justify="right" if number and rows else "left", overflow="fold"
        )
    for row in rows:
        shown.add_row(*(printable(cell_text(cell)) for cell in row))
    console().print(shown)


def cell_text(cell: object) -> str:
    """Return a cell as people write it: thousands apart, few decimals."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return str(cell)
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.3g}"


@contextmanager
def bar(title: str) -> Iterator[Heard | None]:
    """Show a progress bar on a terminal, and nothing in a pipe."""
    error = console(stderr=True)
    if not error.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=error, transient=True) as progress:
        task = progress.add_task(printable(title), total=None)

        def heard(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield heard
