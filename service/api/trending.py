"""Trending topics: what more people talk about than is usual."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, Field
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


class WriterOut(BaseModel):
    """A member who wrote about it, and how many posts."""

    id: int
    name: str
    posts: int


class TrendOut(BaseModel):
    """A topic, and how unusual its day is."""

    topic_id: int
    label: str
    words: list[str]
    observed: int = Field(description="How many members wrote about it in the last day.")
    expected: float = Field(description="How many were to be expected after the last 8 weeks.")
    ratio: float = Field(description="Observed per expected.")
    p: float = Field(description="Chance of so many or more on a usual day.")
    q: float = Field(description="The same after Benjamini and Hochberg, over all topics tested.")
    verdict: str = Field(description="Always `rising` in this list.")
    series: list[DayOut] = Field(description="Members a day over 8 weeks, oldest first.")
    posts: list[PostOut] = Field(
        description="Posts of the last two days by different members, nearest to the topic first."
    )
    people: list[WriterOut] = Field(description="Who wrote most about it in the last two days.")
    channels: list[ChannelOut] = Field(description="Where, in the last two days.")


class TrendList(BaseModel):
    """What is rising."""

    data: list[TrendOut]
    next_cursor: None = Field(None, description="Always null: there is one page.")
    as_of: datetime = Field(description="The end of the day that was looked at.")
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


class TrendQuery(Query):
    """Which day, and how many topics."""

    as_of: Until | None = Field(
        None, description="The end of the day to look at; by default now, or the newest post's."
    )
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


@router.get("/trending", operation_id="list_trends", responses=documented(NothingRun))
def list_trends(
    query: Annotated[TrendQuery, QueryParams()],
    session: ReadSession,
    clock: ClockDep,
    settings: SettingsDep,
) -> TrendList:
    """Topics that more people write about than is usual, the least explicable by chance first."""
    found = trends.trending(
        session,
        as_of=query.as_of,
        now=clock(),
        stale_after_days=settings.stale_after_days,
        limit=query.limit,
    )
    return present_trends(session, found)


def present_trends(session: Session, found: Trending) -> TrendList:
    """Return trends as the API gives them."""
    wanted = {id for trend in found.trends for id in trend.posts}
    rows = posts.by_ids(session, wanted)
    shown = {post.id: post for post in present(session, [rows[id] for id in sorted(rows)])}
    return TrendList(
        data=[_present(trend, shown) for trend in found.trends],
        as_of=found.as_of,
        data_as_of=found.data_as_of,
        topics_fitted_at=found.topics_fitted_at,
        history_days=found.history_days,
        version=found.version,
        topics_tested=found.topics_tested,
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
    )


def _day(when: datetime) -> date:
    return when.date()
