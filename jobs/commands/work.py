"""`run`, `work`, `rebuild-index` and `migrate`: the store is brought up to date."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from jobs import output
from jobs.commands.context import ACTOR, AsOf, Context, Json, clock, moment, opened
from jobs.index import update_index
from jobs.lock import alone
from jobs.pipeline import STEPS, RunResult
from jobs.runner import run_now
from jobs.runner import work as do_work
from service.db.queries import audit


def run(
    steps: Annotated[str, typer.Option(help=f"Comma-separated, of {', '.join(STEPS)}.")] = ",".join(
        STEPS
    ),
    as_of: AsOf = None,
    refit: Annotated[bool, typer.Option("--refit", help="Fit the topics anew.")] = False,
    json: Json = False,
) -> None:
    """Look at what is new, from conversations to trends. Safe to stop and to repeat."""
    with opened() as context:
        run_and_show(context, json=json, steps=steps, as_of=as_of, refit=refit)


def run_and_show(
    context: Context,
    *,
    json: bool,
    steps: str = ",".join(STEPS),
    as_of: str | None = None,
    refit: bool = False,
) -> None:
    """Do a run and print what it did."""
    started = time.monotonic()
    result = run_now(
        context.database,
        context.settings,
        clock,
        actor=ACTOR,
        report=_bar,
        steps=[step.strip() for step in steps.split(",") if step.strip()],
        as_of=moment(as_of),
        refit=refit,
    )
    seconds = round(time.monotonic() - started, 1)
    if json:
        told = {"steps": result.steps, "step_seconds": result.seconds, "idle": result.idle}
        output.print_json({**told, "seconds": seconds})
    else:
        _show(result, seconds)


@contextmanager
def _bar(step: str) -> Iterator[output.Heard | None]:
    with output.bar(step) as heard:
        yield heard


def _show(result: RunResult, seconds: float) -> None:
    if result.idle:
        output.say(f"nothing to do ({seconds} s)")
        return
    lines = {
        "conversations": "{posts:,} posts of flat chat in {threads:,} conversations",
        "identities": "{pending:,} suggestions that two members are one person, {new:,} new",
        "encode": "{posts:,} posts encoded ({texts:,} distinct texts)",
        "judge": "{posts:,} posts judged ({texts:,} distinct texts)",
        "heat": "{threads:,} threads read: {raised} flagged, {withdrawn} calmed down",
        "index": "{vectors:,} vectors: {added:,} added, {removed:,} removed",
        "topics": "{topics:,} topics, {born:,} new; {placed:,} posts placed, {outliers:,} in none",
        "trends": "{rising} of {tested:,} topics rising as of {tick}",
    }
    for step, done in result.steps.items():
        if step == "conversations" and not done["posts"]:
            continue
        took = f" in {result.seconds[step]:.0f} s" if result.seconds[step] >= 1 else ""
        output.say(f"{step:>13}: {lines[step].format(**done)}{took}")
        note = done.get("note")
        if step == "trends" and not done["tested"]:
            note = "no topics, or less than four weeks of habits to judge them by"
        if note:
            output.say(f"               {note}")
    output.say(f"         done in {seconds} s")


def work(
    once: Annotated[bool, typer.Option("--once", help="End when no job is left.")] = False,
) -> None:
    """Do the jobs that the API was asked for, until it is stopped."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with opened() as context:
        done = do_work(context.database, context.settings, clock, once=once, stop=stop)
    output.say(f"{done:,} jobs done")


def rebuild_index(json: Json = False) -> None:
    """Build the vector index anew from the vectors in the database."""
    from nlp.encoders import describe

    with opened() as context, alone(context.database, context.settings.data_dir):
        settings, now = context.settings, clock()
        card = describe(settings.encoder)
        result = update_index(context.database, card, settings.index_dir, now=now, rebuild=True)
        with context.database.write() as session:
            audit.note(session, now, ACTOR, "index.rebuild", card.name, {"vectors": result.vectors})
    output.print_json(result) if json else output.say(f"{result.vectors:,} vectors in the index")


def migrate() -> None:
    """Bring the database to this version's schema."""
    with opened() as context:
        place = context.database.engine.url.render_as_string(hide_password=True)
    output.say(f"{place} is up to date")
