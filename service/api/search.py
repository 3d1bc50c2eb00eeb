"""Search by meaning."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.api import cursors
from service.api.excerpts import snippet
from service.api.params import From, Name, PageQuery, Question, Until
from service.api.posts import PostOut, present
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.db.queries import posts
from service.db.queries.index import Filters
from service.deps import ReadSession, SearcherDep
from service.errors import BadCursor, IndexNotReady
from service.search import Hit, Searcher

router = APIRouter(prefix="/search", tags=["search"], route_class=StrictRoute)
DEPTH = 1_000  # ranks; beyond them nobody reads
SNIPPET = 240  # characters


class IndexOut(BaseModel):
    """The state of the index that answered."""

    posts: int = Field(description="How many posts it holds.")
    behind: int = Field(description="How many posts came after it was built.")


class HitOut(BaseModel):
    """A post that was found."""

    score: float = Field(description="Cosine of query and post, from -1 to 1.")
    snippet: str = Field(description="The piece of the post nearest to the words of the query.")
    post: PostOut


class SearchResult(BaseModel):
    """A page of posts, nearest in meaning first."""

    data: list[HitOut]
    next_cursor: str | None = Field(
        description=f"Gives the next page; null at the end and at rank {DEPTH:,}."
    )
    index: IndexOut
    data_as_of: datetime | None = Field(description="When the newest post was made.")


class SearchQuery(PageQuery):
    """What to look for, and where."""

    q: Question = Field(description="What to look for, in your own words.")
    channel: Name | None = Field(None, description="Only in this channel.")
    source: Name | None = Field(None, description="Only in this source.")
    author: Name | None = Field(None, description="Only by the member of this name.")
    after: From | None = Field(None, description="Only from this time on.")
    before: Until | None = Field(None, description="Only before this time.")


@router.get("", operation_id="search_posts", responses=documented(BadCursor, IndexNotReady))
def search_posts(
    query: Annotated[SearchQuery, QueryParams()], session: ReadSession, searcher: SearcherDep
) -> SearchResult:
    """Posts nearest in meaning to a text. A stale answer says how far `index` is behind."""
    return find(session, searcher, query)


def find(session: Session, searcher: Searcher, query: SearchQuery) -> SearchResult:
    """Return one page of what a search finds; raise IndexNotReady and BadCursor."""
    bound = cursors.scope("search", query)
    start = cursors.number(cursors.decode(bound, query.cursor)) or 0
    end = min(start + query.limit, DEPTH)
    filters = Filters(query.channel, query.source, query.author, query.after, query.before)
    hits = searcher.search(session, query.q, filters, min(end + 1, DEPTH))
    more = len(hits) > end
    status = searcher.status(session)
    return SearchResult(
        data=_present(session, hits[start:end], query.q),
        next_cursor=cursors.encode(bound, end) if more else None,
        index=IndexOut(posts=status.posts, behind=status.behind),
        data_as_of=posts.newest_at(session),
    )


def _present(session: Session, hits: list[Hit], text: str) -> list[HitOut]:
    # A post that was deleted after the index was built is no longer shown.
    rows = posts.by_ids(session, [hit.post_id for hit in hits])
    kept = [hit for hit in hits if hit.post_id in rows]
    shown = present(session, [rows[hit.post_id] for hit in kept])
    return [
        HitOut(score=hit.score, snippet=snippet(rows[post.id].plain, text, SNIPPET), post=post)
        for hit, post in zip(kept, shown, strict=True)
    ]
