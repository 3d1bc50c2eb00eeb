"""The reactions of a post of the archive schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.ingest.fields import COUNT_LIMIT, BadRecord, clean, first, kind, needed, number, word
from service.ingest.records import ReactionRecord

REACTION_LIMIT = 200
REACTION_ROWS = 10_000
# Votes for less votes against, as Stack Exchange gives them; all else is counted from 0 up.
NET = "score"


def reactions(row: dict[str, Any]) -> tuple[ReactionRecord, ...]:
    """Return the reactions in a fixed order.

    Read are {"heart": 3}, [{"name", "count"?, "users"?}] and the number of `likes`.
    """
    value = first(row, ("reactions",))
    counts: dict[tuple[str, str], int] = {}
    if isinstance(value, dict):
        value = [{"name": name, "count": count} for name, count in value.items()]
    elif value is not None and not isinstance(value, list):
        raise BadRecord(f"`reactions` is {kind(value)}; it must be an object or a list")
    for entry in value or ():
        _add(counts, entry)
    likes = number(row, ("likes",))
    if likes:
        counts["like", ""] = counts.get(("like", ""), 0) + _whole(likes)
    found = ordered(counts)
    for (name, _), count in counts.items():
        if abs(count) >= COUNT_LIMIT or (count < 0 and name != NET):
            raise BadRecord("the count of a reaction must be a whole number from 0 to 2147483647")
    return found


def ordered(counts: Mapping[tuple[str, str], int]) -> tuple[ReactionRecord, ...]:
    """Return counts by (name, author) as reactions in a fixed order; refuse more than 10,000."""
    if len(counts) > REACTION_ROWS:
        raise BadRecord(
            f"`reactions` has {len(counts)} entries; at most {REACTION_ROWS} are allowed"
        )
    return tuple(ReactionRecord(*key, count) for key, count in sorted(counts.items()) if count)


def _add(counts: dict[tuple[str, str], int], entry: Any) -> None:
    if not isinstance(entry, dict):
        raise BadRecord(f"an entry of `reactions` is {kind(entry)}; it must be an object")
    name = needed(entry, ("name", "emoji", "emoji_name"), REACTION_LIMIT)
    people = entry.get("users")
    if people is None:
        author = word(entry, ("author", "user")) or ""
        count = number(entry, ("count",))
        counts[name, author] = counts.get((name, author), 0) + _whole(1 if count is None else count)
        return
    if not isinstance(people, list) or not all(isinstance(person, str) for person in people):
        raise BadRecord("`users` of a reaction must be a list of names")
    for person in people:
        counts[name, clean(person, "users").strip()[:400]] = 1


def _whole(count: float) -> int:
    if count != int(count):
        raise BadRecord("the count of a reaction must be a whole number")
    return int(count)
