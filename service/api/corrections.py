"""Corrections: labels that people give posts."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from sqlalchemy.orm import Session

from service.api.judgements import JudgementOut, Task, held_of, present, readable
from service.api.params import Id
from service.api.problems import documented
from service.api.repeats import IdempotencyKey, once
from service.api.strict import StrictRoute
from service.db.queries import corrections
from service.deps import ClockDep, ReadSession, ServicesDep, Writer
from service.errors import BadRequest, Conflict, NotFound, TooLarge
from service.judgements import Given, correct

router = APIRouter(prefix="/posts/{id}/judgements", tags=["judgements"], route_class=StrictRoute)
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class CorrectionOut(BaseModel):
    """A label that a person gave, and what the model said then."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    task: str
    label: str
    actor: str = Field(description="Who gave it: a key by its name, or `local`.")
    note: str | None
    sampled: bool = Field(description="Whether the post came from the random sample.")
    model: str | None = Field(description="Null where no model had judged the post.")
    version: str | None
    model_label: str | None = Field(description="The model's label then; null: it abstained.")
    model_confidence: float | None
    created_at: datetime


class CorrectionList(BaseModel):
    """Every label that people gave a post."""

    data: list[CorrectionOut] = Field(description="Newest first; the newest of a task counts.")
    next_cursor: None = Field(None, description="Always null: there is one page.")


class CorrectionRequest(BaseModel):
    """The label that a post should have."""

    model_config = ConfigDict(extra="forbid")

    label: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        description="A label of the task; of `language`, a code of ISO 639-1 or `und`. The "
        "model's own label confirms it."
    )
    note: Note | None = Field(None, description="Why.")
    sampled: StrictBool = Field(
        False,
        description="Whether the post came from the random sample of the task: only then does it "
        "count for the judge's accuracy.",
    )


@router.get("/history", operation_id="list_corrections", responses=documented(NotFound))
def list_corrections(id: Id, session: ReadSession) -> CorrectionList:
    """Every label that people gave a post, newest first."""
    readable(session, id)
    rows = corrections.history(session, id)
    return CorrectionList(data=[CorrectionOut.model_validate(row) for row in rows])


@router.put(
    "/{task}",
    operation_id="correct_label",
    responses=documented(BadRequest, NotFound, Conflict, TooLarge),
)
def correct_label(
    id: Id,
    task: Task,
    body: CorrectionRequest,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> JudgementOut:
    """Give a post a label: it wins over every model, and models learn from it.

    It is kept with who gave it and when. To repeat it changes nothing.
    """
    now = clock()
    given = Given(task, **body.model_dump())
    asked = f"correct_label {id} {task} {body.model_dump_json()}"
    with held.database.write() as session:
        write = partial(_corrected, session, id, given, now, actor.name)
        answer, replayed = once(session, actor, idempotency_key, asked, now, write)
    response.headers["Idempotency-Replayed"] = "true" if replayed else "false"
    return JudgementOut.model_validate(answer)


def _corrected(
    session: Session, id_: int, given: Given, now: datetime, actor: str
) -> dict[str, Any]:
    readable(session, id_)
    correct(session, id_, given, now, actor)
    found = next(found for found in held_of(session, id_) if found[0].task == given.task)
    return present(*found).model_dump(mode="json")
