"""Posts as JSON Lines: the archive schema, and the names that other exports use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.importers.fields import (
    TITLE_LIMIT,
    BadRecord,
    body,
    clean,
    first,
    flag,
    kind,
    link,
    looks_bot,
    moment,
    needed,
    number,
    word,
)
from jobs.importers.records import Item, PostRecord, Progress, ReactionRecord
from jobs.importers.rows import rows

# The name of the archive schema first; then our CSV, ConvoKit, Orbit and crowd.dev.
ID = ("id", "key", "sourceId")
AUTHOR = ("author", "speaker", "user", "username", "member")
AUTHOR_NAME = ("author_name", "displayName")
CREATED_AT = ("created_at", "timestamp", "occurred_at")
TEXT = ("text", "body", "description")
THREAD = ("thread_id", "conversation_id", "root")
TITLE = ("thread_title", "title")
PARENT = ("parent_id", "reply_to", "reply-to", "sourceParentId")
CHANNEL = ("channel",)
SOURCE = ("source", "platform")
URL = ("url", "link")
RESOLVED = ("resolved", "thread_resolved")
REACTION_LIMIT = 200
REACTION_ROWS = 10_000
COUNT_LIMIT = 2**31
# Votes for less votes against, as Stack Exchange gives them; all else is counted from 0 up.
NET = "score"


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the posts of a file, gzip or plain."""
    return rows(path, post, now=now, progress=progress)


def post(row: dict[str, Any], place: str, now: datetime) -> PostRecord:
    """Return the post of one object; raise BadRecord with the reason where there is none."""
    external_id = needed(row, ID)
    author = needed(row, AUTHOR)
    bot = flag(row, ("is_bot",))
    accepted = word(row, ("accepted_answer_id",))
    if accepted is None and flag(row, ("accepted",)):
        accepted = external_id
    return PostRecord(
        external_id=external_id,
        author=author,
        created_at=moment(row, CREATED_AT, now),
        text=body(row, TEXT),
        thread_id=word(row, THREAD),
        thread_title=word(row, TITLE, TITLE_LIMIT),
        channel=word(row, CHANNEL),
        parent_id=word(row, PARENT),
        reactions=reactions(row),
        accepted_answer_id=accepted,
        resolved=flag(row, RESOLVED),
        url=link(row, URL),
        source=word(row, SOURCE, 200),
        visibility=(word(row, ("visibility",)) or "public").lower(),
        author_name=word(row, AUTHOR_NAME),
        is_bot=looks_bot(author) if bot is None else bot,
        is_staff=flag(row, ("is_staff",)) or False,
        place=place,
    )


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
    if len(counts) > REACTION_ROWS:
        raise BadRecord(
            f"`reactions` has {len(counts)} entries; at most {REACTION_ROWS} are allowed"
        )
    for (name, _), count in counts.items():
        if abs(count) >= COUNT_LIMIT or (count < 0 and name != NET):
            raise BadRecord("the count of a reaction must be a whole number from 0 to 2147483647")
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
