"""`evaluate`: how good and how fast, on data of your own, beside what others would get."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from jobs import output
from jobs.commands.context import Json
from jobs.evaluate.result import Evaluation, Options
from service.errors import InvalidInput
from service.settings import load

# The module that measures under each name.
NAMES = {
    "encoder": "encoder",
    "identity": "identity",
    "import": "intake",
    "index": "index",
    "pipeline": "pipeline",
    "threads": "threads",
}

HEADS = ("threads",)


def evaluate(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    data: Annotated[Path | None, typer.Option(help="JSON Lines, gzip or plain.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first records.")] = None,
    n: Annotated[int, typer.Option("--n", min=1_000, help="Vectors, for `index`.")] = 200_000,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same figures.")] = 0,
    json: Json = False,
) -> None:
    """Measure on labelled or planted data, beside baselines of the same run."""
    if name not in NAMES:
        raise InvalidInput(f"nothing is measured under {name!r}: use {', '.join(NAMES)}")
    module = import_module(f"jobs.evaluate.{NAMES[name]}")
    measure: Callable[[Options], Evaluation] = module.evaluate
    log = (lambda line: None) if json else output.complain
    with _aside():
        found = measure(Options(load(), data=data, limit=limit, n=n, seed=seed, log=log))
    output.print_json(found) if json else _show(found)


def train(
    head: Annotated[str, typer.Argument(help=f"One of {', '.join(HEADS)}.")],
    data: Annotated[Path, typer.Option(help="Labelled JSON Lines, gzip or plain.")],
    out: Annotated[Path, typer.Option(help="Folder for the weights and their card.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same weights.")] = 0,
    json: Json = False,
) -> None:
    """Train a head on labels of your own; GROUNDSWELL_HEADS_DIR then names the folder."""
    if head not in HEADS:
        raise InvalidInput(f"no head is called {head!r}: use {', '.join(HEADS)}")
    make: Callable[..., Path] = import_module(f"jobs.train.{head}").train
    with _aside():
        weights = make(data, out, seed=seed, log=output.complain)
    output.print_json({"weights": weights}) if json else output.say(f"wrote {weights}")


@contextmanager
def _aside() -> Iterator[None]:
    """Send what libraries print, from Python or from C, to standard error: results stand alone."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _show(found: Evaluation) -> None:
    labels = ["ours", *found.baselines, *found.published]
    figures = [found.metrics, *found.baselines.values(), *found.published.values()]
    names = list(dict.fromkeys(name for column in figures for name in column))
    rows = [[name, *(column.get(name, "") for column in figures)] for name in names]
    output.table(f"{found.name} on {found.data} (n = {found.n:,})", ["figure", *labels], rows)
