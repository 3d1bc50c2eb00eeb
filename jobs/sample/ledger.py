"""The rule that no sentence stands in more than three posts."""

from __future__ import annotations

import re
from collections import Counter

LIMIT = 3
FENCE = re.compile(r"```.*?```", re.S)
QUOTE = re.compile(r"^\s*>.*$", re.M)
END = re.compile(r"(?<=[.!?])\s+|\n+")
EDGE = " \t.,;:!?-*\"'()"


def normal(sentence: str) -> str:
    """Return a sentence casefolded, with white space collapsed and edge marks removed."""
    return " ".join(sentence.casefold().split()).strip(EDGE)


def sentences(text: str) -> set[str]:
    """Return the distinct normalised sentences of a post, without code and quoted lines."""
    bare = QUOTE.sub("\n", FENCE.sub("\n", text))
    return {found for part in END.split(bare) if (found := normal(part))}


class Ledger:
    """Counts in how many posts each sentence stands."""

    def __init__(self, limit: int = LIMIT) -> None:
        """Start an empty ledger that allows each sentence in `limit` posts."""
        self.limit = limit
        self.seen: Counter[str] = Counter()

    def fits(self, text: str) -> bool:
        """Return whether every sentence of the text may be used once more."""
        return all(self.seen[one] < self.limit for one in sentences(text))

    def take(self, text: str) -> None:
        """Record one post; ValueError if a sentence in it is used up."""
        if not self.fits(text):
            raise ValueError(f"a sentence of this post is used up: {text[:80]!r}")
        self.seen.update(sentences(text))
