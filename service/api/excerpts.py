"""Short pieces of posts, cut at whole words and always out of the post itself."""

from __future__ import annotations

import re

ELLIPSIS = "…"
_WORD = re.compile(r"\w{3,}")
_LOOKED_AT = 20_000  # characters; a longer post is judged by its beginning


def excerpt(text: str, limit: int) -> str:
    """Return the beginning of a text on one line, at most `limit` characters and an ellipsis."""
    line = " ".join(text[: 4 * limit + 100].split())
    if len(line) <= limit and len(text) <= 4 * limit + 100:
        return line
    cut = line[: limit + 1]
    head = cut.rpartition(" ")[0] if " " in cut[limit // 2 :] else line[:limit]
    return head.rstrip(" ,;:") + ELLIPSIS


def snippet(text: str, query: str, limit: int) -> str:
    """Return the piece of a text, of about `limit` characters, with most words of the query."""
    line = " ".join(text[:_LOOKED_AT].split())
    words = {word.casefold() for word in _WORD.findall(query)}
    places = [match.start() for match in _WORD.finditer(line) if match.group().casefold() in words]
    start = _densest(places, limit)
    if start <= limit // 2:
        return excerpt(text, limit)
    start = line.rfind(" ", 0, max(0, start - limit // 8)) + 1
    return ELLIPSIS + excerpt(line[start:], limit)


def _densest(places: list[int], width: int) -> int:
    best, first, most = 0, 0, 0
    for last, place in enumerate(places):
        while place - places[first] > width:
            first += 1
        if last - first + 1 > most:
            best, most = places[first], last - first + 1
    return best
