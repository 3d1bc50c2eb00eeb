"""Flags, reviews and their record as the API gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from service.api.conflict_context import PEOPLE_TOLD, PatternsOut, PersonOut
from service.api.posts import PostOut
from service.conflicts import Record, priority_of, reasons, seen_until
from service.db.models import FlagReview
from service.db.queries.conflicts import FlagRow
from service.db.queries.flags import WITHDRAW
from service.flag_words import tell, undoable
from service.flags import status_at
from service.insights.agreement import LEVEL

STATUS = "`open`, `claimed`, `confirmed`, `dismissed`, `escalated`, `snoozed` or `withdrawn`."


class FlagThread(BaseModel):
    """The thread that was flagged."""

    id: int
    title: str | None
    channel: str | None
    source: str


class ReasonOut(BaseModel):
    """One of the strongest reasons for a flag."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(description="Of what the model looks at.")
    words: str = Field(description="The same in words, for people.")
    weight: float = Field(description="What it adds, on the scale of log-odds.")
    post_id: int | None = Field(description="The post that shows it; null where it is gone.")
    start: int = Field(description="Where its sentence begins in the post without markup.")
    end: int = Field(description="Where it ends.")
    sentence: str | None = Field(
        description="That sentence: untrusted, and never to be shown as HTML. Null where none "
        "shows it, or its post is gone, or other words are there since."
    )


class FlagOut(BaseModel):
    """A flag: a thread that somebody should read, and why."""

    id: int
    status: str = Field(description=STATUS)
    revision: int = Field(description="Send it back with what you do: it changes with each step.")
    thread: FlagThread
    priority: float = Field(
        description="Orders the queue: heat x harm, halved for each day since its newest post, or "
        "the end of its snooze; in an archive that is older, as of the newest post of all."
    )
    heat: float = Field(description="Probability that it is, or is about to be, heated: now.")
    peak: float = Field(description="The highest it was.")
    threshold: float = Field(description="The heat that raised a flag then.")
    hostile: int = Field(description="How many hostile posts were seen.")
    newcomer: bool = Field(description="Whether a newcomer is in it.")
    raised_at: datetime
    newest_at: datetime = Field(description="When its newest post was made, as of the last run.")
    reasons: list[ReasonOut] = Field(description="The strongest first.")
    claimed_by: str | None = Field(description="A key by its name, or `local`.")
    snoozed_until: datetime | None
    decided_at: datetime | None = Field(description="When it was decided, or withdrawn.")
    decided_by: str | None = Field(description="A key by its name, `local`, or `run`.")
    reason: str | None = Field(description="Of a dismissal.")
    version: str = Field(description="Of the model.")


class EvidenceOut(BaseModel):
    """By what it shows that a thread calmed down."""

    heat: float | None = Field(description="After its newest post.")
    threshold: float | None = Field(description="The heat that had raised the flag.")
    posts: int | None = Field(description="How many posts came after the one that raised it.")


class ReviewOut(BaseModel):
    """One step that somebody, or a run, took."""

    id: int
    at: datetime
    actor: str = Field(description="A key by its name, `local`, or `run`.")
    action: str
    told: str = Field(description="The same in a sentence.")
    before: str = Field(description="The status before.")
    after: str = Field(description="The status after.")
    revision: int = Field(description="The flag's after it.")
    reason: str | None
    note: str | None
    seen_post: int | None = Field(description="The newest post of the thread then.")
    evidence: EvidenceOut | None = Field(description="Of a run that withdrew the flag.")
    undoes: int | None = Field(description="The review that this one undid.")
    undone_at: datetime | None
    undoable: bool = Field(description="Whether a person did it, and nobody undid it.")


class ReviewList(BaseModel):
    """Everything that was done with a flag."""

    data: list[ReviewOut] = Field(description="Oldest first.")
    next_cursor: None = Field(None, description="Always null: there is one page.")


class HeatPoint(BaseModel):
    """The heat after one post."""

    post: int
    heat: float


class FlagChanges(BaseModel):
    """What happened in the thread since the last step on the flag."""

    since: datetime
    posts: int = Field(description="How many posts came.")
    edited: int = Field(description="How many earlier ones were edited.")
    deleted: int = Field(description="How many earlier ones were deleted.")


class SimilarFlag(BaseModel):
    """A thread that people decided on, and how similar it was."""

    id: int = Field(description="Of its flag.")
    thread: int
    title: str | None
    status: str = Field(description="`confirmed` or `dismissed`.")
    reason: str | None
    decided_at: datetime | None
    similarity: float = Field(description="1: the same in everything that the model looks at.")


