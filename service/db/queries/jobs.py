"""Batch work that was asked for. A worker claims it; here it is asked for and looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.db.models import JobRun
from service.errors import Conflict

QUEUED = "queued"
# The kind of a row that is no work: the answer kept for a request that may be repeated, which is
# for who asked alone. Stored as "push" whatever the request was.
ANSWER = "push"


def newest_first(session: Session, limit: int, after: int | None = None) -> list[JobRun]:
    """Return at most `limit` jobs, newest first, that follow the job with the id `after`."""
    query = select(JobRun).where(JobRun.kind != ANSWER).order_by(JobRun.id.desc()).limit(limit)
    if after is not None:
        query = query.where(JobRun.id < after)
    return list(session.scalars(query))


def job(session: Session, job_id: int) -> JobRun | None:
    """Return one job."""
    row = session.get(JobRun, job_id)
    return None if row is None or row.kind == ANSWER else row


def ask(
    session: Session,
    kind: str,
    arguments: dict[str, Any],
    actor: str,
    now: datetime,
    idempotency_key: str | None = None,
) -> tuple[JobRun, bool]:
    """Return the job and whether it is new; the same actor and key give the same job.

    Raise Conflict where the key came before with something else.
    """
    if idempotency_key is not None:
        earlier = _asked(session, actor, idempotency_key)
        if earlier is not None:
            return _same(earlier, kind, arguments), False
    row = JobRun(
        kind=kind, arguments=arguments, status=QUEUED, actor=actor, requested_at=now,
        idempotency_key=idempotency_key, attempts=0,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Where writers do not wait for each other, another may have come between.
        if idempotency_key is None or not (earlier := _asked(session, actor, idempotency_key)):
            raise
        return _same(earlier, kind, arguments), False
    return row, True


def _asked(session: Session, actor: str, idempotency_key: str) -> JobRun | None:
    key = (JobRun.actor == actor, JobRun.idempotency_key == idempotency_key)
    return session.scalar(select(JobRun).where(*key))


def _same(row: JobRun, kind: str, arguments: dict[str, Any]) -> JobRun:
    if (row.kind, row.arguments) != (kind, arguments):
        raise Conflict("this Idempotency-Key came before with another body; send a new key")
    return row
