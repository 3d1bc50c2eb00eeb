"""Moods: how a community feels, and what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, ConfigDict, Field

from service.api.params import Query, Until
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.deps import ClockDep, ReadSession, SettingsDep
from service.errors import NothingRun
from service.insights.mood import LEAST_POSTS
from service.mood import By, mood

router = APIRouter(prefix="/moods", tags=["judgements"], route_class=StrictRoute)
WEEKS = 4


class ShareOut(BaseModel):
    """The share of one label."""

    model_config = ConfigDict(from_attributes=True)

    label: str
    share: float = Field(description="Estimated from the probabilities, not from counted labels.")
    low: float = Field(description="Lower end of its interval.")
    high: float = Field(description="Upper end of its interval.")
    difference: float | None = Field(
        description="This share less the one before; null where there was no post before."
    )
    direction: str | None = Field(
        description="`up` or `down`; null unless the difference is more than chance explains."
    )


class MoodOut(BaseModel):
    """The mood of a topic, a channel or a week."""

    model_config = ConfigDict(from_attributes=True)

    id: int | str = Field(
        description="Of a topic its id, of a channel its name (`source · channel` where several "
        "sources have one of that name), of a week when it ends."
    )
    name: str
    posts: int = Field(description="How many posts were judged in the span.")
    posts_before: int = Field(description="And in the equal span before.")
    shares: list[ShareOut]


class MoodList(BaseModel):
    """The mood of each part of the community."""

    model_config = ConfigDict(from_attributes=True)

    data: list[MoodOut] = Field(
        validation_alias="segments", description="Those with most posts first; weeks in order."
    )
    next_cursor: None = Field(None, description="Always null: there is one page.")
    as_of: datetime = Field(description="The end of the span.")
    data_as_of: datetime | None = Field(
        description="When the newest post before `as_of` was made; null where there is none."
    )
    task: str
    model: str
    model_version: str
    version: str = Field(description="Of the method.")
    level: float = Field(description="How often the intervals hold the true share.")
    by: str
    weeks: int = Field(description="The span, in weeks; before it lies an equal one.")
    judged: int = Field(description="How many posts of the span count.")
    corrected: int = Field(description="Of these, how many have a person's label.")
    unread: int = Field(
        description="Posts that the judge could not read: no words, or another language. Left out."
    )
    too_small: int = Field(description=f"Parts with fewer than {LEAST_POSTS} posts: left out.")


class MoodQuery(Query):
    """By what, and over which time."""

    by: By = Field(By.TOPIC, description="What mood is told by.")
    weeks: int = Field(
        WEEKS, ge=1, le=52, description="The span; of `week`, how many weeks are told."
    )
    as_of: Until | None = Field(
        None, description="The end of the span; by default now, or the newest post's."
    )
    limit: int = Field(50, ge=1, le=200, description="How many topics or channels at most.")


@router.get("", operation_id="list_moods", responses=documented(NothingRun))
def list_moods(
    query: Annotated[MoodQuery, QueryParams()],
    session: ReadSession,
    clock: ClockDep,
    settings: SettingsDep,
) -> MoodList:
    """How posts feel: shares of negative, neutral and positive, each with its interval.

    A week is told against the week before, all else against the equal span before.
    """
    found = mood(
        session,
        by=query.by,
        weeks=query.weeks,
        as_of=query.as_of,
        now=clock(),
        stale_after_days=settings.stale_after_days,
        limit=query.limit,
    )
    return MoodList.model_validate(found)
