"""Topics: what people talk about."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api import cursors
from service.api.params import DatedPage, Id, PageQuery
from service.api.posts import PostOut, present
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.db.models import TopicFit
from service.db.queries import posts, topics
from service.db.queries.topics import NOTHING, Size, TopicRow
from service.deps import ReadSession
from service.errors import BadCursor, NotFound, NothingRun

router = APIRouter(prefix="/topics", tags=["topics"], route_class=StrictRoute)
WEEKS = 8  # of the daily series
CHANNELS = 10
RELATED = 5


class FitOut(BaseModel):
    """The run of the topic model that found these topics."""

    id: int
    model: str
    posts: int = Field(description="How many posts it looked at.")
    fitted_at: datetime


class TopicOut(BaseModel):
    """A topic. Its id stays from run to run."""

    id: int
    label: str
    words: list[str] = Field(description="Words that set it apart, most telling first.")
    posts: int
    authors: int = Field(description="How many members wrote about it.")
    share: float = Field(description="Its part of all posts that are in a topic or in none.")
    first_post_at: datetime | None
    last_post_at: datetime | None


class OutliersOut(BaseModel):
    """Posts that are in no topic."""

    posts: int
    share: float


class TopicList(DatedPage[TopicOut]):
    """A page of topics."""

    outliers: OutliersOut
    fit: FitOut


class DayOut(BaseModel):
    """One day, in UTC."""

    day: date
    authors: int = Field(description="How many members wrote about it that day.")


class ChannelOut(BaseModel):
    """A channel and its posts."""

    channel: str
    posts: int


class RelatedOut(BaseModel):
    """A topic near by."""

    id: int
    label: str
    similarity: float = Field(description="Cosine of the two topics' centres.")


class TopicDetail(TopicOut):
    """A topic on its own."""

    born_at: datetime
    retired_at: datetime | None = Field(description="When a run no longer found it.")
    representatives: list[PostOut] = Field(description="Posts nearest to its centre.")
    series: list[DayOut] = Field(description=f"The last {WEEKS} weeks, oldest first.")
    channels: list[ChannelOut]
    related: list[RelatedOut]
    data_as_of: datetime | None = Field(description="When the newest post was made.")


@router.get("", operation_id="list_topics", responses=documented(BadCursor, NothingRun))
def list_topics(query: Annotated[PageQuery, QueryParams()], session: ReadSession) -> TopicList:
    """Topics that the newest run found, those with most posts first."""
    bound = cursors.scope("topics", query)
    start = cursors.decode(bound, query.cursor)
    fit = newest_fit(session)
    sizes = topics.sizes(session)
    looked_at = sum(size.posts for size in sizes.values())
    rows = sorted(topics.active(session), key=lambda row: _order(row, sizes))
    rest = [row for row in rows if start is None or list(_order(row, sizes)) > start]
    shown, after = cursors.page(rest, query.limit, bound, lambda row: _order(row, sizes))
    outliers = sizes.get(None, NOTHING).posts
    return TopicList(
        data=[TopicOut(**_facts(row, sizes.get(row.id, NOTHING), looked_at)) for row in shown],
        next_cursor=after,
        data_as_of=posts.newest_at(session),
        outliers=OutliersOut(posts=outliers, share=share(outliers, looked_at)),
        fit=FitOut(id=fit.id, model=fit.model, posts=fit.posts, fitted_at=fit.fitted_at),
    )


@router.get("/{id}", operation_id="get_topic", responses=documented(NotFound))
def get_topic(id: Id, session: ReadSession) -> TopicDetail:
    """One topic: its words, posts, days, channels and neighbours. Retired ones stay readable."""
    row = topics.topic(session, id)
    if row is None:
        raise NotFound(f"there is no topic {id}")
    newest = posts.newest_at(session)
    return TopicDetail(
        **_facts(row, topics.size(session, id), topics.coverage(session)[0]),
        born_at=row.born_at,
        retired_at=row.retired_at,
        representatives=_representatives(session, row),
        series=days(session, id, newest) if newest else [],
        channels=[
            ChannelOut(channel=channel, posts=count)
            for channel, count in topics.channels(session, id, CHANNELS)
        ],
        related=[
            RelatedOut(id=other, label=label, similarity=round(similarity, 4))
            for other, label, similarity in topics.related(session, id, RELATED)
        ],
        data_as_of=newest,
    )


def newest_fit(session: Session) -> TopicFit:
    """Return the newest fit; raise NothingRun where there was none."""
    fit = topics.newest_fit(session)
    if fit is None:
        raise NothingRun("no run has looked at the posts yet: run `groundswell run`")
    return fit


def days(session: Session, topic_id: int, newest: datetime) -> list[DayOut]:
    """Return distinct authors on a topic for each of the 8 weeks' days up to the newest post."""
    end = newest.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    start = end - timedelta(weeks=WEEKS)
    people: dict[date, set[int]] = {}
    for made, member in topics.authors(session, topic_id, start, end):
        people.setdefault(made.date(), set()).add(member)
    whole = [(start + timedelta(days=number)).date() for number in range(7 * WEEKS)]
    return [DayOut(day=day, authors=len(people.get(day, ()))) for day in whole]


def share(part: int, whole: int) -> float:
    """Return a part of a whole, from 0 to 1 in four digits; 0 of nothing."""
    return round(part / whole, 4) if whole else 0.0


def _order(row: TopicRow, sizes: dict[int | None, Size]) -> tuple[int, int]:
    return -sizes.get(row.id, NOTHING).posts, row.id


def _facts(row: TopicRow, size: Size, looked_at: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "words": [str(word) for word in row.words],
        "posts": size.posts,
        "authors": size.authors,
        "share": share(size.posts, looked_at),
        "first_post_at": size.first_post_at,
        "last_post_at": size.last_post_at,
    }


def _representatives(session: Session, row: TopicRow) -> list[PostOut]:
    found = posts.by_ids(session, row.representatives)
    return present(session, [found[id] for id in row.representatives if id in found])
