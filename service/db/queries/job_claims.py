"""A job's life: claimed by one worker, kept by its lease, finished once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select
from sqlalchemy.orm import Session

from service.db.models import JobRun

LEASE = timedelta(minutes=10)
MOST_ATTEMPTS = 3
LOST = "the worker ended without a word each time; see its log, then ask for the job again"
KILLED = "the run was killed before it ended; run it again to go on"
# Any number will do, as long as nothing else on the server locks it: "groundsw" in ASCII.
SERVER_LOCK = 0x67726F756E647377


def begin(session: Session, kind: str, arguments: dict[str, Any], actor: str, now: datetime) -> int:
    """Add a job that its own caller does, and return its id.

    The caller holds the lock of the store: earlier ones of the kind that still say `running`
    and that nobody will claim again were killed, and are failed here.
    """
    for dead in session.scalars(select(JobRun).where(_spent(), JobRun.kind == kind)):
        _fail(dead, now, KILLED)
    row = JobRun(
        kind=kind,
        arguments=arguments,
        status="running",
        actor=actor,
        requested_at=now,
        started_at=now,
        lease_until=now + LEASE,
        attempts=MOST_ATTEMPTS,
    )
    session.add(row)
    session.flush()
    return row.id


def waits(session: Session, now: datetime) -> bool:
    """Return whether a worker would find a job to claim."""
    return session.scalar(select(JobRun.id).where(_claimable(now)).limit(1)) is not None


def claim(session: Session, now: datetime) -> JobRun | None:
    """Return the oldest job that waits, or whose worker has let its lease run out; now ours."""
    _bury(session, now)
    query = (
        select(JobRun)
        .where(_claimable(now))
        .order_by(JobRun.requested_at, JobRun.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.scalar(query)
    if row is not None:
        row.status, row.started_at = "running", now
        row.lease_until, row.attempts = now + LEASE, row.attempts + 1
    return row


def keep(session: Session, job: int, now: datetime, step: str) -> None:
    """Say that a job is alive and at which step."""
    row = session.get_one(JobRun, job)
    row.lease_until, row.step = now + LEASE, step


def finish(
    session: Session,
    job: int,
    now: datetime,
    *,
    result: dict[str, Any] | None = None,
    error: str | None = None,
) -> None:
    """Say how a job ended."""
    row = session.get_one(JobRun, job)
    row.status = "failed" if error else "succeeded"
    row.finished_at, row.lease_until = now, None
    row.result, row.error = result, error


def lock_server(connection: Connection) -> bool:
    """Return whether a PostgreSQL connection now holds the lock of runs; it ends with it."""
    return bool(connection.scalar(select(func.pg_try_advisory_lock(SERVER_LOCK))))


def _bury(session: Session, now: datetime) -> None:
    """Fail the jobs that were tried often enough and whose worker is gone."""
    for row in session.scalars(select(JobRun).where(_spent(), JobRun.lease_until < now)):
        _fail(row, now, LOST)


def _claimable(now: datetime) -> ColumnElement[bool]:
    lost = and_(JobRun.status == "running", JobRun.lease_until < now)
    return or_(JobRun.status == "queued", lost)


def _spent() -> ColumnElement[bool]:
    """Return the mark of a job that is said to be under way and will not be claimed again."""
    return and_(JobRun.status == "running", JobRun.attempts >= MOST_ATTEMPTS)


def _fail(row: JobRun, now: datetime, error: str) -> None:
    row.status, row.finished_at, row.lease_until, row.error = "failed", now, None, error
