"""Threads that are heating up: the moderators' queue, each flag with its reasons."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from fastapi import Query as QueryParams
from pydantic import Field
from sqlalchemy.orm import Session

from service.api import cursors
from service.api.conflict_context import PatternsOut, present_habits, present_people
from service.api.conflict_parts import (
    FlagChanges,
    FlagDetail,
    FlagOut,
    FlagStats,
    HeatPoint,
    ReviewList,
    SimilarFlag,
    present_flags,
    present_record,
    present_reviews,
)
from service.api.params import LARGEST, From, Id, Name, Page, PageQuery, Query
from service.api.posts import present
from service.api.problems import documented
from service.api.strict import StrictRoute
from service.conflicts import Choice, similar, statuses, summary
from service.db.models import Flag
from service.db.queries import conflicts, flags, heat, posts
from service.db.queries.conflicts import FlagFilters, FlagRow
from service.db.queries.trend_input import default_as_of
from service.deps import ClockDep, ReadSession, SettingsDep
from service.errors import BadCursor, NotFound, NothingRun
from service.flags import status_at
from service.patterns import habits

router = APIRouter(prefix="/conflicts", tags=["conflicts"], route_class=StrictRoute)


class FlagList(Page[FlagOut]):
    """A page of flags."""

    counts: dict[str, int] = Field(description="How many flags there are of each status.")


class FlagQuery(PageQuery):
    """Which flags."""

    status: Choice = Field(
        Choice.WAITING,
        description="`waiting` is open, claimed or escalated; `any` is every flag. One whose "
        "snooze is over is open again.",
    )
    channel: Name | None = Field(None, description="Only of threads in this channel.")
    topic: int | None = Field(
        None, ge=1, le=LARGEST, description="Only of threads with a post on this topic."
    )
    since: From | None = Field(None, description="Only those raised from this time on.")
    claimed_by: Name | None = Field(
        None, description="Only those that this key, or `local`, claimed."
    )


class StatsQuery(Query):
    """Of which flags."""

    since: From | None = Field(
        None, description="Only those raised by posts made from this time on."
    )
    channel: Name | None = Field(None, description="Only of threads in this channel.")
    first: int | None = Field(
        None, ge=1, le=10_000, description="Only so many of each week, the hottest."
    )


@router.get("", operation_id="list_conflicts", responses=documented(BadCursor))
def list_conflicts(
    query: Annotated[FlagQuery, QueryParams()],
    session: ReadSession,
    clock: ClockDep,
    settings: SettingsDep,
) -> FlagList:
    """Flags in the order in which to read them: by harm, confidence and age."""
    now, bound = clock(), cursors.scope("conflicts", query)
    start = cursors.decode(bound, query.cursor)
    filters = FlagFilters(
        statuses=statuses(query.status),
        channel=query.channel,
        topic=query.topic,
        since=query.since,
        claimed_by=query.claimed_by,
    )
    after = None if start is None else (start[0], start[1])
    rows = conflicts.ranked(session, filters, now, query.limit + 1, after)
    shown, cursor = cursors.page(rows, query.limit, bound, lambda row: (row.flag.rank, row.flag.id))
    return FlagList(
        data=present_flags(session, shown, now, settings.stale_after_days),
        next_cursor=cursor,
        counts=conflicts.counts(session, now),
    )


@router.get("/stats", operation_id="conflict_stats", responses=documented())
def conflict_stats(
    query: Annotated[StatsQuery, QueryParams()],
    session: ReadSession,
    clock: ClockDep,
    settings: SettingsDep,
) -> FlagStats:
    """Flags a week and how often moderators agreed, by week, channel and hour of the week.

    With the channels and hours that flags and hostile posts come at more than chance explains.
    """
    now = clock()
    found = summary(session, now, query.since, query.channel, query.first)
    return present_record(found, _patterns(session, query, now, settings.stale_after_days))


@router.get("/{id}", operation_id="get_conflict", responses=documented(NotFound))
def get_conflict(
    id: Id, session: ReadSession, clock: ClockDep, settings: SettingsDep
) -> FlagDetail:
    """One flag: why it was raised, how heat went, what people did, and similar threads."""
    now, row = clock(), readable(session, id)
    [shown] = present_flags(session, [row], now, settings.stale_after_days)
    flag = row.flag
    wanted = [id_ for id_ in (flag.post_id, flag.turning_post_id) if id_ is not None]
    found = posts.by_ids(session, wanted)
    posted = {post.id: post for post in present(session, list(found.values()))}
    return FlagDetail(
        **shown.model_dump(),
        raising_post=posted.get(flag.post_id),
        turning_post=posted.get(flag.turning_post_id or 0),
        curve=_curve(session, flag),
        reviews=present_reviews(flags.reviews(session, id)),
        changes=_changes(session, flag),
        similar=[
            SimilarFlag(
                id=near.flag.id,
                thread=near.flag.thread_id,
                title=near.title,
                status=status_at(near.flag, now),
                reason=near.flag.reason,
                decided_at=near.flag.decided_at,
                similarity=round(share, 4),
            )
            for near, share in similar(session, flag)
        ],
        people=present_people(session, flag, now),
    )


@router.get("/{id}/reviews", operation_id="list_reviews", responses=documented(NotFound))
def list_reviews(id: Id, session: ReadSession) -> ReviewList:
    """What was done with a flag, oldest first."""
    readable(session, id)
    return ReviewList(data=present_reviews(flags.reviews(session, id)))


def readable(session: Session, id_: int) -> FlagRow:
    """Return a flag that anyone may see; raise NotFound for any other."""
    row = conflicts.by_ids(session, [id_]).get(id_)
    if row is None:
        raise NotFound(f"there is no flag {id_}")
    return row


def _patterns(
    session: Session, query: StatsQuery, now: datetime, stale_after_days: int
) -> PatternsOut | None:
    try:
        until = default_as_of(session, now, stale_after_days)
    except NothingRun:
        return None
    return present_habits(habits(session, until, query.since, query.channel))


def _curve(session: Session, flag: Flag) -> list[HeatPoint]:
    found = heat.newest(session, flag.thread_id)
    curve = [] if found is None else found.curve
    left = conflicts.left(session, [post for post, _ in curve])
    return [HeatPoint(post=post, heat=value) for post, value in curve if post in left]


def _changes(session: Session, flag: Flag) -> FlagChanges | None:
    if flag.decided_at is None:
        return None
    last = flags.standing_review(session, flag.id)
    if last is None or last.post_id is None:
        return None
    found = conflicts.drift(session, flag.thread_id, last.post_id, last.at)
    return FlagChanges(since=last.at, **{name: getattr(found, name) for name in found.__slots__})
