"""Topics: what people talk about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api import cursors
from service.api.lineage import EventOut, lineage
from service.api.moods import WEEKS as MOOD_WEEKS
from service.api.moods import MoodOut
from service.api.params import LARGEST, DatedPage, Id, PageQuery, Query, Until
from service.api.posts import PostOut, present
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.db.models import TopicFit
from service.db.queries import posts, topic_fit, topics
from service.db.queries.topics import NOTHING, Size, TopicRow
from service.deps import ClockDep, ReadSession, SettingsDep
from service.errors import BadCursor, NotFound, NothingRun
from service.mood import By, mood

router = APIRouter(prefix="/topics", tags=["topics"], route_class=StrictRoute)
WEEKS = 8  # of the daily series
CHANNELS = 10
PEOPLE = 10
RELATED = 5


class FitOut(BaseModel):
    """The run of the topic model that found these topics."""

    id: int
    model: str
    posts: int = Field(description="How many posts it looked at.")
    fitted_at: datetime


class AreaRef(BaseModel):
    """The area that a topic lies in."""

    id: int
    label: str


class TopicOut(BaseModel):
    """A topic. Its id stays from run to run."""

    id: int
    label: str = Field(description="What it is called: a person's name for it, else the machine's.")
    machine_label: str = Field(description="What the machine calls it.")
    description: str = Field(description="One line about it; empty where there is none.")
    words: list[str] = Field(description="Words that set it apart, most telling first.")
    phrases: list[str] = Field(description="Key phrases, most telling first.")
    area: AreaRef | None
    pinned: bool = Field(description="Whether a person pinned it: no run lets it end.")
    hidden: bool = Field(description="Whether a person hid it: it is in no list and never trends.")
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


class PersonOut(BaseModel):
    """A member who wrote about it, and how many posts."""

    id: int
    name: str
    posts: int


class TopicDetail(TopicOut):
    """A topic on its own."""

    born_at: datetime
    retired_at: datetime | None = Field(
        description="When a run no longer found it, or when it was merged."
    )
    merged_into: int | None = Field(description="The topic that it was merged into.")
    parent: int | None = Field(description="The topic that it was split or born from.")
    representatives: list[PostOut] = Field(description="Posts by several people that show it.")
    series: list[DayOut] = Field(
        description=f"{WEEKS} weeks, oldest first, up to the newest post or to `as_of`."
    )
    channels: list[ChannelOut]
    people: list[PersonOut] = Field(description="Who wrote most about it.")
    mood: MoodOut | None = Field(
        description=f"Of its last {MOOD_WEEKS} weeks; null where too few posts were judged."
    )
    related: list[RelatedOut]
    lineage: list[EventOut] = Field(description="What became of it, newest first.")
    data_as_of: datetime | None = Field(
        description="When the newest post, before `as_of` where that is given, was made."
    )


class TopicQuery(Query):
    """As of when."""

    as_of: Until | None = Field(None, description="Only posts before this time are looked at.")


class TopicsQuery(PageQuery, TopicQuery):
    """Which topics, as of when."""

    area: int | None = Field(None, ge=1, le=LARGEST, description="Only those of the area.")
    hidden: bool = Field(False, description="Also those that people hid.")


@router.get("", operation_id="list_topics", responses=documented(BadCursor, NothingRun))
def list_topics(query: Annotated[TopicsQuery, QueryParams()], session: ReadSession) -> TopicList:
    """Topics: first those that people pinned, then those with most posts."""
    bound = cursors.scope("topics", query)
    start = cursors.decode(bound, query.cursor)
    fit = newest_fit(session)
    counts = topics.counts(session, query.as_of)
    looked_at, outliers = sum(counts.values()), counts.get(None, 0)
    listed = topics.active(session, hidden=query.hidden)
    chosen = [row for row in listed if query.area in (None, row.area_id)]
    rows = sorted(chosen, key=lambda row: _order(row, counts))
    rest = [row for row in rows if start is None or list(_order(row, counts)) > start]
    shown, after = cursors.page(rest, query.limit, bound, lambda row: _order(row, counts))
    sizes = topics.sizes(session, [row.id for row in shown], query.as_of)
    return TopicList(
        data=[TopicOut(**_facts(row, sizes.get(row.id, NOTHING), looked_at)) for row in shown],
        next_cursor=after,
        data_as_of=posts.newest_at(session, query.as_of),
        outliers=OutliersOut(posts=outliers, share=share(outliers, looked_at)),
        fit=FitOut(id=fit.id, model=fit.model, posts=fit.posts, fitted_at=fit.fitted_at),
    )


@router.get("/{id}", operation_id="get_topic", responses=documented(NotFound))
def get_topic(
    id: Id,
    query: Annotated[TopicQuery, QueryParams()],
    session: ReadSession,
    clock: ClockDep,
    settings: SettingsDep,
) -> TopicDetail:
    """One topic: words, posts, days, people, mood, neighbours, and what became of it.

    Retired, merged and hidden ones stay readable.
    """
    found = topic_detail(session, id, query.as_of)
    found.mood = _mood(session, id, query.as_of, clock(), settings.stale_after_days)
    return found


def topic_detail(session: Session, id_: int, as_of: datetime | None) -> TopicDetail:
    """Return one topic without its mood; raise NotFound where there is none."""
    row = topics.topic(session, id_)
    if row is None:
        raise NotFound(f"there is no topic {id_}")
    newest = posts.newest_at(session, as_of)
    end = as_of or (newest and newest + timedelta(microseconds=1))
    size = topics.sizes(session, [id_], as_of).get(id_, NOTHING)
    return TopicDetail(
        **_facts(row, size, topics.coverage(session, as_of)[0]),
        born_at=row.born_at,
        retired_at=row.retired_at,
        merged_into=row.merged_into_id,
        parent=row.parent_id,
        representatives=_representatives(session, row, as_of),
        series=days(session, id_, end) if end else [],
        channels=[
            ChannelOut(channel=channel, posts=count)
            for channel, count in topics.channels(session, id_, CHANNELS, as_of)
        ],
        people=[
            PersonOut(id=member, name=name, posts=count)
            for member, name, count in topics.people(session, id_, PEOPLE, as_of)
        ],
        mood=None,
        lineage=lineage(session, id_),
        related=[
            RelatedOut(id=other, label=label, similarity=round(similarity, 4))
            for other, label, similarity in topics.related(session, id_, RELATED)
        ],
        data_as_of=newest,
    )


def newest_fit(session: Session) -> TopicFit:
    """Return the newest fit; raise NothingRun where there was none."""
    fit = topic_fit.newest_fit(session)
    if fit is None:
        raise NothingRun("no run has looked at the posts yet: run `groundswell run`")
    return fit


def days(session: Session, topic_id: int, end: datetime) -> list[DayOut]:
    """Return distinct authors on a topic before `end`, for each day of the 8 weeks up to then."""
    last = (end - timedelta(microseconds=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    start = last + timedelta(days=1) - timedelta(weeks=WEEKS)
    people: dict[date, set[int]] = {}
    for made, member in topics.authors(session, topic_id, start, end):
        people.setdefault(made.date(), set()).add(member)
    whole = [(start + timedelta(days=number)).date() for number in range(7 * WEEKS)]
    return [DayOut(day=day, authors=len(people.get(day, ()))) for day in whole]


def share(part: int, whole: int) -> float:
    """Return a part of a whole, from 0 to 1 in four digits; 0 of nothing."""
    return round(part / whole, 4) if whole else 0.0


def present_topics(session: Session, ids: Sequence[int]) -> list[TopicOut]:
    """Return topics as the API gives them, in the order of their ids given."""
    sizes = topics.sizes(session, ids)
    looked_at = topics.coverage(session)[0]
    rows = [row for id_ in ids if (row := topics.topic(session, id_)) is not None]
    return [TopicOut(**_facts(row, sizes.get(row.id, NOTHING), looked_at)) for row in rows]


def _mood(
    session: Session, id_: int, as_of: datetime | None, now: datetime, stale_after_days: int
) -> MoodOut | None:
    try:
        found = mood(session, by=By.TOPIC, weeks=MOOD_WEEKS, as_of=as_of, now=now,
                     stale_after_days=stale_after_days, only=id_)  # fmt: skip
    except NothingRun:
        return None
    return MoodOut.model_validate(found.segments[0]) if found.segments else None


def _order(row: TopicRow, counts: dict[int | None, int]) -> tuple[int, int, int]:
    return int(row.pinned_at is None), -counts.get(row.id, 0), row.id


def _facts(row: TopicRow, size: Size, looked_at: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "machine_label": row.machine_label,
        "description": row.description,
        "phrases": [str(phrase) for phrase in row.phrases],
        "area": None if row.area_id is None else AreaRef(id=row.area_id, label=row.area or ""),
        "pinned": row.pinned_at is not None,
        "hidden": row.hidden_at is not None,
        "words": [str(word) for word in row.words],
        "posts": size.posts,
        "authors": size.authors,
        "share": share(size.posts, looked_at),
        "first_post_at": size.first_post_at,
        "last_post_at": size.last_post_at,
    }


def _representatives(session: Session, row: TopicRow, before: datetime | None) -> list[PostOut]:
    found = posts.by_ids(session, row.representatives)
    rows = [found[id] for id in row.representatives if id in found]
    return present(session, [row for row in rows if before is None or row.created_at < before])
