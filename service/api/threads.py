"""Threads: conversations."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, ConfigDict, Field

from service.api import cursors
from service.api.params import DatedPage, Id, Name, PageQuery
from service.api.posts import PostOut, post_keys, present
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.db.queries import posts, threads
from service.db.queries.posts import PostFilters
from service.db.queries.threads import ThreadRow
from service.deps import ReadSession
from service.errors import BadCursor, NotFound

router = APIRouter(prefix="/threads", tags=["threads"], route_class=StrictRoute)


class ThreadOut(BaseModel):
    """A thread."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    external_id: str = Field(description="Its id where it came from.")
    source: str
    channel: str | None
    title: str | None
    resolved: bool = Field(description="Whether the source says that it was solved.")
    confidence: float | None = Field(
        description="Of a conversation that was rebuilt from flat chat; null where its source "
        "knows the thread."
    )
    first_post_at: datetime
    last_post_at: datetime
    posts: int = Field(description="How many posts.")
    people: int = Field(description="By how many members.")


class ThreadList(DatedPage[ThreadOut]):
    """A page of threads."""


class ThreadDetail(DatedPage[PostOut]):
    """A thread and a page of its posts, oldest first."""

    thread: ThreadOut


class ThreadQuery(PageQuery):
    """Which threads."""

    channel: Name | None = Field(None, description="Only from this channel.")
    source: Name | None = Field(None, description="Only from this source.")


@router.get("", operation_id="list_threads", responses=documented(BadCursor))
def list_threads(query: Annotated[ThreadQuery, QueryParams()], session: ReadSession) -> ThreadList:
    """Threads, last active first."""
    bound = cursors.scope("threads", query)
    start = cursors.moment(cursors.decode(bound, query.cursor))
    rows = threads.by_activity(session, query.limit + 1, query.channel, query.source, start)
    shown, after = cursors.page(rows, query.limit, bound, _keys)
    data = [ThreadOut.model_validate(row) for row in shown]
    return ThreadList(data=data, next_cursor=after, data_as_of=posts.newest_at(session))


@router.get("/{id}", operation_id="get_thread", responses=documented(NotFound, BadCursor))
def get_thread(
    id: Id, query: Annotated[PageQuery, QueryParams()], session: ReadSession
) -> ThreadDetail:
    """One thread with its posts, oldest first."""
    bound = cursors.scope(f"thread {id}", query)
    start = cursors.moment(cursors.decode(bound, query.cursor))
    row = threads.thread(session, id)
    if row is None:
        raise NotFound(f"there is no thread {id}")
    rows = posts.oldest_first(session, PostFilters(thread=id), query.limit + 1, start)
    shown, after = cursors.page(rows, query.limit, bound, post_keys)
    return ThreadDetail(
        thread=ThreadOut.model_validate(row),
        data=present(session, shown),
        next_cursor=after,
        data_as_of=posts.newest_at(session),
    )


def _keys(row: ThreadRow) -> tuple[int, int]:
    return cursors.micros(row.last_post_at), row.id
