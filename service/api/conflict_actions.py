"""What people do with flags: claims, verdicts, undo, and many at once after a preview."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from service import flags
from service.api.conflict_parts import FlagOut, ReviewOut, present_flags, present_reviews
from service.api.conflicts import readable
from service.api.params import LARGEST, Id
from service.api.problems import documented
from service.api.repeats import IdempotencyKey, once
from service.api.strict import StrictRoute
from service.auth import Actor
from service.db.queries import conflicts
from service.db.queries import flags as queries
from service.deps import ClockDep, Services, ServicesDep, Writer
from service.errors import BadRequest, Conflict, NotFound, Stale, TooLarge
from service.flags import NOTE, Done, Step
from service.settings import Settings

router = APIRouter(prefix="/conflicts", tags=["conflicts"], route_class=StrictRoute)
REFUSALS = documented(BadRequest, NotFound, Conflict, Stale, TooLarge)
Number = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
Revision = Annotated[
    int, Field(ge=1, le=LARGEST, strict=True, description="The flag's that you looked at.")
]
Answer = TypeVar("Answer", bound=BaseModel)


class Action(StrEnum):
    """What can be done with a flag."""

    CLAIM = "claim"
    RELEASE = "release"
    CONFIRM = "confirm"
    DISMISS = "dismiss"
    ESCALATE = "escalate"
    SNOOZE = "snooze"
    REOPEN = "reopen"


class Why(StrEnum):
    """Why a flag is dismissed: models learn from it."""

    TECHNICAL = "technical"
    BANTER = "banter"
    QUOTED = "quoted"
    RESOLVED = "resolved"
    OTHER = "other"


class StepRequest(BaseModel):
    """What to do."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    reason: Why | None = Field(None, description="Of a dismissal only.")
    note: Annotated[str, StringConstraints(max_length=NOTE)] | None = None
    until: AwareDatetime | None = Field(
        None, description="Of a snooze, and only of that: 90 days ahead at most."
    )

    @property
    def step(self) -> Step:
        """The same as the service takes it."""
        reason = None if self.reason is None else self.reason.value
        return Step(self.action.value, reason, self.note, self.until)


class ReviewRequest(StepRequest):
    """What to do with one flag."""

    revision: Revision


class ClaimRequest(BaseModel):
    """Which state of the flag was looked at."""

    model_config = ConfigDict(extra="forbid")

    revision: Revision


class FlagChange(BaseModel):
    """What a step came to."""

    changed: bool = Field(description="False where it stood already.")
    withdrawn: bool = Field(description="A verdict was taken of a flag that a run had withdrawn.")
    review: ReviewOut | None = Field(description="Undo it by this; null where nothing was done.")
    flag: FlagOut


@router.post("/{id}/reviews", operation_id="review_conflict", responses=REFUSALS)
def review_conflict(
    id: Id,
    body: ReviewRequest,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> FlagChange:
    """Confirm, dismiss, escalate, snooze or reopen a flag; to repeat it changes nothing.

    409 says who came between. A verdict on a flag that a run withdrew meanwhile is taken.
    """
    write = _acting(id, body.step, body.revision, actor.name, held.settings)
    asked = f"review_conflict {id} {body.model_dump_json()}"
    return answered(write, FlagChange, asked, response, actor, held, clock(), idempotency_key)


@router.post("/{id}/claim", operation_id="claim_conflict", responses=REFUSALS)
def claim_conflict(
    id: Id,
    body: ClaimRequest,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> FlagChange:
    """Take a flag to oneself: nobody else decides it until it is released."""
    write = _acting(id, Step("claim"), body.revision, actor.name, held.settings)
    asked = f"claim_conflict {id} {body.revision}"
    return answered(write, FlagChange, asked, response, actor, held, clock(), idempotency_key)


@router.post("/{id}/release", operation_id="release_conflict", responses=REFUSALS)
def release_conflict(
    id: Id,
    body: ClaimRequest,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> FlagChange:
    """Give a claimed flag back to the queue, also one that somebody else claimed."""
    write = _acting(id, Step("release"), body.revision, actor.name, held.settings)
    asked = f"release_conflict {id} {body.revision}"
    return answered(write, FlagChange, asked, response, actor, held, clock(), idempotency_key)


@router.post(
    "/{id}/reviews/{review}/undo",
    operation_id="undo_review",
    responses=documented(NotFound, Conflict),
)
def undo_review(
    id: Id,
    review: Annotated[int, Path(ge=1, le=LARGEST, description="Of the flag's reviews.")],
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> FlagChange:
    """Undo what a person did with a flag; to repeat it changes nothing."""

    def write(session: Session, now: datetime) -> FlagChange:
        readable(session, id)
        done = flags.undo(session, id, review, now, actor.name)
        return _present(session, done, now, held.settings)

    asked = f"undo_review {id} {review}"
    return answered(write, FlagChange, asked, response, actor, held, clock(), idempotency_key)


def _acting(
    id_: int, step: Step, revision: int, actor: str, settings: Settings
) -> Callable[[Session, datetime], FlagChange]:
    def write(session: Session, now: datetime) -> FlagChange:
        readable(session, id_)
        done = flags.act(
            session, id_, step.action, revision=revision, actor=actor, now=now,
            note=step.note, reason=step.reason, until=step.until,
        )  # fmt: skip
        return _present(session, done, now, settings)

    return write


def _present(session: Session, done: Done, now: datetime, settings: Settings) -> FlagChange:
    session.flush()
    rows = conflicts.by_ids(session, [done.flag])
    [shown] = present_flags(session, list(rows.values()), now, settings.stale_after_days)
    made = [] if done.review is None else [queries.review(session, done.review)]
    found = present_reviews([row for row in made if row is not None])
    return FlagChange(
        changed=done.changed,
        withdrawn=done.withdrawn,
        review=found[0] if found else None,
        flag=shown,
    )


def answered(
    write: Callable[[Session, datetime], Answer],
    kind: type[Answer],
    asked: str,
    response: Response,
    actor: Actor,
    held: Services,
    now: datetime,
    key: str | None,
) -> Answer:
    """Return what `write` answers in one transaction, or what it did for this key before."""
    with held.database.write() as session:

        def written() -> dict[str, Any]:
            return write(session, now).model_dump(mode="json")

        answer, replayed = once(session, actor, key, asked, now, written)
    response.headers["Idempotency-Replayed"] = "true" if replayed else "false"
    return kind.model_validate(answer)
