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
from jobs.commands.context import Json, clock, opened
from jobs.evaluate.labelled import Labelled
from jobs.evaluate.result import Evaluation, Options
from nlp.judgements.labels import TASKS
from service.db.session import Database
from service.errors import InvalidInput
from service.settings import load

# The module that measures under each name.
NAMES = {
    "clusters": "clusters",
    "conflict": "conflict",
    "emotion": "emotion",
    "encoder": "encoder",
    "fairness": "fairness",
    "hostility": "hostility",
    "identity": "identity",
    "import": "intake",
    "index": "index",
    "intent": "intent",
    "night": "night",
    "pipeline": "pipeline",
    "request-dialogs": "dialogs",
    "sentiment": "sentiment",
    "technical": "technical",
    "threads": "threads",
    "topic-identity": "topic_identity",
    "topics": "topics",
    "trends": "trends",
}

# Those of one's own labels, and those that a module of their own trains from whole data sets.
OWN = tuple(TASKS)
WHOLE = ("heat", "judges", "threads")
HEADS = (*OWN, *WHOLE)
LEARNED = "the judge has learned from these data: on other texts it is right less often"


def evaluate(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    data: Annotated[Path | None, typer.Option(help="JSON Lines, gzip or plain.")] = None,
    train: Annotated[
        list[Path] | None, typer.Option(help="Labels to teach the head by first; repeatable.")
    ] = None,
    folds: Annotated[
        int, typer.Option(min=0, max=100, help="Teach the head by the data itself, in folds.")
    ] = 0,
    links: Annotated[
        Path | None, typer.Option(help="What ties records to others, or judges them, by id.")
    ] = None,
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
        options = Options(
            load(),
            data=data,
            limit=limit,
            n=n,
            seed=seed,
            train=tuple(train or ()),
            folds=folds,
            links=links,
            log=log,
        )
        found = measure(options)
    output.print_json(found) if json else _show(found)


def train(
    head: Annotated[str, typer.Argument(help=f"One of {', '.join(HEADS)}.")],
    data: Annotated[
        list[Path] | None, typer.Option(help="Labelled JSON Lines, gzip or plain; repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for weights and card; left out, in the data folder.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same weights.")] = 0,
    corrections: Annotated[
        bool, typer.Option(help="Learn also from what people corrected in the store.")
    ] = True,
    json: Json = False,
) -> None:
    """Train a head on labels of your own; GROUNDSWELL_HEADS_DIR then names the folder.

    Sentiment, emotion, hostility and intent also learn from what people corrected in the store;
    labels of the random sample are kept for measuring.
    """
    if head not in HEADS:
        raise InvalidInput(f"no head is called {head!r}: use {', '.join(HEADS)}")
    if head in WHOLE and not (data and len(data) == 1 and out):
        raise InvalidInput(f"`train {head}` takes one --data and an --out")
    if head in WHOLE and not corrections:
        raise InvalidInput(f"`train {head}` never learns from corrections: leave the option out")
    with _aside():
        weights = (
            _own(head, data or [], out, seed, corrections)
            if head in OWN
            else _whole(head, data, out, seed)
        )
    output.print_json({"weights": weights}) if json else output.say(f"wrote {weights}")


def _own(head: str, data: list[Path], out: Path | None, seed: int, corrections: bool) -> Path:
    from jobs.train import heads

    with opened() as context:
        settings = context.settings
        return heads.train(
            head,
            data,
            _corrected(context.database, head) if corrections else None,
            out or settings.heads_dir or settings.data_dir / "heads",
            now=clock(),
            heads=settings.heads_dir,
            seed=seed,
            log=output.complain,
        )


def _corrected(database: Database, head: str) -> Labelled | None:
    """Return what people corrected, and say how many labels are kept for measuring instead."""
    from jobs.train import people

    with database.read() as session:
        kept = people.kept_for_measuring(session, head)
        if kept:
            output.complain(f"{kept:,} labels of the random sample are kept for measuring")
        return people.corrections_of(session, head)


def _whole(head: str, data: list[Path] | None, out: Path | None, seed: int) -> Path:
    assert data
    assert out
    from jobs.train import heat, judges, threads

    if head == "heat":
        return heat.train(
            data[0], out, settings=load(), now=clock(), seed=seed, log=output.complain
        )
    if head == "judges":
        return judges.train(data[0], out, now=clock(), seed=seed, log=output.complain)
    return threads.train(data[0], out, seed=seed, log=output.complain)


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
    if found.learned_from:
        output.say(LEARNED)
    output.table(f"{found.name} on {found.data} (n = {found.n:,})", ["figure", *labels], rows)
