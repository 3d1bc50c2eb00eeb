"""Trending topics: what more people, or fewer, talk about than is usual."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service.api.params import Query, Until
from service.api.posts import PostOut, present
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.api.topics import ChannelOut, DayOut
from service.db.queries import posts, trends
from service.db.queries.trends import Trending, TrendingTopic
from service.deps import ClockDep, ReadSession, SettingsDep
from service.errors import NothingRun

router = APIRouter(prefix="/topics", tags=["topics"], route_class=StrictRoute)


class WindowName(StrEnum):
    """How much of the time before is compared with the weeks before it."""

    HOUR = "1h"
    DAY = "1d"
    WEEK = "7d"
    MONTH = "28d"


class WriterOut(BaseModel):
    """A member who wrote about it, and how many posts."""

    id: int
    name: str
    posts: int


class VoicesOut(BaseModel):
    """Who made a rise: many people, or a few that make much noise."""

    model_config = ConfigDict(from_attributes=True)

    accounts: int
    posts: int
    copied: float = Field(description="Share of posts that are near-copies of another account's.")
    young: float = Field(description="Share of accounts less than eleven days old.")
    top: float = Field(description="Share of posts by the three loudest accounts.")
    verdict: str = Field(description="`organic` or `brigade`.")


class TrendOut(BaseModel):
    """A topic, and how unusual its window is."""

    topic_id: int
    label: str
    words: list[str]
    observed: int = Field(
        description="How many members wrote about it in the window; of 7d and 28d, summed over "
        "the days."
    )
    expected: float = Field(description="How many were to be expected after the weeks before.")
    ratio: float = Field(description="Observed per expected.")
    p: float = Field(description="Chance of so many or more (falling: or fewer) as things are.")
    q: float = Field(description="The same after Benjamini and Hochberg, over all topics tested.")
    verdict: str = Field(description="`rising` or, in 7d and 28d, `falling`.")
    series: list[DayOut] = Field(description="Members a day over 8 weeks, oldest first.")
    posts: list[PostOut] = Field(
        description="Posts of the window by different members, nearest to the topic first; of 1h "
        "and 1d, of the last two hours or days."
    )
    people: list[WriterOut] = Field(description="Who wrote most about it in the same time.")
    channels: list[ChannelOut] = Field(description="Where, in the same time.")
    first_seen: datetime | None = Field(
        description="When the first post of the same time was made."
    )
    voices: VoicesOut | None = Field(description="Who made the rise; null in 7d and 28d.")


class TrendList(BaseModel):
    """What is rising, then what is falling."""

    data: list[TrendOut]
    next_cursor: None = Field(None, description="Always null: there is one page.")
    window: WindowName
    as_of: datetime = Field(description="The end of the window that was looked at.")
    data_as_of: datetime | None = Field(
        description="When the newest post before `as_of` was made; null where there is none."
    )
    topics_fitted_at: datetime = Field(
        description="When the topics were found: also an earlier `as_of` is told in them."
    )
    history_days: int = Field(
        description="Days of the baseline that the archive covers; below 28 nothing is rising."
    )
    version: str = Field(description="Of the method.")
    topics_tested: int
    level: float | None = Field(
        description="How improbable a topic must be, out of the budget of false alerts; null in 7d "
        "and 28d, where the share of false ones is held at 0.1."
    )


class TrendQuery(Query):
    """Which window, and how many topics."""

    window: WindowName = Field(
        WindowName.DAY, description="The time that is compared with the weeks before it."
    )
    as_of: Until | None = Field(
        None, description="The end of the window; by default now, or the newest post's."
    )
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


@router.get("/trending", operation_id="list_trends", responses=documented(NothingRun))
def list_trends(
    query: Annotated[TrendQuery, QueryParams()],
    session: ReadSession,
    clock: ClockDep,
    settings: SettingsDep,
) -> TrendList:
    """Topics that more people write about than is usual, the least explicable by chance first.

    Windows of 7 and 28 days also tell, after these, which topics fall.
    """
    found = trends.trending(
        session,
        as_of=query.as_of,
        now=clock(),
        stale_after_days=settings.stale_after_days,
        limit=query.limit,
        window=query.window.value,
        monthly=settings.alert_budget,
    )
    return present_trends(session, found)


def present_trends(session: Session, found: Trending) -> TrendList:
    """Return trends as the API gives them."""
    wanted = {id for trend in found.trends for id in trend.posts}
    rows = posts.by_ids(session, wanted)
    shown = {post.id: post for post in present(session, [rows[id] for id in sorted(rows)])}
    return TrendList(
        data=[_present(trend, shown) for trend in found.trends],
        window=WindowName(found.window),
        as_of=found.as_of,
        data_as_of=found.data_as_of,
        topics_fitted_at=found.topics_fitted_at,
        history_days=found.history_days,
        version=found.version,
        topics_tested=found.topics_tested,
        level=found.level,
    )


def _present(trend: TrendingTopic, shown: dict[int, PostOut]) -> TrendOut:
    return TrendOut(
        topic_id=trend.topic_id,
        label=trend.label,
        words=[str(word) for word in trend.words],
        observed=trend.observed,
        expected=trend.expected,
        ratio=trend.ratio,
        p=trend.p,
        q=trend.q,
        verdict=trend.verdict,
        series=[DayOut(day=_day(day), authors=authors) for day, authors in trend.series],
        posts=[shown[id] for id in trend.posts if id in shown],
        people=[WriterOut(id=id, name=name, posts=count) for id, name, count in trend.people],
        channels=[ChannelOut(channel=name, posts=count) for name, count in trend.channels],
        first_seen=trend.first_seen,
        voices=VoicesOut.model_validate(trend.voices) if trend.voices else None,
    )


def _day(when: datetime) -> date:
    return when.date()
