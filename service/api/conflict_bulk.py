"""Many flags at once: first a preview, then, with its token, exactly what that showed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from service import flag_bulk
from service.api.conflict_actions import REFUSALS, Number, StepRequest, answered
from service.api.repeats import IdempotencyKey
from service.api.strict import StrictRoute
from service.db.queries import conflicts
from service.deps import ClockDep, ServicesDep, Writer
from service.errors import NotFound
from service.flag_bulk import MOST

router = APIRouter(prefix="/conflicts", tags=["conflicts"], route_class=StrictRoute)


class BulkRequest(StepRequest):
    """What to do with many flags; without a token, what it would do is shown."""

    flags: list[Number] = Field(min_length=1, max_length=MOST)
    token: Annotated[str, StringConstraints(min_length=1, max_length=10_000)] | None = Field(
        None, description="Of the preview: exactly what it showed is done."
    )


class BulkOut(BaseModel):
    """What a step would do, or did, to one flag."""

    flag: int
    before: str
    after: str
    refused: str | None = Field(description="Why it is left out.")
    review: int | None = Field(description="Undo it by this; null in a preview.")


class BulkChange(BaseModel):
    """What a step would do, or did."""

    applied: bool = Field(description="False for a preview.")
    token: str | None = Field(description="Of a preview: send the same again with it.")
    data: list[BulkOut] = Field(description="By flag.")


@router.post("/bulk", operation_id="conflict_bulk", responses=REFUSALS)
def conflict_bulk(
    body: BulkRequest,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> BulkChange:
    """Do the same with many flags: first a preview, then, with its token, what that showed.

    All of it is done or nothing: 409 where anything has changed since the preview.
    """

    def write(session: Session, now: datetime) -> BulkChange:
        return _bulk(session, body, actor.name, now)

    asked = f"conflict_bulk {body.model_dump_json()}"
    return answered(write, BulkChange, asked, response, actor, held, clock(), idempotency_key)


def _bulk(session: Session, body: BulkRequest, actor: str, now: datetime) -> BulkChange:
    seen = conflicts.by_ids(session, body.flags)
    for id_ in body.flags:
        if id_ not in seen:
            raise NotFound(f"there is no flag {id_}: nothing was changed")
    shown = flag_bulk.preview(session, body.flags, body.step, actor, now)
    reviews: dict[int, int | None] = {}
    if body.token is not None:
        done = flag_bulk.apply(session, body.flags, body.step, body.token, actor, now)
        reviews = {one.flag: one.review for one in done}
    return BulkChange(
        applied=body.token is not None,
        token=shown.token if body.token is None else None,
        data=[
            BulkOut(
                flag=one.flag, before=one.before, after=one.after, refused=one.refused,
                review=reviews.get(one.flag),
            )
            for one in shown.changes
        ],
    )  # fmt: skip
