"""What an import looks up and writes: one statement for a batch, whatever its size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from service.db.models import (
    Account,
    Correction,
    Embedding,
    Event,
    Post,
    PostTopic,
    RawItem,
    Reaction,
    ReplyLink,
    Score,
    Source,
    Thread,
    TopicMove,
    TopicRow,
)
from service.db.queries import heat
from service.db.queries.ids import add, put

Rows = Sequence[Mapping[str, Any]]
# A row whose attributes are the columns of its query.
Found = Any

# What an import compares of what is there already.
POST = (
    Post.id,
    Post.thread_id,
    Post.parent_external_id,
    Post.reply_to_id,
    Post.text,
    Post.content_hash,
    Post.record_hash,
    Post.edited_at,
    Post.edit_met,
    Thread.visibility,
)
THREAD = (
    Thread.id,
    Thread.title,
    Thread.channel,
    Thread.resolved,
    Thread.accepted_post_external_id,
    Thread.visibility,
    Thread.first_post_at,
    Thread.last_post_at,
)
EVENT = (
    Event.id,
    Event.kind,
    Event.member_id,
    Event.account_id,
    Event.occurred_at,
    Event.amount,
    Event.data,
)


def sources(session: Session, names: Collection[str]) -> list[Found]:
    """Return name, id and platform of the sources that exist."""
    query = select(Source.name, Source.id, Source.platform).where(Source.name.in_(names))
    return list(session.execute(query))


def add_source(session: Session, name: str, kind: str, platform: str, now: datetime) -> int:
    """Return the id of a new source."""
    row = {"name": name, "kind": kind, "platform": platform, "created_at": now}
    return session.scalars(insert(Source).returning(Source.id), row).one()


def post_hashes(session: Session, source_id: int, ids: Collection[str]) -> dict[str, bytes]:
    """Return the record hashes of the posts that exist, by external id."""
    found = _by_external_id(session, Post, (Post.record_hash,), source_id, ids)
    return {external_id: row.record_hash for external_id, row in found.items()}


def newest_post(session: Session) -> int:
    """Return the highest id of a post; 0 where there is none."""
    return session.scalar(select(func.max(Post.id))) or 0


def posts(session: Session, source_id: int, ids: Collection[str]) -> dict[str, Found]:
    """Return what an import compares of the posts that exist, by external id."""
    query = (
        select(Post.external_id, *POST)
        .join(Thread, Thread.id == Post.thread_id)
        .where(Post.source_id == source_id, Post.external_id.in_(ids))
    )
    return {row.external_id: row for row in session.execute(query)}


def threads_of(session: Session, source_id: int, ids: Collection[str]) -> dict[str, str]:
    """Return the external ids of the threads that hold the posts, by the posts' external ids."""
    place = Thread.external_id.label("place")
    query = select(Post.external_id, place).join(Thread, Thread.id == Post.thread_id)
    found = session.execute(query.where(Post.source_id == source_id, Post.external_id.in_(ids)))
    return {row.external_id: row.place for row in found}


def threads(session: Session, source_id: int, ids: Collection[str]) -> dict[str, Found]:
    """Return the threads that exist, by external id."""
    return _by_external_id(session, Thread, THREAD, source_id, ids)


def add_threads(session: Session, rows: Rows) -> list[int]:
    """Add threads; return their ids in the order of the rows."""
    return add(session, Thread, rows)


def add_posts(session: Session, rows: Rows) -> list[int]:
    """Add posts; return their ids in the order of the rows."""
    return add(session, Post, rows)


def change(session: Session, table: type[Any], rows: Rows) -> None:
    """Write the given columns of the rows with the given ids."""
    if rows:
        session.execute(update(table), list(rows))


def add_reactions(session: Session, rows: Rows) -> None:
    """Add reactions."""
    put(session, Reaction, rows)


def add_raw(session: Session, rows: Rows) -> None:
    """Add the items that posts were read from."""
    put(session, RawItem, rows)


def drop_raw(session: Session, post_ids: Collection[int]) -> None:
    """Remove the items that the posts were read from."""
    if post_ids:
        _bulk(session, delete(RawItem).where(RawItem.post_id.in_(post_ids)))


def drop_reactions(session: Session, post_ids: Collection[int]) -> None:
    """Remove every reaction under the posts."""
    if post_ids:
        _bulk(session, delete(Reaction).where(Reaction.post_id.in_(post_ids)))


def drop_judgements(session: Session, post_ids: Collection[int]) -> None:
    """Remove what models made of the posts, whose words are no longer those.

    People's corrections go too: they judged other words.
    """
    if post_ids:
        _bulk(session, delete(Embedding).where(Embedding.post_id.in_(post_ids)))
        _bulk(session, delete(PostTopic).where(PostTopic.post_id.in_(post_ids)))
        _bulk(session, delete(TopicRow).where(TopicRow.post_id.in_(post_ids)))
        _bulk(session, delete(ReplyLink).where(ReplyLink.post_id.in_(post_ids)))
        _bulk(session, delete(Score).where(Score.post_id.in_(post_ids)))
        _bulk(session, delete(Correction).where(Correction.post_id.in_(post_ids)))
        heat.unsettle(session, post_ids)


def drop_posts(session: Session, post_ids: Collection[int]) -> None:
    """Remove posts and all that hangs on them; replies to them stay, without a parent."""
    if not post_ids:
        return
    drop_reactions(session, post_ids)
    drop_raw(session, post_ids)
    drop_judgements(session, post_ids)
    _bulk(session, delete(TopicMove).where(TopicMove.post_id.in_(post_ids)))
    _bulk(session, delete(ReplyLink).where(ReplyLink.parent_id.in_(post_ids)))
    unlinked = update(Post).where(Post.reply_to_id.in_(post_ids)).values(reply_to_id=None)
    _bulk(session, unlinked)
    gone = delete(Post).where(Post.id.in_(post_ids))
    _bulk(session, gone)


