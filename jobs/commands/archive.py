"""`import`, `sample` and `demo`: posts come in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from jobs import output
from jobs.commands.context import ACTOR, Json, clock, make_folder, opened
from jobs.commands.service import PORT, start
from jobs.commands.work import run_and_show
from jobs.importers.registry import KINDS, guess
from jobs.load import ImportResult, load
from service.errors import InvalidInput
from service.settings import Settings
from service.settings import load as load_settings

REJECTED = 3
SEED = 7

KIND_HELP = "; ".join(f"{kind}: {importer.about}" for kind, importer in KINDS.items())
Seed = Annotated[int, typer.Option("--seed", min=0, help="Another seed, another Larkspur.")]


def import_archive(
    where: Annotated[
        list[str],
        typer.Argument(metavar="[KIND] PATH", help=f"The kind may be left out. {KIND_HELP}"),
    ],
    source: Annotated[
        str | None, typer.Option(help="Name for records that do not name their source.")
    ] = None,
    include_private: Annotated[
        bool,
        typer.Option("--include-private", help="Take in private channels and direct messages."),
    ] = False,
    json: Json = False,
) -> None:
    """Import an archive. Safe to stop and to repeat: what is there already is left as it is."""
    kind, path = _which(where)
    if kind is None:
        kind = guess(path)
        output.complain(f"{path.name} is read as `{kind}`")
    with opened() as context, output.bar(f"import {path.name}") as heard:
        result = load(
            context.database,
            kind,
            path,
            context.settings,
            now=clock(),
            source=source,
            include_private=include_private,
            actor=ACTOR,
            progress=heard,
        )
    output.print_json(result) if json else show(result)
    if result.rejected:
        raise typer.Exit(REJECTED)


def _which(where: list[str]) -> tuple[str | None, Path]:
    """Return kind and path of the arguments; the kind is None where it is to be guessed."""
    if len(where) == 1:
        return None, Path(where[0])
    if len(where) == 2:
        return where[0], Path(where[1])
    raise InvalidInput("name one archive: `groundswell import [KIND] PATH`")


def show(result: ImportResult) -> None:
    """Print what an import did."""
    output.say(
        f"{', '.join(result.sources) or 'accounts'}: {result.added:,} added, "
        f"{result.updated:,} updated, {result.unchanged:,} unchanged, "
        f"{result.rejected:,} rejected; {result.members_added:,} new members, "
        f"{result.threads_added:,} new threads"
    )
    notes = {
        "posts deleted at their source": result.deleted,
        "private posts left out": result.private_skipped,
        "posts withdrawn that are private now": result.withdrawn,
        "replies to posts that are not there": result.orphan_replies,
        "replies to themselves": result.self_replies,
        "posts cut to the longest length": result.truncated,
    }
    for note, count in notes.items():
        if count:
            output.say(f"  {count:,} {note}")
    if result.rejects_file:
        output.say(f"  rejected records, with place and reason: {result.rejects_file}")


def sample(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    seed: Seed = SEED,
    json: Json = False,
) -> None:
    """Write the sample community Larkspur: posts, events, accounts and the truth about them."""
    from jobs.sample.community import generate
    from jobs.sample.files import write

    files = write(generate(seed), out)
    output.print_json(files) if json else output.say(f"wrote Larkspur (seed {seed}) to {out}")


def demo(
    seed: Seed = SEED,
    serve: Annotated[bool, typer.Option(help="Serve it when it is loaded.")] = True,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[int | None, PORT] = None,
) -> None:
    """Load the sample community Larkspur into a store of its own, look at it, and serve it."""
    settings = demo_settings(load_settings(), seed)
    with opened(settings) as context:
        for kind, path in write_sample(settings, seed):
            show(load(context.database, kind, path, settings, now=clock(), actor=ACTOR))
        run_and_show(context, json=False)
    if serve:
        start(settings, host, port)


def demo_settings(settings: Settings, seed: int) -> Settings:
    """Return settings whose store lies apart from a community's own, one for each seed."""
    folder = settings.data_dir / f"demo-{seed}"
    make_folder(folder)
    # The application that is served reads the environment again.
    os.environ["GROUNDSWELL_DATA_DIR"] = str(folder)
    os.environ.pop("GROUNDSWELL_DATABASE_URL", None)
    return settings.model_copy(update={"data_dir": folder, "database_url": None})


def write_sample(settings: Settings, seed: int) -> list[tuple[str, Path]]:
    """Write the sample's files and return each with the kind of importer that reads it."""
    from jobs.sample.community import generate
    from jobs.sample.files import write

    files = write(generate(seed), settings.data_dir / "larkspur")
    return [("jsonl", files.messages), ("accounts", files.accounts), ("events", files.events)]