class FlagDetail(FlagOut):
    """A flag on its own."""

    raising_post: PostOut | None = Field(description="The post that raised it.")
    turning_post: PostOut | None = Field(description="The post at which the thread turned.")
    curve: list[HeatPoint] = Field(description="The newest posts, oldest first.")
    reviews: list[ReviewOut] = Field(description="Oldest first.")
    changes: FlagChanges | None = Field(description="Null of a flag that nobody has decided.")
    similar: list[SimilarFlag] = Field(description="The most similar first.")
    people: list[PersonOut] = Field(description=PEOPLE_TOLD)


class TallyOut(BaseModel):
    """Flags, and what became of them."""

    model_config = ConfigDict(from_attributes=True)

    flags: int
    confirmed: int
    dismissed: int
    withdrawn: int
    waiting: int
    precision: float | None = Field(
        description="Confirmed of confirmed and dismissed; null without either."
    )
    low: float | None = Field(description="Of its interval (Wilson).")
    high: float | None


class RateOut(BaseModel):
    """Flags a week."""

    model_config = ConfigDict(from_attributes=True)

    weeks: float
    flags: float
    low: float = Field(description="Of its interval (Poisson, by Byar).")
    high: float


class WeekOut(TallyOut):
    """One week."""

    week: datetime = Field(description="Its Monday.")


class ChannelTally(TallyOut):
    """One channel."""

    channel: str | None


class HourOut(TallyOut):
    """One hour of the week, in UTC."""

    weekday: int = Field(description="0 is Monday.")
    hour: int


class DismissalOut(BaseModel):
    """How often flags were dismissed for one reason."""

    reason: str | None
    flags: int


class FlagStats(BaseModel):
    """What moderators made of the queue."""

    since: datetime | None
    until: datetime
    level: float = Field(description="Of every interval.")
    all: TallyOut
    rate: RateOut | None
    dismissals: list[DismissalOut]
    weeks: list[WeekOut] = Field(description="Those with flags, oldest first.")
    channels: list[ChannelTally] = Field(description="The most flags first.")
    hours: list[HourOut] = Field(
        description="Those with flags, from Monday on: by when the post that raised each was made."
    )
    patterns: PatternsOut | None = Field(
        description="Where trouble comes more often than chance explains: of the last 8 weeks, or "
        "from `since` on, at most 26. Null where there is no post."
    )


def present_flags(
    session: Session, rows: Sequence[FlagRow], now: datetime, stale_after_days: int
) -> list[FlagOut]:
    """Return flags as the API gives them, in the order of the rows."""
    as_of = seen_until(session, now, stale_after_days)
    told = reasons(session, [row.flag for row in rows])
    kept = set(FlagOut.model_fields) - {"status", "thread", "priority", "reasons"}
    return [
        FlagOut(
            status=status_at(row.flag, now),
            thread=FlagThread(
                id=row.flag.thread_id, title=row.title, channel=row.channel, source=row.source
            ),
            priority=round(priority_of(row.flag, as_of), 4),
            reasons=[ReasonOut.model_validate(reason) for reason in told[row.flag.id]],
            **{name: getattr(row.flag, name) for name in kept},
        )
        for row in rows
    ]


def present_reviews(rows: Sequence[FlagReview]) -> list[ReviewOut]:
    """Return reviews as the API gives them."""
    return [
        ReviewOut(
            id=row.id,
            at=row.at,
            actor=row.actor,
            action=row.action,
            told=tell(row),
            before=row.before["status"],
            after=row.after["status"],
            revision=row.revision,
            reason=row.reason,
            note=row.note,
            seen_post=row.post_id,
            evidence=_evidence(row),
            undoes=row.undoes_id,
            undone_at=row.undone_at,
            undoable=undoable(row),
        )
        for row in rows
    ]


def _evidence(row: FlagReview) -> EvidenceOut | None:
    if row.action != WITHDRAW:
        return None
    return EvidenceOut(**{name: row.evidence.get(name) for name in EvidenceOut.model_fields})


def present_record(found: Record, patterns: PatternsOut | None) -> FlagStats:
    """Return the record of the queue, and patterns of trouble, as the API gives it."""
    return FlagStats(
        since=found.since,
        until=found.until,
        level=LEVEL,
        all=TallyOut.model_validate(found.whole),
        rate=None if found.rate is None else RateOut.model_validate(found.rate),
        dismissals=[DismissalOut(reason=name, flags=n) for name, n in found.reasons.items()],
        weeks=[WeekOut(week=day, **asdict(one)) for day, one in found.weeks.items()],
        channels=[
            ChannelTally(channel=name, **asdict(one)) for name, one in found.channels.items()
        ],
        hours=[
            HourOut(weekday=day, hour=hour, **asdict(one))
            for (day, hour), one in found.hours.items()
        ],
        patterns=patterns,
    )
