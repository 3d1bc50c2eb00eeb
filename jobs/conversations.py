"""Step `conversations`: chat that came without threads gets those that people were having.

Explicit replies and threads stay as they are; what the model adds is marked with its confidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from jobs.heads import thread_model, thread_version
from nlp.threads import CONTEXT, Link, Message, ThreadModel, link
from service.db.queries import conversations as queries
from service.db.queries.conversations import Channel, Found
from service.db.session import Database

# A channel is flat chat where at least half of its posts came without a thread.
LEAST_SHARE = 0.5
WINDOW = 20_000
DIGITS = re.compile(r"(\d+)")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ConversationsResult:
    """Posts that were linked, channels they are of, and conversations that they are in now."""

    posts: int
    channels: int
    threads: int


def rebuild(
    database: Database, *, heads: Path | None = None, progress: Progress | None = None
) -> ConversationsResult:
    """Link the flat posts that have no link yet and put them into their conversations.

    `heads` is a folder with weights of one's own, as `train threads` writes them.

    Each channel is done in windows of some thousand posts, each in a transaction of its own:
    stopping in between loses no more than one.
    """
    posts = 0
    places: set[tuple[int, str | None, str]] = set()
    threads: set[tuple[int, str]] = set()
    done: set[Channel] = set()
    version = thread_version(heads)
    while channels := [one for one in _unlinked(database, version) if one not in done]:
        model = thread_model(heads)
        total = posts + sum(channel.unlinked for channel in channels)
        for channel in channels:
            done.add(channel)
            linked, named = _rebuild_channel(database, channel, model, version)
            posts += linked
            places.add((channel.source_id, channel.name, channel.visibility))
            threads |= {(channel.source_id, name) for name in named}
            if progress is not None:
                progress(posts, total)
    return ConversationsResult(posts, len(places), len(threads))


def _unlinked(database: Database, version: str) -> list[Channel]:
    with database.read() as session:
        return queries.unlinked(session, version, LEAST_SHARE)


def _rebuild_channel(
    database: Database, channel: Channel, model: ThreadModel, version: str
) -> tuple[int, set[str]]:
    with database.read() as session:
        early = sorted(queries.before(session, channel, CONTEXT), key=_order)
        rows = early + sorted(queries.since(session, channel, WINDOW), key=_order)
    end = _end(rows, version)
    rows = rows[:end]
    links = link(_messages(rows), model, start=len(early))
    found = dict(zip(range(len(early), end), links, strict=True))
    threads = _threads(rows, found)
    with database.write() as session:
        queries.store_links(session, list(_stored(rows, found, version)))
        touched = _place(session, channel, rows, threads)
        queries.settle(session, touched)
    new = sum(rows[at].version != version for at in found if rows[at].flat)
    return new, {threads[at] for at in found}


def _order(row: Found) -> tuple[Any, ...]:
    """Return a key by time; of one minute, by the numbers in the ids, which count up."""
    parts = DIGITS.split(row.external_id)
    return (row.created_at, [(int(part), "") if part.isdigit() else (0, part) for part in parts])


def _end(rows: Sequence[Found], version: str) -> int:
    """Return where looking ends: a post sees at most CONTEXT posts before it, so no further."""
    last = max(at for at, row in enumerate(rows) if row.flat and row.version != version)
    return min(last + CONTEXT + 1, len(rows))


def _messages(rows: Sequence[Found]) -> list[Message]:
    place = {row.id: at for at, row in enumerate(rows)}
    return [
        Message(row.author, row.created_at.timestamp(), row.plain, _said(row, at, place))
        for at, row in enumerate(rows)
    ]


def _said(row: Found, at: int, place: Mapping[int, int]) -> int | None:
    """Return where the post that a post says it answers stands; -1 is before the first."""
    if row.reply_to_id is None:
        return None
    said = place.get(row.reply_to_id, -1)
    return said if said < at else -1


def _threads(rows: Sequence[Found], links: Mapping[int, Link]) -> dict[int, str]:
    """Return the external id of the thread of each post, by its place."""
    place = {row.id: at for at, row in enumerate(rows)}
    threads: dict[int, str] = {}
    for at, row in enumerate(rows):
        said = place.get(row.reply_to_id)
        guessed = links[at].parent if at in links and row.flat else None
        if at not in links or (not row.flat and said is None):
            threads[at] = row.thread
        elif said is not None and said < at:
            threads[at] = threads[said]
        elif row.reply_to_id is not None:
            threads[at] = row.thread
        else:
            threads[at] = row.external_id if guessed is None else threads[guessed]
    return threads


def _stored(
    rows: Sequence[Found], links: Mapping[int, Link], version: str
) -> Iterator[dict[str, Any]]:
    for at, found in links.items():
        row = rows[at]
        if row.flat:
            guessed = None if found.parent is None else rows[found.parent].id
            yield {
                "post_id": row.id,
                "parent_id": row.reply_to_id or guessed,
                "confidence": found.confidence,
                "version": version,
            }


def _place(
    session: Session, channel: Channel, rows: Sequence[Found], threads: Mapping[int, str]
) -> set[int]:
    """Move posts whose thread is another now; return the threads that lost or got one."""
    moved = {at: name for at, name in threads.items() if rows[at].thread != name}
    ids = _ids(session, channel, rows, moved)
    queries.move(
        session, [{"id": rows[at].id, "thread_id": ids[name]} for at, name in moved.items()]
    )
    stay = {rows[at].thread_id for at in threads}
    return stay | set(ids.values())


def _ids(
    session: Session, channel: Channel, rows: Sequence[Found], moved: Mapping[int, str]
) -> dict[str, int]:
    """Return the ids of threads by external id; those that were dissolved before are made anew."""
    names = list(dict.fromkeys(moved.values()))
    ids = queries.threads_named(session, channel.source_id, names)
    begun = {name: rows[at].created_at for at, name in reversed(list(moved.items()))}
    missing = [name for name in names if name not in ids]
    made = [
        {
            "source_id": channel.source_id,
            "external_id": name,
            "channel": channel.name,
            "visibility": channel.visibility,
            "first_post_at": begun[name],
            "last_post_at": begun[name],
        }
        for name in missing
    ]
    return ids | dict(zip(missing, queries.add_threads(session, made), strict=True))
