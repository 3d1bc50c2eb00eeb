"""What the model sees of a thread: its turns in order, and what is usual around it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Turn:
    """One post of a thread: plain text, and what else is known of it.

    `who` numbers the author within the thread, UNKNOWN where nobody knows; `at` is in seconds
    since the epoch. `hostility` is P(hostile or personal), `negative` P(negative sentiment) and
    `anger` P(anger), each as the judges have it; nan where they have not read the post.
    `mentions` counts the people named by @, and `quoted` the characters of quoted text that the
    plain text leaves out.
    """

    who: int
    text: str
    at: float | None = None
    hostility: float = math.nan
    newcomer: bool = False
    negative: float = math.nan
    anger: float = math.nan
    mentions: int = 0
    quoted: int = 0


@dataclass(frozen=True, slots=True)
class Habits:
    """What is usual where the thread is.

    `gap` is the channel's usual seconds between posts of one thread, nan where unknown; `met`
    holds, by pair of `who` (smaller first), the share of their earlier exchanges that were heated.
    """

    gap: float = math.nan
    met: Mapping[tuple[int, int], float] = field(default_factory=dict)


# Labels of the judges whose probabilities add up to a turn's `hostility`, `negative` and `anger`,
# by task.
READ: Mapping[str, tuple[str, ...]] = {
    "hostility": ("hostile", "personal"),
    "sentiment": ("negative",),
    "emotion": ("anger",),
}
