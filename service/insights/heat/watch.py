"""What each new post does to the queue: a thread is flagged, or its flag is taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

# A flag is taken back once heat has been below this part of its threshold for so many posts.
CALM = 0.6
CALM_POSTS = 3


class Kind(StrEnum):
    """What became of a thread in the queue."""

    RAISED = "raised"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Beat:
    """The heat of a thread after one of its posts."""

    thread: int
    post: int
    heat: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How a thread stands: flagged or not, at which threshold, and how many posts it was calm for.

    A thread that was `decided` on is not flagged again by posts that the moderator saw: that is
    for the caller, who gives later ones only.
    """

    flagged: bool = False
    threshold: float = 1.0
    calm: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A thread that was flagged, or whose flag was taken back, by a post; heat and threshold."""

    kind: Kind
    beat: Beat
    threshold: float


def watch(
    beats: Iterable[Beat], standing: Mapping[int, Standing], threshold: float
) -> tuple[list[Change], dict[int, Standing]]:
    """Return what new posts change, in their order, and how each of their threads stands then."""
    changes: list[Change] = []
    now: dict[int, Standing] = {}
    for beat in beats:
        was = now.get(beat.thread, standing.get(beat.thread, Standing()))
        after, kind = _after(was, beat.heat, threshold)
        now[beat.thread] = after
        if kind is not None:
            held = was.threshold if kind is Kind.WITHDRAWN else threshold
            changes.append(Change(kind, beat, held))
    return changes, now


def _after(was: Standing, heat: float, threshold: float) -> tuple[Standing, Kind | None]:
    if not was.flagged:
        if heat < threshold:
            return was, None
        return Standing(flagged=True, threshold=threshold), Kind.RAISED
    calm = was.calm + 1 if heat < CALM * was.threshold else 0
    if calm >= CALM_POSTS:
        return Standing(), Kind.WITHDRAWN
    return replace(was, calm=calm), None
