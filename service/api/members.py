"""Members: people, their handles, and merges of two that are one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service import identity
from service.api import cursors
from service.api.params import LARGEST, DatedPage, Id, Name, PageQuery, Query
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.auth import Actor
from service.db.models import Identity, Member
from service.db.queries import members, posts
from service.db.queries.members import Activity, MemberFilters
from service.deps import ClockDep, Reader, ReadSession, ServicesDep, Writer
from service.errors import BadCursor, BadRequest, Conflict, NotFound, TooLarge

router = APIRouter(prefix="/members", tags=["members"], route_class=StrictRoute)
_EMAIL = re.compile(r"([^\s@<>\"(),]{1,2})[^\s@<>\"(),]*@(?=[^\s@])")


class IdentityOut(BaseModel):
    """A handle on one platform, and what the platform says of its holder."""

    platform: str
    value: str = Field(description="The handle; of an e-mail address only its begin and host.")
    kind: str = Field(description="`username`, or `email` where the handle is an address.")
    name: str | None
    email: str | None = Field(description="Only for the scope `admin`; null for others.")
    verified: bool = Field(description="Whether the platform vouches for the e-mail address.")
    is_bot: bool
    is_staff: bool
    is_deleted: bool


class MemberOut(BaseModel):
    """A member. Only posts that anyone may read are counted."""

    id: int
    name: str
    is_bot: bool
    is_staff: bool
    is_deleted: bool
    merged_into: int | None = Field(description="The member that this one was merged into.")
    posts: int
    first_seen: datetime | None = Field(
        description="When a source first tells of it; for others than `admin`, its first post."
    )
    last_post_at: datetime | None
    identities: list[IdentityOut] = Field(
        description="Its handles; for others than `admin`, those that wrote what anyone may read."
    )


class MergedOut(BaseModel):
    """A member that was merged into another."""

    id: int
    name: str


class MemberDetail(MemberOut):
    """A member on its own."""

    merged: list[MergedOut] = Field(description="Members that were merged into this one.")


class MemberList(DatedPage[MemberOut]):
    """A page of members."""


class MemberQuery(PageQuery):
    """Which members."""

    platform: Name | None = Field(None, description="Only with a handle on this platform.")
    handle: Name | None = Field(None, description="Only with exactly this handle.")
    name: Name | None = Field(None, description="Only with this in the name, in any case.")
    is_bot: bool | None = Field(None, description="Only bots, or only others.")
    is_staff: bool | None = Field(None, description="Only staff, or only others.")


class OtherQuery(Query):
    """Which other member."""

    other: int = Field(ge=1, le=LARGEST, description="The id of the member to be merged into it.")


class MergeRequest(BaseModel):
    """Which other member is the same person."""

    model_config = ConfigDict(extra="forbid")

    other: int = Field(ge=1, le=LARGEST, description="The id of the member to be merged into it.")


class MergePreview(BaseModel):
    """What a merge would do."""

    kept: int = Field(description="The id of the member that stays.")
    other: int = Field(description="The id of the member that is merged into it.")
    name: str = Field(description="The name that the person then goes by.")
    platforms: list[str] = Field(description="Where the person then has a handle.")
    posts: int = Field(description="How many posts that anyone may read would move.")
    against: str | None = Field(
        description="Why it cannot be done; null where it can. A reason in private is for `admin`."
    )


@router.get("", operation_id="list_members", responses=documented(BadCursor))
def list_members(
    query: Annotated[MemberQuery, QueryParams()], actor: Reader, session: ReadSession
) -> MemberList:
    """Members, in the order of their ids; those merged into another are left out.

    For others than `admin`, only those who wrote a post that anyone may read, and no e-mail address
    is matched.
    """
    bound = cursors.scope("members", query)
    start = cursors.number(cursors.decode(bound, query.cursor))
    filters = MemberFilters(**query.model_dump(exclude={"limit", "cursor"}))
    everyone = sees_all(actor)
    rows = members.listed(session, filters, query.limit + 1, start, everyone=everyone)
    shown, after = cursors.page(rows, query.limit, bound, lambda row: (row.id,))
    return MemberList(
        data=present(session, shown, everyone),
        next_cursor=after,
        data_as_of=posts.newest_at(session),
    )


@router.get("/{id}", operation_id="get_member", responses=documented(NotFound))
def get_member(id: Id, actor: Reader, session: ReadSession) -> MemberDetail:
    """One member; one that was merged into another names it and has no handles."""
    return _detail(session, _known(session, id, actor), sees_all(actor))


@router.get("/{id}/merge-preview", operation_id="preview_merge", responses=documented(NotFound))
def preview_merge(
    id: Id, query: Annotated[OtherQuery, QueryParams()], actor: Reader, session: ReadSession
) -> MergePreview:
    """What merging another member into this one would do, and what stands against it."""
    for one in (id, query.other):
        _known(session, one, actor)
    return preview(session, id, query.other, sees_all(actor))


@router.post(
    "/{id}/merge",
    operation_id="merge_members",
    responses=documented(BadRequest, NotFound, Conflict, TooLarge),
)
def merge_members(
    id: Id, body: MergeRequest, actor: Writer, held: ServicesDep, clock: ClockDep
) -> MemberDetail:
    """Merge another member into this one: handles, posts and events; to repeat it is safe."""
    now = clock()
    with held.database.write() as session:
        for one in (id, body.other):
            _known(session, one, actor)
        identity.merge(session, id, body.other, now, actor.name, everyone=sees_all(actor))
        return _detail(session, _known(session, id, actor), sees_all(actor))


@router.post(
    "/{id}/unmerge", operation_id="unmerge_member", responses=documented(NotFound, Conflict)
)
def unmerge_member(id: Id, actor: Writer, held: ServicesDep, clock: ClockDep) -> MemberDetail:
    """Undo the merge of this member into another: it has again what was its own."""
    now = clock()
    with held.database.write() as session:
        _known(session, id, actor)
        identity.unmerge(session, id, now, actor.name, everyone=sees_all(actor))
        return _detail(session, _known(session, id, actor), sees_all(actor))


def sees_all(actor: Actor) -> bool:
    """Return whether somebody sees e-mail addresses and members of private threads."""
    return "admin" in actor.scopes


def present(session: Session, rows: Sequence[Member], everyone: bool) -> list[MemberOut]:
    """Return members as the API gives them, in the order of the rows."""
    ids = [row.id for row in rows]
    handles = members.handles(session, ids, everyone=everyone)
    active = members.activity(session, ids)
    return [
        _present(row, handles[row.id], active.get(row.id, Activity()), everyone) for row in rows
    ]


def preview(session: Session, kept: int, other: int, everyone: bool) -> MergePreview:
    """Return what a merge would do as the API gives it."""
    seen = identity.preview(session, kept, other, everyone=everyone)
    held = members.handles(session, {kept, other}, everyone=everyone)
    moved = members.activity(session, [other]).get(other, Activity())
    return MergePreview(
        kept=kept,
        other=other,
        name=veiled(seen.name, everyone),
        platforms=sorted({handle.platform for rows in held.values() for handle in rows}),
        posts=moved.posts,
        against=seen.against,
    )


def veiled(text: str, everyone: bool) -> str:
    """Return a text; where not everything is to be seen, with e-mail addresses cut short."""
    return text if everyone else _EMAIL.sub("\\1\u2026@", text)


def _known(session: Session, id_: int, actor: Actor) -> Member:
    row = members.member(session, id_, everyone=sees_all(actor))
    if row is None:
        raise NotFound(f"there is no member {id_}")
    return row


def _detail(session: Session, row: Member, everyone: bool) -> MemberDetail:
    [shown] = present(session, [row], everyone)
    merged = [
        MergedOut(id=one.id, name=veiled(one.name, everyone))
        for one in members.merged_into(session, row.id)
        if members.member(session, one.id, everyone=everyone)
    ]
    return MemberDetail(**shown.model_dump(), merged=merged)


def _present(
    row: Member, handles: Sequence[Identity], active: Activity, everyone: bool
) -> MemberOut:
    return MemberOut(
        id=row.id,
        name=veiled(row.name, everyone),
        is_bot=row.is_bot,
        is_staff=row.is_staff,
        is_deleted=row.is_deleted,
        merged_into=row.merged_into_id,
        posts=active.posts,
        first_seen=row.created_at if everyone else active.first_post_at,
        last_post_at=active.last_post_at,
        identities=[_handle(handle, everyone) for handle in handles],
    )


def _handle(row: Identity, everyone: bool) -> IdentityOut:
    return IdentityOut(
        platform=row.platform,
        value=veiled(row.value, everyone),
        kind=row.kind,
        name=None if row.name is None else veiled(row.name, everyone),
        email=row.email if everyone else None,
        verified=row.verified,
        is_bot=row.is_bot,
        is_staff=row.is_staff,
        is_deleted=row.is_deleted,
    )
