"""A job's life: claimed by one worker, kept by its lease, finished once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from service.db.models import JobRun

LEASE = timedelta(minutes=10)
MOST_ATTEMPTS = 3
LOST = "the worker ended without a word each time; see its log, then ask for the job again"


def begin(session: Session, kind: str, arguments: dict[str, Any], actor: str, now: datetime) -> int:
    """Add a job that its own caller does, and return its id."""
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


def claim(session: Session, now: datetime) -> JobRun | None:
    """Return the oldest job that waits, or whose worker has let its lease run out; now ours."""
    _bury(session, now)
    query = (
        select(JobRun)
        .where(
            or_(
                JobRun.status == "queued",
                and_(JobRun.status == "running", JobRun.lease_until < now),
            )
        )
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


def _bury(session: Session, now: datetime) -> None:
    """Fail the jobs that were tried often enough and whose worker is gone."""
    query = select(JobRun).where(
        JobRun.status == "running", JobRun.lease_until < now, JobRun.attempts >= MOST_ATTEMPTS
    )
    for row in session.scalars(query):
        row.status, row.finished_at, row.error = "failed", now, LOST
