"""Zulip: messages by id, the last days anew, and topics that were moved.

https://zulip.com/api: GET /users, /streams, /messages, /users/me/{stream_id}/topics. Event queues
are not used: they tell of edits in channels alone that the account is subscribed to, hand over
private ones too, and are gone ten minutes after the last sync.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from jobs.sync import places
from jobs.sync.client import Client
from jobs.sync.cursors import PRIVATE, instant, is_number, written
from jobs.sync.live import Access, Cursor, Page, Place, Stored
from jobs.sync.vanished import ALL, EVER, spots
from jobs.sync.zulip_messages import (
    Narrow,
    closed,
    identities,
    identity,
    messages,
    moved,
    rows,
    topics,
)
from service.errors import BadSetting
from service.ingest.fields import BadRecord, needed
from service.ingest.formats import zulip as formats
from service.ingest.formats.chat import Person, beginning
from service.ingest.formats.values import thing
from service.ingest.formats.zulip import Realm
from service.ingest.records import Deletion, Item, PostRecord, Reject
from service.settings import Settings

FORM = "https://chat.example.org"
# Older servers know these names, newer ones still do.
PUBLIC: Narrow = [{"operator": "streams", "operand": "public"}]
DIRECT: Narrow = [{"operator": "is", "operand": "private"}]
WINDOW, RECENT = timedelta(days=7), 50_000
CHECK_EVERY = timedelta(days=1)


@dataclass(slots=True)
class Sync:
    """One sync: what is known of the organization, and what was met so far.

    `blind` says that a message did not tell which it is, so that none can be missed.
    """

    client: Client
    realm: Realm
    asked: bool
    now: datetime
    seen: set[str] = field(default_factory=set)
    authors: set[str] = field(default_factory=set)
    blind: bool = False

    def items(self, found: list[Any]) -> list[Item]:
        """Return the records of messages; those of channels that are not read are left out."""
        items: list[Item] = []
        for row in found:
            place = "messages"
            self.blind |= not identities([row])
            try:
                id_ = needed(thing(row, "the message"), ("id",), 20)
                place = f"message {id_}"
                self.seen.add(id_)
                post = formats.post(row, self.realm, self.now, place)
            except BadRecord as error:
                items.append(Reject(place, str(error), beginning(row)))
                continue
            if self._is_read(post):
                items.append(post)
                self.authors.add(post.author)
        return items

    def joins(self) -> list[Item]:
        """Return when those who wrote had joined."""
        people = self.realm.people
        known = sorted(self.authors & people.keys())
        found = [formats.joined(handle, people[handle]) for handle in known]
        return [event for event in found if event is not None]

    def _is_read(self, post: PostRecord) -> bool:
        """Return whether the place of a message is one of those that are read.

        A channel that is on no list may be closed by now, which is looked at by itself.
        """
        if post.visibility == "direct":
            return self.asked
        return (post.thread_id or "").partition("/")[0] in self.realm.streams


def locate(address: str) -> Place:
    """Return the place of an organization; raise InvalidInput showing how it is written."""
    parts = places.split(address, FORM)
    host = parts.hostname or ""
    where = places.root(parts) + parts.path
    return Place(where, name=host, platform=host, api=f"{where}/api/v1")


def access(settings: Settings) -> Access:
    """Return basic authentication by e-mail address and API key."""
    variable = "GROUNDSWELL_ZULIP_TOKEN"
    token, user = places.opened(settings.zulip_token), (settings.zulip_user or "").strip()
    if token is None:
        return Access(variable=variable)
    if not user:
        raise BadSetting(f"{variable} needs GROUNDSWELL_ZULIP_USER: name the e-mail of its account")
    basic = b64encode(f"{user}:{token}".encode()).decode()
    return Access({"Authorization": f"Basic {basic}"}, secret=True, variable=variable)


def pull(
    client: Client, address: str, cursor: Cursor, *, now: datetime, stored: Stored
) -> Iterator[Page]:
    """Yield messages since the cursor and of the last days, then what has vanished or moved."""
    at: Cursor = dict(cursor)
    asked = cursor.get(PRIVATE) is True
    bad: list[Item] = []
    people = dict(_people(client, now, bad))
    streams = {one.id: one for one in _streams(client, asked, bad)}
    sync = Sync(client, Realm(people, streams, site=address), asked, now)
    onward = _onward(cursor)
    known = _known(stored, now, full=not onward)
    first = min((int(id_) for id_ in known), default=None)
    yield Page(bad, dict(at))
    for key, narrow in _narrows(sync):
        begin = onward.get(key, 0) if first is None else min(onward.get(key, 0), first)
        for found, reached in messages(client, narrow, begin):
            items = sync.items(found)
            onward[key] = max(onward.get(key, 0), reached)
            at["next"] = dict(onward)
            yield Page(items, dict(at), len(sync.seen))
    yield Page(list(_vanished(sync, known, stored)), dict(at), len(sync.seen))
    checked = instant(at.get("checked"))
    if checked is None or now >= checked + CHECK_EVERY:
        for items in _moved(sync, stored):
            yield Page(items, dict(at), len(sync.seen))
        at["checked"] = written(now)
    yield Page([*_closed(sync, stored), *sync.joins()], at, len(sync.seen))


def _people(client: Client, now: datetime, bad: list[Item]) -> Iterator[tuple[str, Person]]:
    for row in rows(client.get("/users", {"client_gravatar": "true"}), "members"):
        try:
            yield needed(thing(row, "the user"), ("user_id",)), formats.person(row, now)
        except BadRecord as error:
            bad.append(Reject("users", str(error), beginning(row)))


def _streams(client: Client, asked: bool, bad: list[Item]) -> Iterator[formats.Stream]:
    """Yield the channels to be read; the private ones are not asked for unless they are."""
    query = {"include_subscribed": "true" if asked else "false", "exclude_archived": "false"}
    for row in rows(client.get("/streams", query), "streams"):
        try:
            stream = formats.stream(row)
        except BadRecord as error:
            bad.append(Reject("streams", str(error), beginning(row)))
            continue
        if is_number(stream.id) and (asked or stream.visibility == "public"):
            yield stream


def _narrows(sync: Sync) -> Iterator[tuple[str, Narrow]]:
    """Yield what is read, each under the key by which the cursor knows it."""
    yield "public", PUBLIC
    if sync.asked:
        for id_, stream in sorted(sync.realm.streams.items()):
            if stream.visibility != "public":
                yield id_, [{"operator": "stream", "operand": int(id_)}]
        yield "direct", DIRECT


def _onward(cursor: Cursor) -> dict[str, int]:
    """Return the id to go on with, by what is read."""
    kept = cursor.get("next")
    pairs = kept.items() if isinstance(kept, dict) else ()
    return {key: at for key, value in pairs if (at := identity(value)) is not None}


def _known(stored: Stored, now: datetime, *, full: bool) -> set[str]:
    """Return the stored messages that are read again: of the last days, or all of them."""
    ids = stored.recent(EVER, ALL) if full else stored.recent(now - WINDOW, RECENT)
    return {id_ for id_ in ids if is_number(id_)}


def _vanished(sync: Sync, known: set[str], stored: Stored) -> Iterator[Deletion]:
    """Yield the messages that ought to have been met where they stood, and were not."""
    gone = set() if sync.blind else known - sync.seen
    for id_, spot in sorted(spots(stored, gone).items()):
        place = spot.thread.partition("/")[0]
        if place in sync.realm.streams or (place == "direct" and sync.asked):
            yield Deletion(id_)


def _moved(sync: Sync, stored: Stored) -> Iterator[list[Item]]:
    """Yield the messages of stored topics that are on their channel's list no more."""
    for id_, threads in _by_stream(stored).items():
        stream = sync.realm.streams.get(id_)
        there = None if stream is None else topics(sync.client, id_)
        if stream is None or there is None:
            continue
        narrow: Narrow = PUBLIC if stream.visibility == "public" else []
        for thread in threads:
            ids = [] if thread in there else list(stored.thread(thread))
            for found, gone in moved(sync.client, narrow, ids):
                yield [*sync.items(found), *(Deletion(key) for key in gone)]


def _closed(sync: Sync, stored: Stored) -> Iterator[Deletion]:
    """Yield the messages of public channels that nobody but their members may read by now."""
    for id_, threads in _by_stream(stored).items():
        if id_ in sync.realm.streams:
            continue
        public = [thread for thread in threads if stored.is_public(thread)]
        if public and closed(sync.client, id_):
            yield from (Deletion(key) for thread in public for key in stored.thread(thread))


def _by_stream(stored: Stored) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for thread in stored.threads():
        stream = thread.partition("/")[0]
        if is_number(stream):
            found.setdefault(stream, []).append(thread)
    return found
