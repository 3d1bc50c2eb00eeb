"""What goes into identity matching and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "identity-1"


@dataclass(frozen=True, slots=True)
class Handle:
    """One account on one platform. `member` is the person that it is known to be of.

    `verified` says whether the platform vouches for the e-mail address. `links` are addresses of
    web pages that the profile names.
    """

    id: int
    member: int
    platform: str
    value: str
    name: str | None
    email: str | None
    verified: bool
    is_bot: bool
    is_staff: bool
    is_deleted: bool
    links: tuple[str, ...]
    posts: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One reason for or, where `weight` is negative, against a suggestion.

    `name` is verified_email, email, handle, name or link; `weight` natural log-odds; `why` one
    sentence for people, without an e-mail address in it.
    """

    name: str
    weight: float
    why: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two members who seem to be one person, the one to keep first.

    `confidence` is the probability that they are, with every rival for the place considered.
    """

    members: tuple[int, int]
    confidence: float
    parts: tuple[Part, ...]
    version: str = VERSION
