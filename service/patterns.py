"""Which channels and hours of the week flags and hostile posts come at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from service.db.queries import pattern_input
from service.insights.heat.patterns import Cases, Pattern, patterns

WEEKS = 8
# More would read the archive for what habits of long ago were.
MOST_WEEKS = 26
Part = TypeVar("Part", bound=Hashable)
# A weekday (0 is Monday) and an hour of the day, in UTC.
Hour = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Habits:
    """What comes more often in a part than chance explains, in [since, until).

    Of channels a case is a thread on one day (flags: a thread), of hours of the week a thread in
    one hour.
    """

    since: datetime
    until: datetime
    hostile_channels: list[Pattern[str]]
    hostile_hours: list[Pattern[Hour]]
    flag_channels: list[Pattern[str]]
    flag_hours: list[Pattern[Hour]]


def habits(
    session: Session, until: datetime, since: datetime | None = None, channel: str | None = None
) -> Habits:
    """Return where and when flags and hostile posts come again and again.

    Of the last WEEKS, or since a time, at most MOST_WEEKS before `until`.
    """
    begin = until - timedelta(weeks=WEEKS)
    if since is not None:
        begin = min(max(since, until - timedelta(weeks=MOST_WEEKS)), until)
    found = pattern_input.talk(session, begin, until, channel)
    posts = [(row.id, row[1], row.channel, _hour(row.made)) for row in found.posts]
    days = [(id_, thread, name, (thread, at.date())) for id_, thread, name, at in posts if name]
    hours = [(id_, thread, (at.weekday(), at.hour), (thread, at)) for id_, thread, _, at in posts]
    threads = [(id_, thread, name, thread) for id_, thread, name, _ in days]
    return Habits(
        begin,
        until,
        patterns(_cases(days, found.hostile)),
        patterns(_cases(hours, found.hostile)),
        patterns(_cases(threads, found.flagged)),
        patterns(_cases(hours, found.flagged)),
    )


def _hour(made: Any) -> datetime:
    if isinstance(made, str):
        return _parsed(made[: len("2024-10-05 12")])
    return _parsed(f"{made.astimezone(UTC):%Y-%m-%d %H}")


@lru_cache(maxsize=8_192)
def _parsed(hour: str) -> datetime:
    # Posts share hours, and to make a time takes longer than to read it.
    return datetime.fromisoformat(hour).replace(tzinfo=UTC)


def _cases(posts: Iterable[tuple[int, int, Part, Hashable]], marked: set[int]) -> dict[Part, Cases]:
    """Return the cases of each part; `posts` are (id, thread, part, case)."""
    tried: defaultdict[Part, set[Hashable]] = defaultdict(set)
    hit: defaultdict[Part, set[Hashable]] = defaultdict(set)
    threads: defaultdict[Part, set[int]] = defaultdict(set)
    for id_, thread, part, case in posts:
        tried[part].add(case)
        if id_ in marked:
            hit[part].add(case)
            threads[part].add(thread)
    return {
        part: Cases(len(hit[part]), len(cases), len(threads[part]))
        for part, cases in sorted(tried.items(), key=lambda item: str(item[0]))
    }
