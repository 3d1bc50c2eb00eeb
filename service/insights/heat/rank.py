"""In which order a moderator reads flags: by harm, confidence and age.

A flag's priority is confidence x harm x 2^(-age / HALF_LIFE): the heat of its thread; 1, and more
for each hostile post seen, most of all where a newcomer is the target; the hours since the thread's
newest post. As all priorities fall alike, their order hangs on no clock: `standing` is kept, and
`priority` is shown. A flag that was put aside counts as new when its time has come.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import log2

HALF_LIFE = timedelta(hours=24)
# What one hostile post adds to harm, of so many at most; what a newcomer as the target adds.
HOSTILE = 0.25
MOST_HOSTILE = 8
NEWCOMER = 0.5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARTS = 1_000_000  # a standing is in whole millionths of a doubling
_LEAST = 1e-6


def harm(hostile: int, newcomer: bool) -> float:
    """Return how much is at stake, from 1: by hostile posts seen and who they are aimed at."""
    return 1 + HOSTILE * min(hostile, MOST_HOSTILE) + NEWCOMER * newcomer


def worth(heat: float, hostile: int, newcomer: bool) -> float:
    """Return the priority of a flag as long as it is new: confidence x harm."""
    return max(heat, _LEAST) * harm(hostile, newcomer)


def standing(heat: float, hostile: int, newcomer: bool, since: datetime) -> int:
    """Return a number that orders flags by priority at any time, the highest first."""
    halvings = (since - _EPOCH) / HALF_LIFE
    return round(_PARTS * (log2(worth(heat, hostile, newcomer)) + halvings))


def priority(standing: int, most: float, now: datetime) -> float:
    """Return the priority that a standing means at a time, 0 and up; above 1 needs harm.

    `most` is the flag's worth: what is new only after that time is no more than new.
    """
    return float(2.0 ** min(standing / _PARTS - (now - _EPOCH) / HALF_LIFE, log2(most)))
