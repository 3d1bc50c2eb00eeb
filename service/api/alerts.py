"""Alerts: what was told to rise, and the receipt of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api import cursors
from service.api.params import LARGEST, Page, PageQuery
from service.api.posts import PostOut, present
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.api.topics import ChannelOut
from service.api.trending import VoicesOut, WriterOut
from service.db.models import Alert
from service.db.queries import alerts, posts, trend_detail
from service.deps import ReadSession
from service.errors import BadCursor

router = APIRouter(prefix="/alerts", tags=["topics"], route_class=StrictRoute)


class Verdict(StrEnum):
    """Whether many people talk, or a few make much noise."""

    ORGANIC = "organic"
    BRIGADE = "brigade"


class Span(StrEnum):
    """What is compared: the last day or the last hour."""

    DAILY = "daily"
    HOURLY = "hourly"


class TopicRef(BaseModel):
    """A topic."""

    id: int
    label: str


class ShiftOut(BaseModel):
    """How the share of negative posts shifted."""

    label: str
    before: float = Field(description="Share in the eight weeks before.")
    now: float = Field(description="Share in the rise.")
    direction: str | None = Field(
        description="`up` or `down`; null unless the difference is more than chance explains."
    )
    posts: int = Field(description="Posts of the rise that were judged.")
    posts_before: int


class AlertOut(BaseModel):
    """A topic that rose, told once until it has been quiet for three ticks."""

    id: int
    topic: TopicRef
    span: Span
    tick: datetime = Field(description="The end of the day, or hour, that raised it.")
    verdict: Verdict
    observed: int = Field(description="How many members wrote about it.")
    expected: float = Field(description="How many were to be expected.")
    p: float = Field(description="Chance of so many or more as things are.")
    q: float = Field(description="The same after Benjamini and Hochberg, over the tick's topics.")
    level: float = Field(description="What `p` was held against: the tick's part of the budget.")
    ended_at: datetime | None = Field(description="When it had been quiet; null until then.")
    first_seen: datetime | None = Field(description="When the first post of the rise was made.")
    voices: VoicesOut | None = Field(description="Who made it.")
    sentiment: ShiftOut | None = Field(description="Null where no post was judged.")
    people: list[WriterOut] = Field(description="Who wrote most about it then.")
    channels: list[ChannelOut]
    posts: list[PostOut] = Field(description="Posts by different members that anyone may read.")
    version: str = Field(description="Of the method.")


class AlertList(Page[AlertOut]):
    """A page of alerts."""


class AlertQuery(PageQuery):
    """Which alerts."""

    verdict: Verdict | None = Field(Verdict.ORGANIC, description="Of which kind.")
    topic: int | None = Field(None, ge=1, le=LARGEST, description="Only of this topic.")
    span: Span | None = Field(None, description="Only of days, or of hours.")


@router.get("", operation_id="list_alerts", responses=documented(BadCursor))
def list_alerts(query: Annotated[AlertQuery, QueryParams()], session: ReadSession) -> AlertList:
    """Alerts of all ticks, newest first; `verdict=brigade` tells of those that nobody was sent."""
    bound = cursors.scope("alerts", query)
    rows = alerts.newest_first(
        session,
        query.limit + 1,
        verdict=query.verdict.value if query.verdict else None,
        topic=query.topic,
        span=query.span.value if query.span else None,
        after=cursors.moment(cursors.decode(bound, query.cursor)),
    )
    shown, after = cursors.page(
        rows, query.limit, bound, lambda row: (cursors.micros(row.tick), row.id)
    )
    return AlertList(data=_present(session, shown), next_cursor=after)


def _present(session: Session, rows: Sequence[Alert]) -> list[AlertOut]:
    labels = trend_detail.labels(session, sorted({row.topic_id for row in rows}))
    members = {member for row in rows for member, _ in row.receipt["people"]}
    names = trend_detail.names(session, sorted(members))
    found = posts.by_ids(session, {post for row in rows for post in row.receipt["posts"]})
    shown = {post.id: post for post in present(session, [found[id] for id in sorted(found)])}
    return [_alert(row, labels, names, shown) for row in rows]


def _alert(
    row: Alert, labels: dict[int, str], names: dict[int, str], shown: dict[int, PostOut]
) -> AlertOut:
    receipt: dict[str, Any] = row.receipt
    return AlertOut(
        id=row.id,
        topic=TopicRef(id=row.topic_id, label=labels[row.topic_id]),
        span=Span(row.span),
        tick=row.tick,
        verdict=Verdict(row.verdict),
        observed=row.observed,
        expected=round(row.expected, 2),
        p=row.p,
        q=row.q,
        level=row.level,
        ended_at=row.ended_at,
        first_seen=receipt["first_seen"],
        voices=receipt["voices"],
        sentiment=receipt["sentiment"],
        people=[
            WriterOut(id=member, name=names[member], posts=count)
            for member, count in receipt["people"]
            if member in names
        ],
        channels=[ChannelOut(channel=name, posts=count) for name, count in receipt["channels"]],
        posts=[shown[id] for id in receipt["posts"] if id in shown],
        version=row.version,
    )
