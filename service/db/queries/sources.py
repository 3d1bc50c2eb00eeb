"""Sources that are synced: where they are, how far a sync has got, what is stored of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from service.db.models import Post, Source, Thread

# A row whose attributes are the columns of its query.
Found = Any
SOURCE = (Source.id, Source.name, Source.kind, Source.address, Source.cursor, Source.synced_at)


def synced(session: Session) -> Sequence[Found]:
    """Return the sources that have an address, by name."""
    query = select(*SOURCE).where(Source.address.is_not(None)).order_by(Source.name)
    return session.execute(query).all()


def by_name(session: Session, name: str) -> Found | None:
    """Return a source, synced or not, or None."""
    return session.execute(select(*SOURCE).where(Source.name == name)).one_or_none()


def by_address(session: Session, kind: str, address: str) -> Found | None:
    """Return the source of a kind that is synced from an address, or None."""
    query = select(*SOURCE).where(Source.kind == kind, Source.address == address)
    return session.execute(query.order_by(Source.id).limit(1)).one_or_none()


def add_synced(
    session: Session, name: str, kind: str, platform: str, address: str, now: datetime
) -> int:
    """Return the id of a new source that is synced from an address."""
    row = {
        "name": name,
        "kind": kind,
        "platform": platform,
        "address": address,
        "created_at": now,
    }
    return session.scalars(insert(Source).returning(Source.id), row).one()


def settle(session: Session, source_id: int, kind: str, address: str) -> None:
    """Let a source that files were imported to be synced from an address from now on."""
    _set(session, source_id, kind=kind, address=address)


def advance(session: Session, source_id: int, cursor: str) -> None:
    """Keep how far a sync has got."""
    _set(session, source_id, cursor=cursor)


def note_synced(session: Session, source_id: int, now: datetime) -> None:
    """Keep when a sync came to its end."""
    _set(session, source_id, synced_at=now)


def thread_posts(session: Session, source_id: int, thread: str) -> dict[str, str | None]:
    """Return the posts of a thread that are not deleted: external id to web address."""
    query = (
        select(Post.external_id, Post.url)
        .join(Thread, Thread.id == Post.thread_id)
        .where(
            Thread.source_id == source_id,
            Thread.external_id == thread,
            Post.deleted_at.is_(None),
        )
    )
    return {row.external_id: row.url for row in session.execute(query)}


def is_public(session: Session, source_id: int, thread: str) -> bool:
    """Return whether a source has a thread that everyone may read."""
    query = select(Thread.visibility).where(
        Thread.source_id == source_id, Thread.external_id == thread
    )
    return session.scalar(query) == "public"


def live_threads(session: Session, source_id: int) -> list[str]:
    """Return the external ids of the threads of a source with a post that is not deleted."""
    there = exists().where(Post.thread_id == Thread.id, Post.deleted_at.is_(None))
    query = select(Thread.external_id).where(Thread.source_id == source_id, there)
    return list(session.scalars(query.order_by(Thread.id)))


def recent_posts(session: Session, source_id: int, since: datetime, limit: int) -> list[str]:
    """Return external ids of posts made since a time that are not deleted, newest first."""
    query = (
        select(Post.external_id)
        .where(Post.source_id == source_id, Post.created_at >= since, Post.deleted_at.is_(None))
        .order_by(Post.created_at.desc(), Post.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def _set(session: Session, source_id: int, **values: Any) -> None:
    statement = update(Source).where(Source.id == source_id).values(**values)
    session.execute(statement, execution_options={"synchronize_session": False})
