"""What pushes and webhooks look up, and the answers that are kept for repeated pushes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.db.models import JobRun, Post, RawItem, Reaction, Source, Thread
from service.db.queries import jobs
from service.errors import Conflict

# A row whose attributes are the columns of its query.
Found = Any
KIND = "push"
HELD = (
    Post.id,
    Post.text,
    Post.url,
    Post.parent_external_id,
    Post.created_at,
    Post.edited_at,
    Post.deleted_at,
    RawItem.data.label("raw"),
)


def answered(session: Session, actor: str, key: str, sha256: str) -> dict[str, Any] | None:
    """Return the answer that an actor's push with this key got; None where it is new.

    Raise Conflict where the key came before with something else.
    """
    query = select(JobRun).where(JobRun.actor == actor, JobRun.idempotency_key == key)
    row = session.scalar(query)
    if row is None:
        return None
    if (row.kind, row.arguments) != (KIND, {"sha256": sha256}):
        raise Conflict("this Idempotency-Key came before with another body; send a new key")
    return row.result


def keep(
    session: Session, actor: str, key: str, sha256: str, answer: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """Keep the answer of a push under its key, and return what is kept.

    That is the answer of another push that was quicker, where there was one with the same key.
    """
    row, new = jobs.ask(session, KIND, {"sha256": sha256}, actor, now, key)
    if new:
        row.status, row.attempts, row.result = "succeeded", 1, answer
        row.started_at = row.finished_at = now
        session.flush()
    return row.result or answer


def source(session: Session, name: str) -> Found | None:
    """Return id, kind and platform of a source, or None."""
    query = select(Source.id, Source.kind, Source.platform).where(Source.name == name)
    return session.execute(query).one_or_none()


def held(session: Session, source_id: int, ids: Collection[str]) -> dict[str, Found]:
    """Return what is stored of posts, and the items that they were read from, by external id."""
    query = (
        select(Post.external_id, *HELD)
        .outerjoin(RawItem, RawItem.post_id == Post.id)
        .where(Post.source_id == source_id, Post.external_id.in_(ids))
    )
    return {row.external_id: row for row in session.execute(query)}


def reactions(session: Session, post_ids: Collection[int]) -> dict[int, list[Found]]:
    """Return name, author and count of the reactions under posts, by post id."""
    query = select(Reaction.post_id, Reaction.name, Reaction.author, Reaction.count)
    found: dict[int, list[Found]] = {}
    for row in session.execute(query.where(Reaction.post_id.in_(post_ids)).order_by(Reaction.id)):
        found.setdefault(row.post_id, []).append(row)
    return found


def slack_channel(session: Session, source_id: int, key: str) -> Found | None:
    """Return name and visibility of a channel of Slack, by its newest thread, or None."""
    query = (
        select(Thread.channel, Thread.visibility)
        .where(
            Thread.source_id == source_id,
            Thread.external_id.startswith(f"{key}/", autoescape=True),
        )
        .order_by(Thread.last_post_at.desc(), Thread.id.desc())
        .limit(1)
    )
    return session.execute(query).one_or_none()
