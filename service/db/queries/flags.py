"""The record of flags: what runs raise and withdraw, what people decide, what that teaches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.db.models import Flag, FlagReview, Post
from service.db.queries.ids import parts
from service.insights.heat.rank import standing

RUN, WITHDRAW = "run", "withdraw"
OPEN, CLAIMED, ESCALATED, SNOOZED = "open", "claimed", "escalated", "snoozed"
CONFIRMED, DISMISSED, WITHDRAWN = "confirmed", "dismissed", "withdrawn"
UNRESOLVED = (OPEN, CLAIMED, ESCALATED, SNOOZED)
RESOLVED = (CONFIRMED, DISMISSED, WITHDRAWN)
# What a review keeps of a flag before and after.
STATE = ("status", "claimed_by", "snoozed_until", "decided_at", "decided_by", "reason")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said of a flag: `confirmed` or not, why not, and what the model had seen."""

    flag_id: int
    thread_id: int
    post_id: int
    version: str
    features: dict[str, float]
    confirmed: bool
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """The newest flag of a thread that was resolved: how, when, and up to which post.

    `post_id` is the newest id among the posts that were there then.
    """

    status: str
    at: datetime
    post_id: int


def unresolved(session: Session, *, held: bool = False) -> dict[int, Flag]:
    """Return the flag of each thread that nobody has decided yet, by thread.

    `held`: nobody else changes them before this ends.
    """
    query = select(Flag).where(Flag.status.in_(UNRESOLVED)).order_by(Flag.id)
    if held:
        query = query.with_for_update()
    rows = session.scalars(query, execution_options={"populate_existing": True})
    return {row.thread_id: row for row in rows}


def settled(session: Session, thread_ids: Collection[int]) -> dict[int, Settled]:
    """Return how the newest resolved flag of threads was resolved."""
    return {
        flag.thread_id: Settled(flag.status, flag.decided_at or flag.raised_at, post)
        for some in parts(sorted(thread_ids))
        for flag, post in session.execute(_newest_resolved(some))
    }


def _newest_resolved(thread_ids: Sequence[int]) -> Select[Flag, Any]:
    last = select(func.max(Flag.id)).where(Flag.status.in_(RESOLVED)).group_by(Flag.thread_id)
    last = last.where(Flag.thread_id.in_(thread_ids))
    seen = select(func.max(FlagReview.post_id)).where(FlagReview.flag_id == Flag.id)
    up_to = func.coalesce(seen.scalar_subquery(), Flag.post_id)
    return select(Flag, up_to).where(Flag.id.in_(last))


def raise_flag(session: Session, values: Mapping[str, Any]) -> Flag | None:
    """Add an open flag and return it with its id.

    None where the thread has a flag that nobody has decided, or where `post_id`, the post that
    raises it, was there when the last one was decided.
    """
    thread = values["thread_id"]
    query = select(Flag.id).where(Flag.thread_id == thread, Flag.status.in_(UNRESOLVED))
    if session.scalar(query) is not None:
        return None
    before = settled(session, [thread]).get(thread)
    if before is not None and values["post_id"] <= before.post_id:
        return None
    row = Flag(**{"status": OPEN, "revision": 1, **values})
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Where writers do not wait for each other, somebody may have reopened another just now.
        return None
    return row


