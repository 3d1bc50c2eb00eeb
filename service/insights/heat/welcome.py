"""The cold shoulder: first posts that nobody answered, or that met nothing but curtness.

A first post is worth more than the next: who is not answered rarely comes back (Arguello et al.
2006, Talk to me: foundations for successful individual-group interactions in online communities).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Nobody is late before.
WAIT = timedelta(hours=48)
# An answer of more words takes trouble, whatever its tone.
FEW_WORDS = 12
SHARP = 0.5
# Fewer words than this ("test", what is left of a removed post) ask for nothing.
LEAST_WORDS = 2


class Kind(StrEnum):
    """What became of a first post."""

    UNANSWERED = "unanswered"
    CURT = "curt"


@dataclass(frozen=True, slots=True)
class Answer:
    """A post by somebody else that followed.

    `hostile` and `negative` are the judges' probabilities (nan: not judged); `helps` says that it
    shows something: code or a link.
    """

    words: int
    hostile: float
    negative: float
    asks: bool
    helps: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """A person's first post: when it was made, how long it is, what it answers, what followed.

    `begins` says that its thread begins with it, `quiet` that nobody else had written there for a
    while, `asks` that it has a question, `calls` that it names somebody or answers a post,
    `resolved` that its thread was marked as done.
    """

    made: datetime
    words: int
    begins: bool
    quiet: bool
    asks: bool
    calls: bool
    resolved: bool
    answers: Sequence[Answer]


def shoulder(post: Opening, as_of: datetime) -> Kind | None:
    """Return whether a first post was left alone or met curtness only; None where neither.

    What answers others waits for nobody: in a thread of others, only a question after a silence is
    no answer.
    """
    alone = post.begins or (post.quiet and post.asks)
    if not alone or post.calls or post.resolved or post.words < LEAST_WORDS:
        return None
    if not post.answers:
        return Kind.UNANSWERED if as_of - post.made >= WAIT else None
    return Kind.CURT if all(curt(answer) for answer in post.answers) else None


def curt(answer: Answer) -> bool:
    """Return whether an answer is short and sharp: no question, no help."""
    if answer.asks or answer.helps or answer.words > FEW_WORDS:
        return False
    return answer.hostile >= SHARP or answer.negative >= SHARP


def told(kind: Kind, span: timedelta, answers: int) -> str:
    """Return in words what became of a post in the time since it was made."""
    hours = int(span / timedelta(hours=1))
    number, unit = (hours, "hour") if hours < 72 else (hours // 24, "day")
    waited = f"{number:,} {unit}{'' if number == 1 else 's'}"
    if kind is Kind.UNANSWERED:
        return f"Nobody has answered for {waited}."
    only = "The only answer is curt" if answers == 1 else f"All {answers:,} answers are curt"
    return f"{only}; it was posted {waited} ago."
