"""Does jobs: those that a command asks for itself, and those that wait in the database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any

import orjson
from sqlalchemy.exc import SQLAlchemyError

from indexes.errors import IndexFault
from jobs.encode import Progress
from jobs.lock import alone
from jobs.pipeline import Reporter, RunResult, run, silent
from nlp.errors import NlpError
from service.db.queries import job_claims
from service.db.session import Database
from service.errors import Busy, GroundswellError
from service.settings import Settings

POLL_SECONDS = 2.0
HEARTBEAT_SECONDS = 60.0

Clock = Callable[[], datetime]


def run_now(
    database: Database,
    settings: Settings,
    clock: Clock,
    *,
    actor: str,
    report: Reporter = silent,
    **options: Any,
) -> RunResult:
    """Do a run here and now, on record as a job; raise Busy where another is under way."""
    with alone(database, settings.data_dir):
        with database.write() as session:
            job = job_claims.begin(session, "run", {}, actor, clock())
        return _do(database, settings, clock, job, report, **options)


def work(
    database: Database,
    settings: Settings,
    clock: Clock,
    *,
    once: bool = False,
    stop: threading.Event | None = None,
) -> int:
    """Do the jobs that wait, until `stop` is set or, with `once`, none is left; return how many.

    A job that fails, however it fails, is on record as failed, and the next one is taken. While
    another run is under way the jobs wait.
    """
    stop, done = stop or threading.Event(), 0
    while not stop.is_set():
        try:
            found = _next(database, settings, clock)
        except Busy:
            stop.wait(POLL_SECONDS)
            continue
        done += found
        if not found:
            if once:
                break
            stop.wait(POLL_SECONDS)
    return done


def _next(database: Database, settings: Settings, clock: Clock) -> bool:
    """Do the next job; return whether there was one, or raise Busy and leave it where it is."""
    with database.read() as session:
        if not job_claims.waits(session, clock()):
            return False
    with alone(database, settings.data_dir):
        with database.write() as session:
            claimed = job_claims.claim(session, clock())
        if claimed is None:
            return False
        # Whatever one job does, the others get their turn. The reason is on its record.
        with suppress(Exception):
            _do(database, settings, clock, claimed.id, silent)
    return True


def _do(
    database: Database,
    settings: Settings,
    clock: Clock,
    job: int,
    report: Reporter,
    **options: Any,
) -> RunResult:
    place = {"step": "starting"}

    def keep() -> None:
        # One moment's "database is locked" must not end a run: the next beat tries again.
        with suppress(SQLAlchemyError), database.write() as session:
            job_claims.keep(session, job, clock(), place["step"])

    noted = _noted(report, place, keep)
    try:
        with _alive(keep):
            result = run(database, settings, now=clock(), report=noted, **options)
    except BaseException as error:
        # Ctrl-C too: a job that nobody does any more must not look as if it ran.
        with database.write() as session:
            job_claims.finish(session, job, clock(), error=_reason(error))
        raise
    with database.write() as session:
        job_claims.finish(session, job, clock(), result=orjson.loads(orjson.dumps(result.steps)))
    return result


def _reason(error: BaseException) -> str:
    """Return why a job failed; where nobody foresaw it, the kind of error and its place.

    The message of such an error may hold the text of a post.
    """
    name = type(error).__name__
    if isinstance(error, GroundswellError | IndexFault | NlpError):
        return str(error) or name
    if not isinstance(error, Exception):
        return f"{name}: stopped"
    frames = extract_tb(error.__traceback__)
    return f"{name} at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else name


def _noted(report: Reporter, place: dict[str, str], keep: Callable[[], None]) -> Reporter:
    """Return a reporter that also puts each step on record as it begins."""

    @contextmanager
    def noted(step: str) -> Iterator[Progress | None]:
        place["step"] = step
        keep()
        with report(step) as progress:
            yield progress

    return noted


@contextmanager
def _alive(keep: Callable[[], None]) -> Iterator[None]:
    """Keep the job's lease from another thread as long as the block lasts."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            keep()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
