"""Areas: the few broad subjects that topics lie in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, Field

from service.api.problems import documented
from service.api.strict import StrictRoute
from service.api.topics import TopicQuery, newest_fit
from service.db.queries import topics
from service.deps import ReadSession
from service.errors import NothingRun

router = APIRouter(prefix="/topics", tags=["topics"], route_class=StrictRoute)


class AreaOut(BaseModel):
    """An area. Its id stays from run to run."""

    id: int
    label: str
    words: list[str] = Field(description="Words of its topics, most telling first.")
    topics: list[int] = Field(description="Its topics, by id.")
    posts: int = Field(description="How many posts its topics have.")


class AreaList(BaseModel):
    """Every area."""

    data: list[AreaOut] = Field(description="Those with most posts first.")
    next_cursor: None = Field(None, description="Always null: there is one page.")


@router.get("/areas", operation_id="list_areas", responses=documented(NothingRun))
def list_areas(query: Annotated[TopicQuery, QueryParams()], session: ReadSession) -> AreaList:
    """The areas that topics lie in, those with most posts first."""
    newest_fit(session)
    counts = topics.counts(session, query.as_of)
    found = [
        AreaOut(
            id=row.id,
            label=row.label,
            words=[str(word) for word in row.words],
            topics=row.topics,
            posts=sum(counts.get(topic, 0) for topic in row.topics),
        )
        for row in topics.areas(session)
    ]
    return AreaList(data=sorted(found, key=lambda area: (-area.posts, area.id)))
