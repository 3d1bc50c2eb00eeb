"""The mood of a topic, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.errors import NothingRun
from service.mood import By, Share, mood

WEEKS = 4


@dataclass(frozen=True, slots=True)
class MoodPart:
    """The share of one label with its interval; `direction` is None where no change is sure."""

    label: str
    share: str
    direction: str | None


@dataclass(frozen=True, slots=True)
class MoodLine:
    """The mood of some posts over the last weeks; without parts, too few of them were judged."""

    weeks: int
    level: str
    posts: int
    parts: list[MoodPart]


def topic_mood(
    session: Session, topic: int, *, as_of: datetime | None, now: datetime, stale_after_days: int
) -> MoodLine | None:
    """Return the mood of a topic, the same as by API; None where no post has been judged."""
    try:
        found = mood(
            session,
            by=By.TOPIC,
            weeks=WEEKS,
            as_of=as_of,
            now=now,
            stale_after_days=stale_after_days,
            only=topic,
        )
    except NothingRun:
        return None
    level = f"{100 * found.level:.0f} %"
    if not found.segments:
        return MoodLine(WEEKS, level, 0, [])
    own = found.segments[0]
    return MoodLine(WEEKS, level, own.posts, [_part(share) for share in own.shares])


def _part(share: Share) -> MoodPart:
    low, high = (f"{100 * value:.0f}" for value in (share.low, share.high))
    return MoodPart(share.label, f"{100 * share.share:.0f} % ({low} to {high})", share.direction)
