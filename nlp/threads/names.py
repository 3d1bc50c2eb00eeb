"""Who is named in a message: the authors of the channel, by whole words, in any case."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.threads.words import words

PREFIX, PLAIN, ADDRESSED = 1, 2, 3
SHORT = 2
COMMON = 0.6
PHRASE = 3
EDGES = re.compile(r"^[\W_]+|[\W_]+$")
TRIM = "@*\"'`()<>[],.;:!?"
OPENING = re.compile(r"^\s*@?[^\s,:]+(?:\s[^\s,:]+)?\s?[,:](?:\s|$)|^\s*@\w")

Strengths = NDArray[np.int8]


def mentions(
    texts: Sequence[str], authors: Sequence[str], weight: Callable[[str], float]
) -> Strengths:
    """Return how each text names each author, int8 [texts, authors]: 0, PREFIX, PLAIN, ADDRESSED.

    A name that is short or an everyday word (by its `weight`, the idf) counts only where it is
    addressed: at the start before a colon or comma, or after an @. PREFIX stands for an address
    by the beginning of a name.
    """
    index = _index(authors)
    found = np.zeros((len(texts), len(authors)), dtype=np.int8)
    folded = [author.casefold() for author in authors]
    longest = min(max((name.count(" ") + 1 for name in index), default=1), PHRASE)
    for row, text in enumerate(texts):
        for name, addressed in _candidates(text, longest):
            for author in index.get(name, ()):
                if addressed:
                    found[row, author] = ADDRESSED
                elif len(name) > SHORT and weight(name) > COMMON:
                    found[row, author] = max(found[row, author], PLAIN)
        if (start := _short_form(text)) is not None:
            for author, name in enumerate(folded):
                if name.startswith(start):
                    found[row, author] = max(found[row, author], PREFIX)
    return found


def opens_with_address(text: str) -> bool:
    """Return whether a text begins as if it addressed somebody, known or not."""
    return OPENING.match(text) is not None


def _index(authors: Sequence[str]) -> dict[str, list[int]]:
    """Return the authors by their names: as they are, without marks at the edges, first words."""
    index: dict[str, list[int]] = {}
    for number, author in enumerate(authors):
        name = " ".join(author.casefold().split())
        parts = name.split()
        keys = {name, name.strip(TRIM), EDGES.sub("", name)}
        if len(parts) > 1 and len(parts[0]) > SHORT:
            keys.add(parts[0])
        for key in keys - {""}:
            index.setdefault(key, []).append(number)
    return index


def _candidates(text: str, longest: int) -> list[tuple[str, bool]]:
    """Return phrases of up to `longest` words that may be names, and if each is addressed."""
    raw = text.casefold().split()
    bare = [token.strip(TRIM) for token in raw]
    found = []
    for start, token in enumerate(raw):
        at = token.lstrip("*").startswith("@")
        for size in range(1, min(longest, len(raw) - start) + 1):
            called = at or (start == 0 and _ends_address(raw, size))
            found.append((" ".join(bare[start : start + size]), called))
            if size == 1:
                found.append((token.rstrip(",:;.!?"), called))
                found.append((EDGES.sub("", token), called))
    return found


def _ends_address(raw: list[str], size: int) -> bool:
    last = raw[size - 1]
    return last[-1] in ",:;" or (len(raw) > size and raw[size] in {",", ":"})


def _short_form(text: str) -> str | None:
    """Return the beginning of a name that a text opens with, such as `crim:`."""
    first = text.casefold().split(maxsplit=1)[:1]
    if not first or first[0][-1] not in ",:":
        return None
    name = first[0].rstrip(",:").lstrip("@")
    return name if len(name) > SHORT and len(words(name)) == 1 else None
