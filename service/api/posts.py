"""Posts: what was said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api import cursors
from service.api.params import LARGEST, DatedPage, From, Id, Name, PageQuery, Until
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.db.queries import posts
from service.db.queries.posts import PostFilters, PostRow
from service.deps import ReadSession
from service.errors import BadCursor, NotFound

router = APIRouter(prefix="/posts", tags=["posts"], route_class=StrictRoute)


class Named(BaseModel):
    """What has an id and a name."""

    id: int
    name: str


class ThreadRef(BaseModel):
    """The thread that a post is in."""

    id: int
    title: str | None


class TopicRef(BaseModel):
    """The topic that a post is in."""

    id: int
    label: str


class ReactionOut(BaseModel):
    """How often one reaction stands under a post."""

    name: str
    count: int


class PostOut(BaseModel):
    """A post."""

    id: int
    external_id: str = Field(description="Its id where it came from.")
    source: str
    channel: str | None
    thread: ThreadRef
    author: Named
    created_at: datetime
    edited_at: datetime | None
    reply_to: int | None = Field(description="The id of the post that it answers.")
    text: str = Field(description="As it was written: untrusted, and never to be shown as HTML.")
    truncated: bool = Field(description="Whether it was too long and its end was left out.")
    url: str | None
    topic: TopicRef | None = Field(description="Null in the outlier pool and before a run.")
    reactions: list[ReactionOut]


class PostDetail(PostOut):
    """A post on its own."""

    data_as_of: datetime | None = Field(description="When the newest post was made.")


class PostList(DatedPage[PostOut]):
    """A page of posts."""


class PostQuery(PageQuery):
    """Which posts."""

    channel: Name | None = Field(None, description="Only from this channel.")
    source: Name | None = Field(None, description="Only from this source.")
    author: Name | None = Field(None, description="Only by the member of this name.")
    topic: int | None = Field(None, ge=1, le=LARGEST, description="Only on the topic of this id.")
    after: From | None = Field(None, description="Only from this time on.")
    before: Until | None = Field(None, description="Only before this time.")


@router.get("", operation_id="list_posts", responses=documented(BadCursor))
def list_posts(query: Annotated[PostQuery, QueryParams()], session: ReadSession) -> PostList:
    """Posts, newest first."""
    bound = cursors.scope("posts", query)
    start = cursors.moment(cursors.decode(bound, query.cursor))
    filters = PostFilters(**query.model_dump(exclude={"limit", "cursor"}))
    rows = posts.newest_first(session, filters, query.limit + 1, start)
    shown, after = cursors.page(rows, query.limit, bound, post_keys)
    newest = posts.newest_at(session)
    return PostList(data=present(session, shown), next_cursor=after, data_as_of=newest)


@router.get("/{id}", operation_id="get_post", responses=documented(NotFound))
def get_post(id: Id, session: ReadSession) -> PostDetail:
    """One post."""
    row = posts.by_ids(session, [id]).get(id)
    if row is None:
        raise NotFound(f"there is no post {id}")
    [shown] = present(session, [row])
    return PostDetail(**shown.model_dump(), data_as_of=posts.newest_at(session))


def present(session: Session, rows: Sequence[PostRow]) -> list[PostOut]:
    """Return posts as the API gives them, in the order of the rows."""
    found = posts.reactions(session, [row.id for row in rows])
    return [_present(row, found.get(row.id, [])) for row in rows]


def post_keys(row: PostRow) -> tuple[int, int]:
    """Return what a cursor keeps of a post."""
    return cursors.micros(row.created_at), row.id


def _present(row: PostRow, reactions: list[tuple[str, int]]) -> PostOut:
    topic = None
    if row.topic_id is not None:
        topic = TopicRef(id=row.topic_id, label=row.topic_label or "")
    return PostOut(
        id=row.id,
        external_id=row.external_id,
        source=row.source,
        channel=row.channel,
        thread=ThreadRef(id=row.thread_id, title=row.thread_title),
        author=Named(id=row.author_id, name=row.author),
        created_at=row.created_at,
        edited_at=row.edited_at,
        reply_to=row.reply_to_id,
        text=row.text,
        truncated=row.truncated,
        url=row.url,
        topic=topic,
        reactions=[ReactionOut(name=name, count=count) for name, count in reactions],
    )
