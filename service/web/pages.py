"""The pages for people. They work without scripts and show posts as text only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Query as QueryParams
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams as Params
from starlette.responses import HTMLResponse

from service.api import cursors
from service.api.params import LARGEST, Id, PageQuery, Until
from service.api.problems import clean
from service.api.search import SearchQuery, SearchResult, find
from service.api.threads import get_thread
from service.api.topics import topic_detail
from service.db.queries import posts
from service.deps import ClockDep, PageReader, ReadSession, SearcherDep, SessionRoute, SettingsDep
from service.errors import GroundswellError, InvalidInput
from service.web import charts
from service.web.front import front, quote
from service.web.labels import CHOICES, labels_of
from service.web.moods import topic_mood
from service.web.render import page

router = APIRouter(include_in_schema=False, route_class=SessionRoute)
POSTS = 100  # on a page of a thread
HITS = 20


@router.get("/")
def get_front(
    reader: PageReader,
    session: ReadSession,
    searcher: SearcherDep,
    settings: SettingsDep,
    clock: ClockDep,
    as_of: Annotated[Until | None, QueryParams()] = None,
) -> HTMLResponse:
    """Return what is rising."""
    now, index = clock(), searcher.status(session)
    shown = front(session, index, as_of=as_of, now=now, stale_after_days=settings.stale_after_days)
    return page("front.html", front=shown, index=index)


@router.get("/search")
def get_search(
    request: Request, reader: PageReader, session: ReadSession, searcher: SearcherDep
) -> HTMLResponse:
    """Return the posts nearest in meaning to a text."""
    asked = {name: text for name, text in request.query_params.items() if text.strip()}
    form = {name: clean(asked.get(name, ""), 1_000) for name in SearchQuery.model_fields}
    found: SearchResult | None = None
    error: GroundswellError | None = None
    try:
        if "q" in asked:
            query = SearchQuery.model_validate({"limit": HITS} | asked)
            found = find(session, searcher, query)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        error = InvalidInput(clean(f"{first['loc'][0]}: {first['msg']}"))
    except GroundswellError as known:
        error = known
    more = str(Params(asked | {"cursor": found.next_cursor})) if found and found.next_cursor else ""
    status = error.status if error else 200
    return page("search.html", status, form=form, found=found, error=error, more=more)


@router.get("/threads/{id}")
def get_thread_page(
    id: Id,
    reader: PageReader,
    session: ReadSession,
    cursor: Annotated[str | None, QueryParams(max_length=1_000)] = None,
    post: Annotated[int | None, QueryParams(ge=1, le=LARGEST)] = None,
) -> HTMLResponse:
    """Return a thread; `post` gives the page that holds it."""
    cursor = cursor or _start_at(session, id, post)
    found = get_thread(id, PageQuery(limit=POSTS, cursor=cursor), session)
    labels = labels_of(session, [item.id for item in found.data])
    may_write = reader.may("write")
    shown = page(
        "thread.html", found=found, cursor=cursor, post=post, labels=labels, may_write=may_write,
        choices=CHOICES,
    )  # fmt: skip
    if may_write:
        # Without it a browser calls the origin of our own forms null.
        shown.headers["Referrer-Policy"] = "same-origin"
    return shown


@router.get("/topics/{id}")
def get_topic_page(
    id: Id,
    reader: PageReader,
    session: ReadSession,
    settings: SettingsDep,
    clock: ClockDep,
    as_of: Annotated[Until | None, QueryParams()] = None,
) -> HTMLResponse:
    """Return a topic."""
    found = topic_detail(session, id, as_of)
    rows = posts.by_ids(session, [post.id for post in found.representatives])
    days = [day.authors for day in found.series]
    chart = charts.columns(
        days,
        key="days",
        title="People a day over 8 weeks",
        text=f"Most in a day: {max(days, default=0)}.",
    )
    quotes = [quote(rows[post.id]) for post in found.representatives]
    mood = topic_mood(
        session, id, as_of=as_of, now=clock(), stale_after_days=settings.stale_after_days
    )
    return page("topic.html", found=found, quotes=quotes, chart=chart, as_of=as_of, mood=mood)


def _start_at(session: Session, thread: int, post: int | None) -> str | None:
    row = posts.by_ids(session, [post]).get(post) if post else None
    if row is None or row.thread_id != thread:
        return None
    key: tuple[datetime, int] = (row.created_at, row.id)
    if posts.before(session, thread, key) < POSTS:
        return None
    bound = cursors.scope(f"thread {thread}", PageQuery())
    return cursors.encode(bound, cursors.micros(row.created_at), row.id - 1)
