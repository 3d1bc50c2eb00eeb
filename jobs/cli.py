"""`groundswell`: the command line. Errors are one line that names the fix."""

from __future__ import annotations

import sys

import typer
from sqlalchemy.exc import DBAPIError

from indexes.errors import IndexFault
from jobs import output
from jobs.commands import (
    archive,
    conflicts,
    export,
    identities,
    judgements,
    look,
    measure,
    mood,
    service,
    sync,
    topics,
    trends,
    work,
)
from nlp.errors import NlpError
from service.errors import GroundswellError

INTERRUPTED = 130

app = typer.Typer(
    name="groundswell",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="What is rising in a community, from its own posts, on one machine.",
)
app.command("demo")(archive.demo)
app.command("import")(archive.import_archive)
app.command("sync")(sync.sync)
app.command("export")(export.export_archive)
app.command("run")(work.run)
app.command("trends")(trends.trends)
app.command("alerts")(trends.alerts)
app.command("mood")(mood.mood)
app.command("judge")(judgements.judge)
app.command("correct")(judgements.correct)
app.command("search")(look.search)
app.command("serve")(service.serve)
app.command("work")(work.work)
app.command("evaluate")(measure.evaluate)
app.command("train")(measure.train)
app.command("sample")(archive.sample)
app.command("rebuild-index")(work.rebuild_index)
app.command("migrate")(work.migrate)
app.command("doctor")(look.doctor)
app.add_typer(conflicts.conflicts, name="conflicts")
app.add_typer(identities.identities, name="identities")
app.add_typer(topics.topics, name="topics")
app.add_typer(service.keys, name="keys")


def main() -> None:
    """Run a command; exit 0 ok, 1 error, 2 usage, 3 finished with rejected records."""
    try:
        app()
    except (GroundswellError, NlpError, IndexFault) as error:
        output.complain(f"groundswell: {error}")
        sys.exit(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        output.complain("groundswell: stopped; run it again to go on")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(1)
    except (DBAPIError, OSError) as error:
        output.complain(f"groundswell: {_fault(error)}; when that is mended, run it again")
        sys.exit(1)


def _fault(error: DBAPIError | OSError) -> str:
    """Return what the database or the machine refused. Later lines may quote what is stored."""
    if isinstance(error, DBAPIError):
        return f"the database gave up: {str(error.orig).splitlines()[0]}"
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason
