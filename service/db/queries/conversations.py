"""Flat chat: what has to be linked, what it is linked by, and where conversations go."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, delete, func, select, update
from sqlalchemy.orm import Session, aliased

from service.db.models import Identity, Post, ReplyLink, Source, Thread
from service.db.queries import ids
from service.db.queries.load import span_threads

# A row whose attributes are the columns of its query.
Found = Any


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of one source whose posts come without threads, and what is new in it.

    `first` and `last` are the times of the first and the last post without a link.
    """

    source_id: int
    name: str | None
    visibility: str
    first: datetime
    last: datetime
    unlinked: int


def unlinked(session: Session, version: str, least_share: float) -> list[Channel]:
    """Return the channels with flat posts that have no link by this version of the model.

    Left out are channels in which less than `least_share` of the posts are flat: a forum whose
    questions have no thread of their own is no chat.
    """
    link = and_(ReplyLink.post_id == Post.id, ReplyLink.version == version)
    new = and_(Post.flat, Post.deleted_at.is_(None), ReplyLink.post_id.is_(None))
    count = func.sum(case((new, 1), else_=0))
    flat = func.sum(case((Post.flat, 1), else_=0))
    place = (Post.source_id, Thread.channel, Thread.visibility)
    sources = select(Post.source_id).where(Post.flat).distinct()
    query = (
        select(
            *place,
            func.min(case((new, Post.created_at))),
            func.max(case((new, Post.created_at))),
            count,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .outerjoin(ReplyLink, link)
        .where(Post.source_id.in_(sources))
        .group_by(*place)
        .having(count > 0, flat >= least_share * func.count())
        .order_by(*place)
    )
    return [Channel(*row) for row in session.execute(query)]


def before(session: Session, channel: Channel, limit: int) -> list[Found]:
    """Return at most `limit` posts of a channel before its first new one, in any order."""
    query = _posts(channel).where(Post.created_at < channel.first)
    return list(
        session.execute(query.order_by(Post.created_at.desc(), Post.id.desc()).limit(limit))
    )


def since(session: Session, channel: Channel, limit: int) -> list[Found]:
    """Return at most `limit` posts of a channel from its first new one on."""
    query = _posts(channel).where(Post.created_at >= channel.first)
    return list(session.execute(query.order_by(Post.created_at, Post.id).limit(limit)))


def _posts(channel: Channel) -> Select[*tuple[Any, ...]]:
    """Return the query for flat posts and for those that hang on them by replies."""
    home, flat = aliased(Thread), aliased(Post)
    there = (
        select(flat.thread_id)
        .join(home, home.id == flat.thread_id)
        .where(
            flat.flat,
            flat.source_id == channel.source_id,
            home.channel.is_not_distinct_from(channel.name),
            home.visibility == channel.visibility,
        )
    )
    return (
        select(
            Post.id,
            Post.external_id,
            Post.created_at,
            Post.plain,
            Post.flat,
            Post.reply_to_id,
            Post.thread_id,
            Thread.external_id.label("thread"),
            func.coalesce(Identity.name, Identity.value).label("author"),
            ReplyLink.parent_id,
            ReplyLink.confidence,
            ReplyLink.version,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .join(Source, Source.id == Post.source_id)
        .join(
            Identity,
            and_(Identity.member_id == Post.member_id, Identity.platform == Source.platform),
        )
        .outerjoin(ReplyLink, ReplyLink.post_id == Post.id)
        .where(Post.thread_id.in_(there), Post.deleted_at.is_(None))
    )


def store_links(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write links, in place of those that the posts had."""
    for part in ids.parts(rows):
        posts = [row["post_id"] for row in part]
        _run(session, delete(ReplyLink).where(ReplyLink.post_id.in_(posts)))
        ids.put(session, ReplyLink, part)


def threads_named(session: Session, source_id: int, names: Collection[str]) -> dict[str, int]:
    """Return the ids of the threads that exist, by external id."""
    query = select(Thread.external_id, Thread.id).where(Thread.source_id == source_id)
    found: dict[str, int] = {}
    for part in ids.parts(list(names)):
        for name, id_ in session.execute(query.where(Thread.external_id.in_(part))):
            found[name] = id_
    return found


def add_threads(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Add threads; return their ids in the order of the rows."""
    return ids.add(session, Thread, rows)


def move(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put posts, given by `id`, into the threads given by `thread_id`."""
    if rows:
        session.execute(update(Post), list(rows))


def settle(session: Session, thread_ids: Collection[int]) -> None:
    """Write span and confidence of threads whose posts changed; remove the empty ones."""
    mean = (
        select(func.avg(ReplyLink.confidence))
        .join(Post, Post.id == ReplyLink.post_id)
        .where(Post.thread_id == Thread.id)
        .scalar_subquery()
    )
    for part in ids.parts(sorted(thread_ids)):
        span_threads(session, part)
        _run(session, update(Thread).where(Thread.id.in_(part)).values(confidence=mean))


def _run(session: Session, statement: Any) -> None:
    session.execute(statement, execution_options={"synchronize_session": False})