def empty_post(session: Session, post_id: int, record_hash: bytes, now: datetime) -> None:
    """Take away the words of a deleted post and all that was made of them; its row stays."""
    drop_reactions(session, [post_id])
    drop_raw(session, [post_id])
    drop_judgements(session, [post_id])
    _bulk(session, delete(TopicMove).where(TopicMove.post_id == post_id))
    blank = {"text": "", "plain": "", "url": None, "content_hash": bytes(16)}
    change(session, Post, [{"id": post_id, "deleted_at": now, "record_hash": record_hash, **blank}])


def span_threads(session: Session, ids: Collection[int]) -> None:
    """Set first and last post times of the threads; remove those without a post."""
    if not ids:
        return
    of = Post.thread_id == Thread.id
    inside = Thread.id.in_(ids)
    empty = delete(Thread).where(inside, ~exists().where(of))
    _bulk(session, empty)
    # One aggregate a query: SQLite then takes it from the end of the index.
    earliest = select(func.min(Post.created_at)).where(of).scalar_subquery()
    latest = select(func.max(Post.created_at)).where(of).scalar_subquery()
    spanned = update(Thread).where(inside).values(first_post_at=earliest, last_post_at=latest)
    _bulk(session, spanned)


def link_replies(
    session: Session, source_id: int, only: Collection[str] | None = None
) -> list[str] | None:
    """Point the replies of a source at their parents, as far as these are there.

    `only` narrows that to posts with these external ids and replies to them; returned are then
    the external ids of the replies that were looked at.
    """
    parent = aliased(Post)
    there = and_(parent.source_id == Post.source_id, parent.external_id == Post.parent_external_id)
    linked = (
        update(Post)
        .where(*_unlinked(source_id), exists().where(there))
        .values(reply_to_id=select(parent.id).where(there).scalar_subquery())
    )
    if only is None:
        _bulk(session, linked)
        return None
    either = or_(Post.external_id.in_(only), Post.parent_external_id.in_(only))
    found = list(session.scalars(select(Post.external_id).where(*_unlinked(source_id), either)))
    if found:
        _bulk(session, linked.where(Post.external_id.in_(found)))
    return found


def orphan_replies(session: Session, source_id: int) -> int:
    """Return how many replies of a source have a parent that is nowhere."""
    return session.scalar(select(func.count(Post.id)).where(*_unlinked(source_id))) or 0


def _unlinked(source_id: int) -> tuple[Any, ...]:
    return (
        Post.source_id == source_id,
        Post.parent_external_id.is_not(None),
        Post.reply_to_id.is_(None),
        Post.parent_external_id != Post.external_id,
    )


def stray_threads(
    session: Session, source_id: int, only: Collection[str] | None = None
) -> list[tuple[int, int]]:
    """Return (thread, thread of the parent) of the roots that turned out to be replies.

    `only` narrows the look to the replies with these external ids.
    """
    parent = aliased(Post)
    query = (
        select(Post.thread_id, parent.thread_id)
        .join(Thread, Thread.id == Post.thread_id)
        .join(parent, parent.id == Post.reply_to_id)
        .where(
            Post.source_id == source_id,
            Thread.external_id == Post.external_id,
            parent.thread_id != Post.thread_id,
        )
        .order_by(Post.id)
    )
    if only is not None:
        query = query.where(Post.external_id.in_(only))
    return [(child, into) for child, into in session.execute(query)]


def threads_by_id(session: Session, ids: Collection[int]) -> dict[int, Found]:
    """Return threads by id."""
    found = session.execute(select(*THREAD).where(Thread.id.in_(ids)))
    return {row.id: row for row in found}


def move_posts(session: Session, pairs: Iterable[tuple[int, int]]) -> None:
    """Move every post of the first thread of each pair into the second."""
    for child, into in pairs:
        moved = update(Post).where(Post.thread_id == child).values(thread_id=into)
        _bulk(session, moved)


def events(session: Session, source_id: int, ids: Collection[str]) -> dict[str, Found]:
    """Return the events that exist, by external id."""
    return _by_external_id(session, Event, EVENT, source_id, ids)


def add_events(session: Session, rows: Rows) -> None:
    """Add events."""
    if rows:
        session.execute(insert(Event), list(rows))


def accounts(session: Session, domains: Collection[str]) -> dict[str, Found]:
    """Return the accounts that exist, by domain."""
    query = select(Account.domain, Account.id, Account.name, Account.plan, Account.annual_value)
    return {row.domain: row for row in session.execute(query.where(Account.domain.in_(domains)))}


def add_accounts(session: Session, rows: Rows) -> None:
    """Add accounts."""
    if rows:
        session.execute(insert(Account), list(rows))


def _by_external_id(
    session: Session,
    table: type[Post] | type[Thread] | type[Event],
    columns: Iterable[Any],
    source_id: int,
    ids: Collection[str],
) -> dict[str, Found]:
    query = select(table.external_id, *columns).where(
        table.source_id == source_id, table.external_id.in_(ids)
    )
    return {row.external_id: row for row in session.execute(query)}


def _bulk(session: Session, statement: Any) -> None:
    """Run a statement over many rows; an import holds no objects that it could leave behind."""
    session.execute(statement, execution_options={"synchronize_session": False})
