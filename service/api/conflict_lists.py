"""Beside the queue: first posts that were left cold, and what a few accounts post again and again.

Included before the queue's own operations: these paths would pass for ids of flags.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service.api.excerpts import excerpt
from service.api.params import Name, Query, Until
from service.api.posts import PostOut, present
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.copies import DAYS, MOST_DAYS, NAMED, CopyGroup, copies
from service.db.queries import posts
from service.db.queries.trend_input import default_as_of
from service.deps import ClockDep, ReadSession, SettingsDep
from service.errors import NothingRun
from service.first_posts import ColdPost, first_posts

router = APIRouter(prefix="/conflicts", tags=["conflicts"], route_class=StrictRoute)
EXCERPT = 240


class CurtAnswer(BaseModel):
    """A short answer without a question or help, and how judges read it."""

    post: PostOut
    hostile: float | None = Field(description="Probability; null where no judge has read it.")
    negative: float | None


class ColdPostOut(BaseModel):
    """Somebody's first post that was left cold."""

    post: PostOut
    kind: Literal["unanswered", "curt"]
    why: str = Field(description="The same in words.")
    hours: float = Field(description="How many hours ago it was made.")
    asks: bool = Field(description="Whether it has a question.")
    more: int = Field(description="How many posts its author added in the thread since.")
    answers: list[CurtAnswer] = Field(description="Of `curt`, all answers; else empty.")


class ColdPostList(BaseModel):
    """First posts that nobody answered, or curtly only."""

    data: list[ColdPostOut] = Field(description="Who has waited longest comes first.")
    next_cursor: None = Field(None, description="Always null: there is one page.")
    since: datetime
    as_of: datetime = Field(description="The end of the time that was looked at.")
    arrived: int = Field(description="How many people posted for the first time.")
    found: int = Field(description="How many of these were left cold.")


class AccountOut(BaseModel):
    """Who wrote some of the copies."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    posts: int


class CopyGroupOut(BaseModel):
    """Near-copies by a few accounts."""

    posts: int
    threads: int = Field(description="In how many threads.")
    accounts: list[AccountOut] = Field(description="Who wrote them, the most first.")
    channels: list[str]
    first_at: datetime
    last_at: datetime
    excerpt: str = Field(description="Of the first: untrusted, and never to be shown as HTML.")
    post_ids: list[int] = Field(description=f"The first {NAMED} of them.")


class CopyList(BaseModel):
    """What at most three accounts posted again and again."""

    data: list[CopyGroupOut] = Field(description="Those of most posts first.")
    next_cursor: None = Field(None, description="Always null: there is one page.")
    since: datetime
    as_of: datetime = Field(description="The end of the time that was looked at.")
    read: int = Field(description="How many posts were compared.")
    found: int = Field(description="How many groups there are.")


class SpanQuery(Query):
    """Over which time, and where."""

    days: int = Field(DAYS, ge=1, le=MOST_DAYS, description="How many days are looked at.")
    as_of: Until | None = Field(
        None, description="The end of these; by default now, or the newest post's."
    )
    channel: Name | None = Field(None, description="Only in this channel.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class FirstPostQuery(SpanQuery):
    """Which first posts."""

    asks: bool | None = Field(None, description="Only those with a question, or without.")


@router.get("/first-posts", operation_id="list_first_posts", responses=documented(NothingRun))
def list_first_posts(
    query: Annotated[FirstPostQuery, QueryParams()],
    session: ReadSession,
    clock: ClockDep,
    settings: SettingsDep,
) -> ColdPostList:
    """First posts that nobody answered within 48 hours, or that met curt answers only."""
    as_of = query.as_of or default_as_of(session, clock(), settings.stale_after_days)
    found = first_posts(session, as_of, query.days, query.channel)
    rows = [row for row in found.rows if query.asks is None or row.asks == query.asks]
    shown = rows[: query.limit]
    told = _posts(session, {id_ for row in shown for id_ in _ids(row)})
    return ColdPostList(
        data=[_cold(row, told) for row in shown],
        since=found.since,
        as_of=as_of,
        arrived=found.arrived,
        found=len(rows),
    )


@router.get("/copies", operation_id="list_copies", responses=documented(NothingRun))
def list_copies(
    query: Annotated[SpanQuery, QueryParams()],
    session: ReadSession,
    clock: ClockDep,
    settings: SettingsDep,
) -> CopyList:
    """Near-duplicate posts by at most three accounts, or by one in many threads."""
    as_of = query.as_of or default_as_of(session, clock(), settings.stale_after_days)
    found = copies(session, as_of, query.days, query.channel)
    return CopyList(
        data=[_group(row) for row in found.rows[: query.limit]],
        since=found.since,
        as_of=as_of,
        read=found.read,
        found=len(found.rows),
    )


def _ids(row: ColdPost) -> list[int]:
    return [row.post_id, *(answer.post_id for answer in row.answers)]


def _posts(session: Session, ids: Collection[int]) -> dict[int, PostOut]:
    rows = posts.by_ids(session, ids)
    return {post.id: post for post in present(session, list(rows.values()))}


def _cold(row: ColdPost, told: dict[int, PostOut]) -> ColdPostOut:
    return ColdPostOut(
        post=told[row.post_id],
        kind=row.kind.value,
        why=row.why,
        hours=row.hours,
        asks=row.asks,
        more=row.more,
        answers=[
            CurtAnswer(post=told[one.post_id], hostile=one.hostile, negative=one.negative)
            for one in row.answers
        ],
    )


def _group(row: CopyGroup) -> CopyGroupOut:
    return CopyGroupOut(
        posts=row.posts,
        threads=row.threads,
        accounts=[AccountOut.model_validate(one) for one in row.accounts],
        channels=row.channels,
        first_at=row.first_at,
        last_at=row.last_at,
        excerpt=excerpt(row.text, EXCERPT),
        post_ids=row.post_ids,
    )
