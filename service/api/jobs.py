"""Jobs: batch work that a worker does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from fastapi import Query as QueryParams
from pydantic import BaseModel, ConfigDict, Field

from service.api import cursors
from service.api.params import Id, Page, PageQuery
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.db.queries import audit, jobs
from service.deps import ClockDep, ReadSession, ServicesDep, Writer
from service.errors import BadCursor, BadRequest, Conflict, NotFound, TooLarge

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=StrictRoute)
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Makes a repeated request safe: the same key gives the same job.",
    ),
]


class JobOut(BaseModel):
    """A job."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    status: str = Field(description="`queued`, `running`, `succeeded` or `failed`.")
    actor: str = Field(description="Who asked for it: a key by its name, or `local`.")
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    step: str | None = Field(description="What it does now, or did last.")
    result: dict[str, Any] | None
    error: str | None


class JobList(Page[JobOut]):
    """A page of jobs."""


class JobRequest(BaseModel):
    """What to do."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["run"] = Field(description="`run` looks at what is new, as `groundswell run`.")


@router.get("", operation_id="list_jobs", responses=documented(BadCursor))
def list_jobs(query: Annotated[PageQuery, QueryParams()], session: ReadSession) -> JobList:
    """Jobs, newest first."""
    bound = cursors.scope("jobs", query)
    start = cursors.number(cursors.decode(bound, query.cursor))
    rows = jobs.newest_first(session, query.limit + 1, start)
    shown, after = cursors.page(rows, query.limit, bound, lambda row: (row.id,))
    return JobList(data=[JobOut.model_validate(row) for row in shown], next_cursor=after)


@router.get("/{id}", operation_id="get_job", responses=documented(NotFound))
def get_job(id: Id, session: ReadSession) -> JobOut:
    """One job: ask again until it has `finished_at`."""
    row = jobs.job(session, id)
    if row is None:
        raise NotFound(f"there is no job {id}")
    return JobOut.model_validate(row)


@router.post(
    "",
    operation_id="create_job",
    status_code=202,
    responses=documented(BadRequest, Conflict, TooLarge),
)
def create_job(
    body: JobRequest,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> JobOut:
    """Ask for a job; a worker (`groundswell work`) does it."""
    now = clock()
    with held.database.write() as session:
        row, new = jobs.ask(session, body.kind, {}, actor.name, now, idempotency_key)
        if new:
            audit.note(session, now, actor.name, "job.create", f"job {row.id}", {"kind": row.kind})
    response.headers["Location"] = f"/api/v1/jobs/{row.id}"
    response.headers["Idempotency-Replayed"] = "false" if new else "true"
    return JobOut.model_validate(row)
