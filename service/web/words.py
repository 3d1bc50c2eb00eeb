"""Numbers and times in words, as the pages show them."""

from __future__ import annotations

import math
from datetime import datetime
from urllib.parse import urlsplit

RARE = 1e-6


def people(number: int) -> str:
    """Return a number of people in words."""
    return "1 person" if number == 1 else f"{number:,} people"


def posts(number: int) -> str:
    """Return a number of posts in words."""
    return "1 post" if number == 1 else f"{number:,} posts"


def label(name: str) -> str:
    """Return a label in words."""
    return name.replace("_", " ")


def surprise(observed: int, expected: float) -> str:
    """Return how many people wrote and how many were to be expected."""
    return f"{people(observed)} in the last day, {expected:.1f} expected"


def chance(q: float) -> str:
    """Return a q-value in words: the share of alarms as strong as this that chance alone makes."""
    if q < RARE:
        return "fewer than 1 in 1,000,000 alarms this strong would be chance"
    odds = 1 / q
    digits = 1 - math.floor(math.log10(odds)) if odds >= 10 else 0
    return f"about 1 in {round(odds, digits):,.0f} alarms this strong would be chance"


def percent(share: float) -> str:
    """Return a share from 0 to 1 as a percentage."""
    return f"{100 * share:.1f} %"


def moment(when: datetime) -> str:
    """Return a UTC time to the minute."""
    return f"{when:%Y-%m-%d %H:%M} UTC"


def web_link(url: str | None) -> str | None:
    """Return a URL that may be linked to: http or https with a host; else None."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None