def keep(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write how the threads of flags go on: the given columns of the flags with the given ids.

    Nothing that people decide: `revision` stays, so that nobody's decision is refused for it. What
    somebody put aside keeps the rank that it comes back with.
    """
    if not rows:
        return
    session.execute(update(Flag), list(rows))
    query = select(Flag).where(Flag.snoozed_until.is_not(None))
    for some in parts(sorted(row["id"] for row in rows)):
        aside = query.where(Flag.id.in_(some))
        for flag in session.scalars(aside, execution_options={"populate_existing": True}):
            flag.rank = rank_of(flag)
    session.flush()


def rank_of(flag: Flag) -> int:
    """Return where a flag stands: by its newest post, or the end of its snooze if that is later."""
    since = max(flag.newest_at, flag.snoozed_until or flag.newest_at)
    return standing(flag.heat, flag.hostile, flag.newcomer, since)


def withdraw(
    session: Session,
    flag: Flag,
    now: datetime,
    evidence: Mapping[str, Any],
    *,
    post_id: int | None = None,
) -> None:
    """Take back a flag whose thread calmed down; `evidence` says by what that shows.

    `post_id` is the post after which it was calm, else the newest: later ones may raise another.
    """
    before = state(flag)
    flag.status, flag.claimed_by, flag.snoozed_until = WITHDRAWN, None, None
    flag.decided_at, flag.decided_by, flag.reason = now, RUN, None
    flag.rank = rank_of(flag)
    add_review(session, flag, before, now, RUN, WITHDRAW, evidence=evidence, post_id=post_id)


def state(flag: Flag) -> dict[str, Any]:
    """Return what a review keeps of a flag."""
    values = ((name, getattr(flag, name)) for name in STATE)
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in values
    }


def add_review(
    session: Session,
    flag: Flag,
    before: dict[str, Any],
    now: datetime,
    actor: str,
    action: str,
    *,
    reason: str | None = None,
    note: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    undoes_id: int | None = None,
    post_id: int | None = None,
) -> FlagReview:
    """Write what was done with a flag, raise its revision, and return the review with its id."""
    flag.revision += 1
    if post_id is None:
        post_id = newest_posts(session, [flag.thread_id]).get(flag.thread_id)
    row = FlagReview(
        flag_id=flag.id, at=now, actor=actor, action=action, before=before, after=state(flag),
        revision=flag.revision, reason=reason, note=note, evidence=dict(evidence or {}),
        post_id=post_id, undoes_id=undoes_id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def newest_posts(session: Session, thread_ids: Collection[int]) -> dict[int, int]:
    """Return the newest id among the posts of each thread."""
    query = select(Post.thread_id, func.max(Post.id).label("post")).group_by(Post.thread_id)
    return {
        row.thread_id: row.post
        for some in parts(sorted(thread_ids))
        for row in session.execute(query.where(Post.thread_id.in_(some)))
    }


def verdicts(session: Session) -> list[Verdict]:
    """Return what people said of flags and stands, in the order in which they said it."""
    query = (
        select(Flag)
        .where(Flag.status.in_((CONFIRMED, DISMISSED)), Flag.decided_at.is_not(None))
        .order_by(Flag.decided_at, Flag.id)
    )
    return [
        Verdict(
            row.id, row.thread_id, row.post_id, row.version, row.features,
            row.status == CONFIRMED, row.reason, row.decided_at,
        )
        for row in session.scalars(query)
        if row.decided_at is not None
    ]  # fmt: skip


def hold(session: Session, flag_ids: Collection[int]) -> dict[int, Flag]:
    """Return flags as they are now, by id, and let nobody else change them before this ends."""
    query = select(Flag).where(Flag.id.in_(flag_ids)).order_by(Flag.id).with_for_update()
    rows = session.scalars(query, execution_options={"populate_existing": True})
    return {row.id: row for row in rows}


def of_thread(session: Session, thread_id: int) -> Flag | None:
    """Return the flag of a thread that nobody has decided yet."""
    query = select(Flag).where(Flag.thread_id == thread_id, Flag.status.in_(UNRESOLVED))
    return session.scalar(query)


def review(session: Session, review_id: int) -> FlagReview | None:
    """Return one review; nobody else undoes it before this ends."""
    query = select(FlagReview).where(FlagReview.id == review_id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one_or_none()


def reviews(session: Session, flag_id: int, *, after: int = 0) -> list[FlagReview]:
    """Return what was done with a flag since a revision of it, oldest first."""
    query = select(FlagReview).where(FlagReview.flag_id == flag_id, FlagReview.revision > after)
    return list(session.scalars(query.order_by(FlagReview.id)))


def standing_review(session: Session, flag_id: int) -> FlagReview | None:
    """Return the newest review of a flag that nobody has undone."""
    query = (
        select(FlagReview)
        .where(FlagReview.flag_id == flag_id, FlagReview.undone_at.is_(None))
        .where(FlagReview.undoes_id.is_(None))
        .order_by(FlagReview.id.desc())
        .limit(1)
    )
    return session.scalar(query)
