"""Posts that anyone may read: not deleted, in public threads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    func,
    literal_column,
    select,
    tuple_,
    union,
)
from sqlalchemy.orm import Session, aliased

from service.db.models import Member, Post, PostTopic, Reaction, Source, Thread, Topic

Key = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class PostFilters:
    """Which posts: names match exactly, times are half-open (`after` in, `before` out)."""

    channel: str | None = None
    source: str | None = None
    author: str | None = None
    topic: int | None = None
    thread: int | None = None
    after: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post with the names of what it hangs on. `plain` is its text without markup."""

    id: int
    external_id: str
    source: str
    channel: str | None
    thread_id: int
    thread_title: str | None
    author_id: int
    author: str
    created_at: datetime
    edited_at: datetime | None
    reply_to_id: int | None
    text: str
    plain: str
    truncated: bool
    url: str | None
    topic_id: int | None
    topic_label: str | None


def visible() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on (Post, Thread) under which anyone may read a post."""
    return (Post.deleted_at.is_(None), Thread.visibility == "public")


def hidden() -> CompoundSelect[Any]:
    """Return the query for the ids of the posts that nobody may read: found by index, and few."""
    post = aliased(Post)
    # Written out, as SQLite takes a partial index for a constant only.
    private = Thread.visibility != literal_column("'public'")
    return union(
        select(post.id).where(post.deleted_at.is_not(None)),
        select(post.id).join(Thread, Thread.id == post.thread_id).where(private),
    )


def newest_first(
    session: Session, filters: PostFilters, limit: int, after: Key | None = None
) -> list[PostRow]:
    """Return at most `limit` posts, newest first, that follow the key (time, id)."""
    query = _matching(filters).order_by(Post.created_at.desc(), Post.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(Post.created_at, Post.id) < after)
    return _rows(session, query)


def oldest_first(
    session: Session, filters: PostFilters, limit: int, after: Key | None = None
) -> list[PostRow]:
    """Return at most `limit` posts, oldest first, that follow the key (time, id)."""
    query = _matching(filters).order_by(Post.created_at, Post.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(Post.created_at, Post.id) > after)
    return _rows(session, query)


def by_ids(session: Session, ids: Collection[int]) -> dict[int, PostRow]:
    """Return the posts that are still there and may be read, by id."""
    if not ids:
        return {}
    query = _matching(PostFilters()).where(Post.id.in_(ids))
    return {row.id: row for row in _rows(session, query)}


def reactions(session: Session, ids: Collection[int]) -> dict[int, list[tuple[str, int]]]:
    """Return (name, count) of the reactions under each post, most frequent first."""
    if not ids:
        return {}
    total = func.sum(Reaction.count)
    query = (
        select(Reaction.post_id, Reaction.name, total)
        .where(Reaction.post_id.in_(ids))
        .group_by(Reaction.post_id, Reaction.name)
        .order_by(Reaction.post_id, total.desc(), Reaction.name)
    )
    found: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for post_id, name, count in session.execute(query):
        found[post_id].append((name, int(count)))
    return dict(found)


def newest_at(session: Session, before: datetime | None = None) -> datetime | None:
    """Return when the newest post, or the newest before a time, was made: `data_as_of`."""
    query = (
        select(Post.created_at)
        .join(Thread, Thread.id == Post.thread_id)
        .where(*visible())
        .order_by(Post.created_at.desc())
        .limit(1)
    )
    return session.scalar(query if before is None else query.where(Post.created_at < before))


def total(session: Session) -> int:
    """Return how many posts anyone may read."""
    # All less the hidden ones: counting the readable ones would look at every row.
    unread = select(func.count()).select_from(hidden().subquery()).scalar_subquery()
    return session.scalar(select(func.count() - unread).select_from(Post)) or 0


def before(session: Session, thread: int, key: Key) -> int:
    """Return how many readable posts of a thread come before the key (time, id)."""
    query = select(func.count()).select_from(Post).join(Thread, Thread.id == Post.thread_id)
    query = query.where(*visible(), Post.thread_id == thread)
    return session.scalar(query.where(tuple_(Post.created_at, Post.id) < key)) or 0


def _matching(filters: PostFilters) -> Select[*tuple[Any, ...]]:
    query = (
        select(*_COLUMNS)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Source, Source.id == Post.source_id)
        .join(Member, Member.id == Post.member_id)
        .outerjoin(PostTopic, PostTopic.post_id == Post.id)
        .outerjoin(Topic, Topic.id == PostTopic.topic_id)
        .where(*visible())
    )
    given: dict[Any, Any] = {
        Thread.channel: filters.channel,
        Source.name: filters.source,
        Member.name: filters.author,
        PostTopic.topic_id: filters.topic,
        Post.thread_id: filters.thread,
    }
    query = query.where(*(column == value for column, value in given.items() if value is not None))
    if filters.after is not None:
        query = query.where(Post.created_at >= filters.after)
    if filters.before is not None:
        query = query.where(Post.created_at < filters.before)
    return query


_COLUMNS = (
    Post.id,
    Post.external_id,
    Source.name.label("source"),
    Thread.channel,
    Post.thread_id,
    Thread.title.label("thread_title"),
    Post.member_id.label("author_id"),
    Member.name.label("author"),
    Post.created_at,
    Post.edited_at,
    Post.reply_to_id,
    Post.text,
    Post.plain,
    Post.truncated,
    Post.url,
    PostTopic.topic_id,
    func.coalesce(Topic.name, Topic.label).label("topic_label"),
)


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> list[PostRow]:
    return [PostRow(**row) for row in session.execute(query).mappings()]
