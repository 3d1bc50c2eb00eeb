"""What stands around flags as the API gives it: people of a thread, and patterns of trouble."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service.db.models import Flag
from service.db.queries.conflicts import FlagRow
from service.flag_people import EARLIER, PEOPLE, Person, history
from service.flags import status_at
from service.insights.heat.patterns import Pattern
from service.patterns import Habits

PEOPLE_TOLD = (
    f"The {PEOPLE} people at most who wrote most in the thread, in the order in which they came: "
    "context for this flag, never a score."
)


class EarlierFlag(BaseModel):
    """An earlier flag of a thread that somebody posted in; the verdict is on the thread."""

    id: int
    thread: int
    title: str | None
    raised_at: datetime
    status: str = Field(description="`confirmed` and `dismissed` are verdicts of people.")
    reason: str | None = Field(description="Of a dismissal.")
    posts: int = Field(description="How much they had written in that thread by then.")


class PersonOut(BaseModel):
    """Somebody who posted in the flagged thread."""

    id: int
    name: str
    posts_here: int = Field(description="How many posts they have in this thread.")
    posts: int = Field(description="And everywhere, that anyone may read.")
    first_seen: datetime | None = Field(description="When the first of these was made.")
    earlier: list[EarlierFlag] = Field(
        description=f"The {EARLIER} newest earlier flags of threads that they had posted in."
    )


class PatternOut(BaseModel):
    """A part where there is more than chance explains."""

    model_config = ConfigDict(from_attributes=True)

    hit: int = Field(description="In how many cases it was so.")
    tried: int = Field(description="How many cases there were.")
    share: float
    low: float = Field(description="Of its interval (Wilson).")
    high: float
    elsewhere: float = Field(description="The share of all other parts together.")
    q: float = Field(description="Chance, after Benjamini and Hochberg over all parts.")


class ChannelPattern(PatternOut):
    """A channel."""

    channel: str


class HourPattern(PatternOut):
    """An hour of the week, in UTC."""

    weekday: int = Field(description="0 is Monday.")
    hour: int


class PatternsOut(BaseModel):
    """Where and when flags and hostile posts come again and again; empty where chance does."""

    since: datetime
    until: datetime
    hostile_channels: list[ChannelPattern] = Field(
        description="A case is a thread on one day, with a hostile post or without. Surest first."
    )
    hostile_hours: list[HourPattern] = Field(description="A case is a thread in one hour.")
    flag_channels: list[ChannelPattern] = Field(
        description="A case is a thread, with a flag that nobody dismissed or without."
    )
    flag_hours: list[HourPattern] = Field(
        description="A case is a thread in one hour, with the post that raised a flag or without."
    )


def present_people(session: Session, flag: Flag, now: datetime) -> list[PersonOut]:
    """Return the people of a flagged thread as the API gives them."""
    return [_person(person, now) for person in history(session, flag)]


def present_habits(found: Habits) -> PatternsOut:
    """Return patterns of trouble as the API gives them."""
    return PatternsOut(
        since=found.since,
        until=found.until,
        hostile_channels=_channels(found.hostile_channels),
        hostile_hours=_hours(found.hostile_hours),
        flag_channels=_channels(found.flag_channels),
        flag_hours=_hours(found.flag_hours),
    )


def _person(person: Person, now: datetime) -> PersonOut:
    return PersonOut(
        id=person.id,
        name=person.name,
        posts_here=person.posts,
        posts=person.activity.posts,
        first_seen=person.activity.first_post_at,
        earlier=[_earlier(one.row, one.posts, now) for one in person.earlier],
    )


def _earlier(row: FlagRow, posts: int, now: datetime) -> EarlierFlag:
    return EarlierFlag(
        id=row.flag.id,
        thread=row.flag.thread_id,
        title=row.title,
        raised_at=row.flag.raised_at,
        status=status_at(row.flag, now),
        reason=row.flag.reason,
        posts=posts,
    )


def _channels(found: Sequence[Pattern[str]]) -> list[ChannelPattern]:
    return [ChannelPattern(channel=one.part, **_figures(one)) for one in found]


def _hours(found: Sequence[Pattern[tuple[int, int]]]) -> list[HourPattern]:
    return [HourPattern(weekday=one.part[0], hour=one.part[1], **_figures(one)) for one in found]


def _figures(one: Pattern[str] | Pattern[tuple[int, int]]) -> dict[str, float]:
    return {name: getattr(one, name) for name in PatternOut.model_fields}
