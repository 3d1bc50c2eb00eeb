"""The calendar of the archive: its ends, its releases and people's hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2024, 9, 30, 23, 59, 59, tzinfo=UTC)
DAYS = 274
WEEK = (1.0, 1.08, 1.05, 1.0, 0.85, 0.5, 0.58)
HOURS = (1, 1, 1, 1, 1, 2, 5, 12, 22, 30, 32, 28, 22, 24, 27, 25, 22, 19, 18, 21, 22, 17, 10, 4)
RELEASES = tuple(BEGIN + timedelta(days=2 + 21 * i, hours=10) for i in range(13))


def stamp(at: datetime) -> str:
    """Return a time as RFC 3339 with whole seconds and Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def version(at: datetime, back: int = 0) -> str:
    """Return the release that was current at a time, or one `back` releases earlier."""
    index = max(0, 2 + sum(1 for day in RELEASES if day <= at) - back)
    return f"3.{index // 3}.{index % 3}"


def day_of(at: datetime) -> int:
    """Return the day number of a time, 0 for the first day of the archive."""
    return (at - BEGIN).days


def hour(rng: Random, zone: int) -> timedelta:
    """Return a time of day (UTC) at which somebody `zone` hours east of it is awake."""
    local = rng.choices(range(24), HOURS)[0]
    return timedelta(
        hours=(local - zone) % 24, minutes=rng.randint(0, 59), seconds=rng.randint(0, 59)
    )


def moment(rng: Random, zone: int, first: int = 0, last: int = DAYS - 1) -> datetime:
    """Return a random time between two day numbers, rarer at weekends and at night."""
    days = range(max(0, first), min(DAYS - 1, last) + 1)
    day = rng.choices(days, [WEEK[d % 7] for d in days])[0]
    return BEGIN + timedelta(days=day) + hour(rng, zone)


def later(rng: Random, at: datetime, zone: int, median: float) -> datetime:
    """Return a time after `at`, `median` minutes on average, usually not in local night."""
    minutes = min(rng.lognormvariate(0, 1.25) * median, 60 * 24 * 9.0)
    then = at + timedelta(minutes=max(minutes, 0.4), seconds=rng.randint(0, 50))
    local = (then.hour + zone) % 24
    if local < 7 and rng.random() < 0.85:
        then += timedelta(hours=7 - local, minutes=rng.randint(0, 100))
    return then.replace(microsecond=0)
