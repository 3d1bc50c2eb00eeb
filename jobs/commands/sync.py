"""`sync`: what is new of live sources comes in."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs import output
from jobs.commands.archive import REJECTED, show
from jobs.commands.context import ACTOR, Context, Json, clock, opened
from jobs.sync import run
from jobs.sync.client import Pace
from jobs.sync.registry import KINDS
from jobs.sync.run import SyncResult
from service.errors import GroundswellError, InvalidInput, SyncFailed

KIND_HELP = "; ".join(f"{kind}: {live.about}" for kind, live in KINDS.items())


def sync(
    kind: Annotated[str | None, typer.Argument(help=KIND_HELP)] = None,
    address: Annotated[str | None, typer.Argument(help="Where it is.")] = None,
    source: Annotated[str | None, typer.Option(help="Name for the source.")] = None,
    include_private: Annotated[
        bool | None,
        typer.Option(
            "--include-private/--no-include-private",
            help="Take in private and direct threads too; kept for the next time.",
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything anew.")] = False,
    json: Json = False,
) -> None:
    """Bring in what is new of a live source, or of every one that was synced before.

    Tokens come from the environment only, such as GROUNDSWELL_GITHUB_TOKEN.
    """
    if (kind is None) != (address is None) or (kind is None and source is not None):
        raise InvalidInput("write `groundswell sync KIND ADDRESS`, or `groundswell sync` for all")
    with opened() as context:
        if kind is not None and address is not None:
            results = [_one(context, kind, address, source, include_private, full)]
        else:
            results = _all(context, include_private, full, quiet=json)
    if json:
        output.print_json({"sources": results})
    elif kind is not None:
        _show(results[0])
    _leave(results, named=kind is None)


def _one(
    context: Context,
    kind: str,
    address: str,
    name: str | None,
    include_private: bool | None,
    full: bool,
) -> SyncResult:
    target = run.target(context.database, kind, address, name)
    with output.bar(f"sync {output.printable(target.name)}") as heard:
        return run.sync(
            context.database,
            target,
            context.settings,
            Pace(clock),
            actor=ACTOR,
            include_private=include_private,
            full=full,
            progress=heard,
        )


def _all(
    context: Context, include_private: bool | None, full: bool, *, quiet: bool
) -> list[SyncResult]:
    """Sync one source after the other; one that fails does not stop those after it."""
    results = []
    for name, kind, address in run.synced(context.database):
        try:
            result = _one(context, kind, address, None, include_private, full)
        except GroundswellError as error:
            result = SyncResult(name, kind, address, error=str(error))
        results.append(result)
        if not quiet:
            _show(result)
    return results


def _show(result: SyncResult) -> None:
    """Print what came in; nothing of a sync that failed before anything did."""
    if result.imported is not None and (result.error is None or result.imported.records):
        show(result.imported)


def _leave(results: list[SyncResult], *, named: bool) -> None:
    """End with 1 where a source could not be read to its end, with 3 where records were refused."""
    failed = [one for one in results if one.error is not None]
    for one in failed[:-1]:
        output.complain(f"groundswell: {one.source}: {one.error}")
    if failed:
        last = failed[-1]
        raise SyncFailed(f"{last.source}: {last.error}" if named else str(last.error))
    if any(one.imported is not None and one.imported.rejected for one in results):
        raise typer.Exit(REJECTED)
