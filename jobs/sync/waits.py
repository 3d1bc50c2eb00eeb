"""How long a platform asks a client to wait, in each of the ways that platforms say it.

RFC 9110 section 10.2.3 (Retry-After); https://docs.github.com/rest/using-the-rest-api (rate
limits); https://discord.com/developers/docs/topics/rate-limits; https://docs.discourse.org.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any

SECONDARY = 60.0
FIRST, LONGEST = 1.0, 60.0


def asked(headers: Mapping[str, str], data: Any, now: datetime) -> float | None:
    """Return the seconds to wait; None where nothing is said. `headers` are in lower case."""
    for wait in (_retry_after(headers, now), _told(data), _reset(headers, now), _secondary(data)):
        if wait is not None:
            return max(wait, 0.0)
    return None


def backoff(attempt: int, dice: Random) -> float:
    """Return seconds to wait after attempt 0, 1, 2 …: twice as long each time, with jitter."""
    return min(LONGEST, FIRST * 2.0**attempt) * (0.5 + dice.random() / 2)


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (at - now).total_seconds()


def _told(data: Any) -> float | None:
    """Return what the body says: Discord and Zulip at its top, Discourse in `extras`."""
    if not isinstance(data, dict):
        return None
    extras = data.get("extras")
    inside = extras.get("wait_seconds") if isinstance(extras, dict) else None
    for value in (data.get("retry_after"), data.get("retry-after"), inside):
        seconds = _seconds(value)
        if seconds is not None:
            return seconds
    return None


def _reset(headers: Mapping[str, str], now: datetime) -> float | None:
    if headers.get("x-ratelimit-remaining", "").strip() != "0":
        return None
    after = _seconds(headers.get("x-ratelimit-reset-after"))
    if after is not None:
        return after
    at = _seconds(headers.get("x-ratelimit-reset"))
    return None if at is None else at - now.timestamp()


def _secondary(data: Any) -> float | None:
    message = data.get("message") if isinstance(data, dict) else None
    said = message.lower() if isinstance(message, str) else ""
    return SECONDARY if "secondary rate limit" in said or "abuse detection" in said else None


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None
