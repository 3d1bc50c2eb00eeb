"""Does jobs: those that a command asks for itself, and those that wait in the database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson

from jobs.encode import Progress
from jobs.lock import hold
from jobs.pipeline import Reporter, RunResult, run, silent
from service.db.queries import job_claims
from service.db.session import Database
from service.errors import GroundswellError
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
    with hold(settings.data_dir / "run.lock"):
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

    A job that fails is on record as failed, and the next one is taken.
    """
    stop, done = stop or threading.Event(), 0
    while not stop.is_set():
        with database.write() as session:
            claimed = job_claims.claim(session, clock())
        if claimed is None:
            if once:
                break
            stop.wait(POLL_SECONDS)
            continue
        try:
            with hold(settings.data_dir / "run.lock"):
                _do(database, settings, clock, claimed.id, silent)
        except GroundswellError as error:
            _fail(database, clock, claimed.id, str(error))
        done += 1
    return done


def _do(
    database: Database,
    settings: Settings,
    clock: Clock,
    job: int,
    report: Reporter,
    **options: Any,
) -> RunResult:
    place = {"step": "starting"}
    try:
        with _alive(database, clock, job, place):
            result = run(database, settings, now=clock(), report=_noted(report, place), **options)
    except BaseException as error:
        # Ctrl-C too: a job that nobody does any more must not look as if it ran.
        reason = str(error) if isinstance(error, GroundswellError) else type(error).__name__
        _fail(database, clock, job, reason)
        raise
    with database.write() as session:
        job_claims.finish(session, job, clock(), result=orjson.loads(orjson.dumps(result.steps)))
    return result


def _fail(database: Database, clock: Clock, job: int, reason: str) -> None:
    with database.write() as session:
        job_claims.finish(session, job, clock(), error=reason or "stopped")


def _noted(report: Reporter, place: dict[str, str]) -> Reporter:
    """Return a reporter that also notes the step for the heartbeat."""

    @contextmanager
    def noted(step: str) -> Iterator[Progress | None]:
        place["step"] = step
        with report(step) as progress:
            yield progress

    return noted


@contextmanager
def _alive(database: Database, clock: Clock, job: int, place: dict[str, str]) -> Iterator[None]:
    """Keep the job's lease from another thread as long as the block lasts."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            with database.write() as session:
                job_claims.keep(session, job, clock(), place["step"])

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
