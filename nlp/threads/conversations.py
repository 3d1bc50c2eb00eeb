"""Messages of one channel, the replies that link them, and the conversations these make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nlp.errors import NlpError


class BadParent(NlpError):
    """A message answers itself, or one beyond the end of the list."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a channel: who wrote it, when (seconds since 1970), and its plain text.

    `parent` is the position, in the list the message is part of, of the one it explicitly
    answers; below 0 for one before the list begins.
    """

    author: str
    at: float
    text: str
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What a message answers: a position in the list, or None where it begins a conversation.

    `confidence` is the probability of the link, 1 for one that was explicit.
    """

    parent: int | None
    confidence: float


def conversations(links: Iterable[Link]) -> list[int]:
    """Return for each message of a list the position of the first of its conversation.

    A parent before the list begins joins nothing.
    """
    parents = [link.parent for link in links]
    roots = list(range(len(parents)))
    for position, parent in enumerate(parents):
        if parent is not None and parent >= 0:
            low, high = sorted((_root(roots, position), _root(roots, parent)))
            roots[high] = low
    return [_root(roots, position) for position in range(len(roots))]


def _root(roots: list[int], position: int) -> int:
    while roots[position] != position:
        roots[position] = position = roots[roots[position]]
    return position
