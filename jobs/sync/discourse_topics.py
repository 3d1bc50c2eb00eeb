"""Which topics of a Discourse forum have something new: its lists of latest topics.

A list goes from the topic that was bumped last to older ones, and is read down to where the last
sync began. New posts and edits of the last post bump a topic; likes, other edits and deletions
change what the list tells of it (its print), if anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zlib import crc32

import orjson

from jobs.sync.client import Client
from jobs.sync.cursors import instant, is_number, written
from jobs.sync.live import Cursor
from service.ingest.fields import BadRecord, flag, needed, word
from service.ingest.formats.values import inner, listed, thing

PRINT = (
    "posts_count",
    "highest_post_number",
    "like_count",
    "has_accepted_answer",
    "title",
    "category_id",
)
# Most edits come within a day of the post: a topic is looked at once more when it is that old.
SETTLED = timedelta(days=1)
KEPT = 500
PAGES = 100_000
BEGIN, END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """A topic as a list told of it, and whether it was read when its last day was over."""

    id: str
    bumped_at: datetime
    print: int
    settled: bool = False
    pinned: bool = False
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The topics that lists gave; `down_to` is the oldest time that they reach."""

    topics: dict[str, Seen]
    down_to: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A topic to be read: `deep` with all its posts, `seen` None where no list has it any more."""

    id: str
    at: datetime
    seen: Seen | None
    deep: bool = False


def known(cursor: Cursor) -> dict[str, Seen]:
    """Return the topics that the last syncs have met, by id."""
    rows = cursor.get("topics")
    found = {}
    for row in rows if isinstance(rows, list) else ():
        match row:
            case [str(id_), str(at), int(mark), int(settled)] if is_number(id_) and (
                bumped := instant(at)
            ):
                found[id_] = Seen(id_, bumped, mark, bool(settled))
            case _:
                continue
    return found


def kept(topics: Mapping[str, Seen]) -> list[list[object]]:
    """Return the newest topics as a cursor keeps them."""
    newest = sorted(topics.values(), key=lambda one: (one.bumped_at, one.id), reverse=True)[:KEPT]
    return [[one.id, written(one.bumped_at), one.print, int(one.settled)] for one in newest]


def read_lists(
    client: Client, paths: Iterable[str], since: datetime | None, now: datetime
) -> Listing:
    """Return the topics of the lists, down to those that were bumped before `since`."""
    lists = [_read_list(client, path, since, now) for path in paths]
    topics = {one.id: one for listing in lists for one in listing.topics.values()}
    return Listing(topics, max(listing.down_to for listing in lists))


def _read_list(client: Client, path: str, since: datetime | None, now: datetime) -> Listing:
    topics: dict[str, Seen] = {}
    reached = END
    for number in range(PAGES):
        answer = client.get(path, {"order": "activity", "page": number})
        shown = inner(thing(answer.data, "the list of topics"), "topic_list")
        page = [seen for row in listed(shown, "topics") if (seen := _seen(row, now)) is not None]
        fresh = [one for one in page if one.id not in topics]
        topics |= {one.id: one for one in fresh}
        reached = min([one.bumped_at for one in page if not one.pinned], default=reached)
        if not fresh or not shown.get("more_topics_url"):
            return Listing(topics, BEGIN)
        if since is not None and reached < since:
            break
    return Listing(topics, reached)


def _seen(row: object, now: datetime) -> Seen | None:
    """Return a row of a list; None where it is no topic that could be asked for."""
    try:
        row = thing(row, "the topic")
        id_ = needed(row, ("id",), 20)
        bumped = instant(row.get("bumped_at") or row.get("last_posted_at") or row.get("created_at"))
        category = word(row, ("category_id",))
        pinned = bool(flag(row, ("pinned",))) or bool(flag(row, ("pinned_globally",)))
        mark = crc32(orjson.dumps([row.get(name) for name in PRINT]))
    except (BadRecord, orjson.JSONEncodeError):
        return None
    if bumped is None or not is_number(id_):
        return None
    # The cursor must not pass what is yet to come.
    return Seen(id_, min(bumped, now), mark, pinned=pinned, category=category)


def due(
    listing: Listing, before: Mapping[str, Seen], since: datetime | None, now: datetime
) -> list[Visit]:
    """Return the topics to be read, those first that were bumped first."""
    visits = {}
    for one in listing.topics.values():
        old = before.get(one.id)
        fresh = replace(one, settled=now >= one.bumped_at + SETTLED)
        if old is None:
            if since is None or one.bumped_at >= since:
                visits[one.id] = Visit(one.id, one.bumped_at, fresh)
        elif (old.bumped_at, old.print) != (one.bumped_at, one.print):
            visits[one.id] = Visit(one.id, one.bumped_at, fresh)
    for old in before.values():
        if old.id in visits:
            continue
        if old.id in listing.topics or not _listed(old, listing):
            if not old.settled and now >= old.bumped_at + SETTLED:
                calm = replace(old, settled=True)
                visits[old.id] = Visit(old.id, old.bumped_at, calm, deep=True)
        else:
            visits[old.id] = Visit(old.id, old.bumped_at, None, deep=True)
    return sorted(visits.values(), key=lambda visit: (visit.at, int(visit.id)))


def _listed(topic: Seen, listing: Listing) -> bool:
    """Return whether the lists reach down to where a topic stood."""
    return topic.bumped_at > listing.down_to


def unlisted(listing: Listing, threads: Iterable[str]) -> list[Visit]:
    """Return stored topics that are on no list, for a sync that reads all of the lists."""
    return [
        Visit(id_, BEGIN, None, deep=True)
        for id_ in threads
        if id_ not in listing.topics and is_number(id_)
    ]
