"""What people are shown of flags: sentences behind reasons, similar cases, the record so far."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from service.db.models import Flag
from service.db.queries import conflicts as queries
from service.db.queries.conflicts import FlagRow
from service.db.queries.flags import CLAIMED, ESCALATED, OPEN
from service.db.queries.posts import newest_at
from service.insights.heat import record
from service.insights.heat.likeness import nearest
from service.insights.heat.rank import priority, worth
from service.insights.heat.record import Fact, Rate, Tally

# Similar cases are looked for among so many decided ones.
COMPARED = 500


class Choice(StrEnum):
    """Which flags: those that wait for somebody, those of one status, or all."""

    WAITING = "waiting"
    OPEN = "open"
    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    ESCALATED = "escalated"
    SNOOZED = "snoozed"
    WITHDRAWN = "withdrawn"
    ANY = "any"


def statuses(choice: Choice) -> tuple[str, ...] | None:
    """Return the statuses that a choice stands for; None is every one."""
    if choice is Choice.ANY:
        return None
    return (OPEN, CLAIMED, ESCALATED) if choice is Choice.WAITING else (choice.value,)


@dataclass(frozen=True, slots=True)
class Shown:
    """One reason for a flag; `start` and `end` are offsets into the post's plain text.

    `sentence` is None, and both are 0, where no sentence shows it, or its post is gone, or other
    words are there since.
    """

    name: str
    words: str
    weight: float
    post_id: int | None
    start: int
    end: int
    sentence: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """What moderators made of the queue since a time, whole and by part. Weeks begin on Mondays."""

    since: datetime | None
    until: datetime
    whole: Tally
    rate: Rate | None
    reasons: dict[str | None, int]
    weeks: dict[datetime, Tally]
    channels: dict[str | None, Tally]
    hours: dict[tuple[int, int], Tally]


def reasons(session: Session, flags: Sequence[Flag]) -> dict[int, list[Shown]]:
    """Return the reasons of flags, strongest first, by flag."""
    wanted = {reason["post_id"] for flag in flags for reason in flag.reasons}
    found = queries.words(session, sorted(wanted))
    return {flag.id: [_shown(reason, found) for reason in flag.reasons] for flag in flags}


def _shown(reason: Mapping[str, Any], found: Mapping[int, Any]) -> Shown:
    start, end = int(reason["start"]), int(reason["end"])
    post = found.get(reason["post_id"])
    sentence = post.plain[start:end] if post is not None and start < end else None
    if sentence is None or reason.get("hash") != hash_of(sentence):
        start, end, sentence = 0, 0, None
    told = (reason["name"], reason["words"], float(reason["weight"]))
    return Shown(*told, None if post is None else post.id, start, end, sentence)


def hash_of(sentence: str) -> str:
    """Return what a reason keeps of its sentence: that no other words are ever shown for it."""
    return hashlib.blake2b(sentence.encode(), digest_size=8).hexdigest()


def alike(told: Sequence[Shown]) -> list[tuple[list[Shown], str | None]]:
    """Return reasons with the sentence that shows them, those of the same sentence together."""
    groups: dict[object, list[Shown]] = {}
    for place, one in enumerate(told):
        shown = place if one.sentence is None else (one.post_id, one.start, one.end)
        groups.setdefault(shown, []).append(one)
    return [(own, own[0].sentence) for own in groups.values()]


def priority_of(flag: Flag, as_of: datetime) -> float:
    """Return the priority of a flag at a time: its heat x harm, halved for each day."""
    return priority(flag.rank, worth(flag.heat, flag.hostile, flag.newcomer), as_of)


def seen_until(session: Session, now: datetime, stale_after_days: int = 0) -> datetime:
    """Return now, or right after the newest post where the archive is older than so many days.

    Nothing ages in an archive to which nothing is added.
    """
    newest = newest_at(session)
    if newest is None or now - newest <= timedelta(days=stale_after_days):
        return now
    return newest.replace(microsecond=0) + timedelta(seconds=1)


def similar(session: Session, flag: Flag) -> list[tuple[FlagRow, float]]:
    """Return decided flags of other threads that were most like one, with their similarity."""
    rows = [
        row
        for row in queries.decided(session, COMPARED)
        if row.flag.thread_id != flag.thread_id and row.flag.features.keys() >= flag.features.keys()
    ]
    near = nearest(flag.features, [row.flag.features for row in rows])
    return [(rows[place], share) for place, share in near]


def summary(
    session: Session,
    now: datetime,
    since: datetime | None = None,
    channel: str | None = None,
    first: int | None = None,
) -> Record:
    """Return what moderators made of the flags raised by posts since a time.

    Up to now, or to the newest post: where nothing was posted, there was nothing to flag. Left out,
    `since` is the Monday of the week of the first flag. With `first` only so many flags of each
    week count, the hottest.
    """
    until = seen_until(session, now)
    rows = queries.facts(session, since, until, channel)
    facts = [Fact(*row) for row in rows]
    if first is not None:
        facts = record.first(facts, first)
    weeks = record.by(facts, record.week)
    begin = since if since is not None else min(weeks, default=None)
    return Record(
        since=begin,
        until=until,
        whole=record.tally(facts),
        rate=None if begin is None else record.rate(len(facts), until - begin),
        reasons=record.reasons(facts),
        weeks=weeks,
        channels=_most_first(record.by(facts, lambda fact: fact.channel)),
        hours=dict(sorted(record.by(facts, record.hour).items())),
    )


def _most_first(parts: Mapping[str | None, Tally]) -> dict[str | None, Tally]:
    order = sorted(parts.items(), key=lambda item: (-item[1].flags, item[0] or ""))
    return dict(order)
