"""Suggestions that two members are one person, for people to decide about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service import identity
from service.api import cursors
from service.api.members import MemberOut, MergePreview, present, preview, sees_all, veiled
from service.api.params import Id, Page, PageQuery
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.auth import Actor
from service.db.models import Suggestion
from service.db.queries import identities as queries
from service.db.queries import members
from service.deps import ClockDep, Reader, ReadSession, Services, ServicesDep, Writer
from service.errors import BadCursor, Conflict, NotFound

router = APIRouter(prefix="/suggestions", tags=["suggestions"], route_class=StrictRoute)
Decision = Callable[[Session, int, datetime, str], object]
SCALE = 10_000  # confidences are kept to four digits


class PartOut(BaseModel):
    """One reason for a suggestion or, with a negative weight, against it."""

    name: str = Field(description="`verified_email`, `email`, `handle`, `name` or `link`.")
    weight: float = Field(description="Natural log-odds.")
    why: str


class SuggestionOut(BaseModel):
    """Two members who may be one person."""

    id: int
    kind: str = Field(description="`identity`.")
    status: str = Field(
        description="`pending`, `accepted`, `dismissed`, or `expired`: no longer found."
    )
    confidence: float = Field(description="The probability that they are one person.")
    members: list[MemberOut] = Field(description="The two, the one that a merge keeps first.")
    parts: list[PartOut] = Field(description="The reasons, strongest first.")
    version: str = Field(description="Of the method.")
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None = Field(description="A key by its name, `local`, or a rule.")


class SuggestionDetail(SuggestionOut):
    """A suggestion on its own."""

    preview: MergePreview | None = Field(
        description="What to accept it would do; null for one accepted or expired."
    )


class SuggestionList(Page[SuggestionOut]):
    """A page of suggestions."""


class SuggestionQuery(PageQuery):
    """Which suggestions."""

    status: Literal["pending", "accepted", "dismissed"] = Field(
        "pending", description="Those that wait, or those that were decided so."
    )


@router.get("", operation_id="list_suggestions", responses=documented(BadCursor))
def list_suggestions(
    query: Annotated[SuggestionQuery, QueryParams()], actor: Reader, session: ReadSession
) -> SuggestionList:
    """Suggestions, surest first.

    For others than `admin`, only those about people whose every handle wrote what anyone may read.
    """
    bound = cursors.scope("suggestions", query)
    start = cursors.decode(bound, query.cursor)
    after = None if start is None else (start[0] / SCALE, start[1])
    everyone = sees_all(actor)
    rows = queries.suggestions(session, query.status, query.limit + 1, after, everyone=everyone)
    shown, onward = cursors.page(rows, query.limit, bound, _keys)
    return SuggestionList(
        data=[_present(session, row, everyone) for row in shown], next_cursor=onward
    )


@router.get("/{id}", operation_id="get_suggestion", responses=documented(NotFound))
def get_suggestion(id: Id, actor: Reader, session: ReadSession) -> SuggestionDetail:
    """One suggestion, and what to accept it would do."""
    return _detail(session, id, actor)


@router.post(
    "/{id}/accept", operation_id="accept_identity", responses=documented(NotFound, Conflict)
)
def accept_identity(id: Id, actor: Writer, held: ServicesDep, clock: ClockDep) -> SuggestionDetail:
    """Accept a suggestion and merge its members; to repeat it changes nothing."""
    accept = partial(identity.accept, everyone=sees_all(actor))
    return _decided(accept, id, actor, held, clock())


@router.post(
    "/{id}/dismiss", operation_id="dismiss_identity", responses=documented(NotFound, Conflict)
)
def dismiss_identity(id: Id, actor: Writer, held: ServicesDep, clock: ClockDep) -> SuggestionDetail:
    """Dismiss a suggestion: it is not made again; to repeat it changes nothing."""
    return _decided(identity.dismiss, id, actor, held, clock())


@router.post(
    "/{id}/restore", operation_id="restore_identity", responses=documented(NotFound, Conflict)
)
def restore_identity(id: Id, actor: Writer, held: ServicesDep, clock: ClockDep) -> SuggestionDetail:
    """Let a dismissed suggestion wait again; to repeat it changes nothing."""
    return _decided(identity.restore, id, actor, held, clock())


def _decided(
    decide: Decision, id_: int, actor: Actor, held: Services, now: datetime
) -> SuggestionDetail:
    with held.database.write() as session:
        _detail(session, id_, actor)
        decide(session, id_, now, actor.name)
        return _detail(session, id_, actor)


def _keys(row: Suggestion) -> tuple[int, int]:
    return round(row.confidence * SCALE), row.id


def _detail(session: Session, id_: int, actor: Actor) -> SuggestionDetail:
    everyone = sees_all(actor)
    row = queries.suggestion(session, id_, everyone=everyone)
    if row is None:
        raise NotFound(f"there is no suggestion {id_}")
    kept, other = identity.people(session, row)
    shown = _present(session, row, everyone)
    over = row.status in (queries.ACCEPTED, queries.EXPIRED)
    seen = None if over else preview(session, kept, other, everyone)
    return SuggestionDetail(**shown.model_dump(), preview=seen)


def _present(session: Session, row: Suggestion, everyone: bool) -> SuggestionOut:
    rows = members.by_ids(session, identity.people(session, row))
    return SuggestionOut(
        id=row.id,
        kind=row.kind,
        status=row.status,
        confidence=row.confidence,
        members=present(session, rows, everyone),
        parts=[
            PartOut(name=part["name"], weight=part["weight"], why=veiled(part["why"], everyone))
            for part in row.parts
        ],
        version=row.version,
        created_at=row.created_at,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
    )
