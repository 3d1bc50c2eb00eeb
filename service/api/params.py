"""Kinds of parameters, and what all lists take and give."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Generic, TypeVar

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from nlp.text import plain

LARGEST = 2**63 - 1
Item = TypeVar("Item")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
    r"([Zz]|[+ -][0-9]{2}:[0-9]{2})"
)
_SHAPE = "should be a time like 2024-10-05T12:00:00Z or a date like 2024-10-05"
# What no post is beyond: a window around any time between is a time too.
EARLIEST, LATEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def start_of(text: object) -> datetime:
    """Return the time that a text names in UTC; a bare date stands for its start."""
    return _moment(text, timedelta(0))


def end_of(text: object) -> datetime:
    """Return the time that a text names in UTC; a bare date stands for the midnight after it."""
    return _moment(text, timedelta(days=1))


def _moment(text: object, shift: timedelta) -> datetime:
    when = text if isinstance(text, datetime) else _parsed(text, shift)
    if not EARLIEST <= when <= LATEST:
        raise ValueError(f"should be a time from {EARLIEST:%Y} to {LATEST:%Y}")
    return when


def _parsed(text: object, shift: timedelta) -> datetime:
    if not isinstance(text, str) or len(text) > 40:
        raise ValueError(_SHAPE)
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(), UTC) + shift
        if _MOMENT.fullmatch(text):
            # A plus that was not escaped in a URL arrives as a space.
            zone = text[-6:].replace(" ", "+")
            return datetime.fromisoformat((text[:-6] + zone).upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(_SHAPE)


def _readable(text: str) -> str:
    if "\0" in text or not text.strip():
        raise ValueError("should have something to read and no NUL")
    return text


def _askable(text: str) -> str:
    if not re.search(r"\w", plain(text).text):
        raise ValueError("nothing to look for: a query has at least one word")
    return text


_TIME_SCHEMA = WithJsonSchema(
    {"type": "string", "examples": ["2024-10-05", "2024-10-05T12:00:00Z"]}
)
From = Annotated[datetime, BeforeValidator(start_of), _TIME_SCHEMA]
Until = Annotated[datetime, BeforeValidator(end_of), _TIME_SCHEMA]
Name = Annotated[str, StringConstraints(min_length=1, max_length=400), AfterValidator(_readable)]
Question = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1_000),
    AfterValidator(_readable),
    AfterValidator(_askable),
]
Id = Annotated[int, Path(ge=1, le=LARGEST, description="Its id.")]


class Query(BaseModel):
    """Parameters of an operation; one that it has not is refused rather than left unheard."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """Parameters of every list."""

    limit: int = Field(50, ge=1, le=200, description="How many at most.")
    cursor: Annotated[str, StringConstraints(max_length=1_000)] | None = Field(
        None, description="The `next_cursor` of the page before; the filters must be the same."
    )


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    data: list[Item]
    next_cursor: str | None = Field(description="Gives the next page; null on the last one.")


class DatedPage(Page[Item], Generic[Item]):
    """One page of a list that depends on the posts."""

    data_as_of: datetime | None = Field(description="When the newest post was made.")
