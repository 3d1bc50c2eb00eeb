"""Slack: the channels that the app is in, their last days anew, and threads that have changed.

https://docs.slack.dev/reference/methods: conversations.list, .history, .replies, users.list. The
app reads and does nothing else: it joins no channel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from jobs.sync import places
from jobs.sync.client import Client
from jobs.sync.cursors import PRIVATE, instant, written
from jobs.sync.live import Access, Cursor, Page, Place, Stored
from jobs.sync.slack_api import Denied, call, walk
from jobs.sync.slack_rooms import Mark, Sync, read
from jobs.sync.vanished import ALL, EVER
from service.errors import InvalidInput, SyncFailed
from service.ingest.fields import BadRecord, flag, link, needed, word
from service.ingest.formats import slack as formats
from service.ingest.formats.chat import Person, beginning
from service.ingest.formats.slack import Channel, Workspace
from service.ingest.formats.values import thing
from service.ingest.records import Deletion, Item, Reject
from service.settings import Settings

FORM = "https://acme.slack.com"
SITE = ".slack.com"
# Edits and deletions of a week are seen each time, new replies to what is older once a day.
WINDOW, DEEP, RECENT = timedelta(days=7), timedelta(days=30), 50_000
DEEP_EVERY = timedelta(days=1)
LEFT_OUT = ("not_in_channel", "channel_not_found", "is_archived")
NAMED = 20


def locate(address: str) -> Place:
    """Return the place of a workspace; raise InvalidInput showing how it is written."""
    parts = places.split(address, FORM)
    host = parts.hostname or ""
    if places.is_local(parts):
        where = places.root(parts)
        return Place(where, name=host, platform=host, api=f"{where}/api")
    if not host.endswith(SITE) or parts.path or parts.port:
        raise InvalidInput(f"{places.shown(address)} is no workspace: write {FORM}")
    return Place(f"https://{host}", name=host, platform=host, api="https://slack.com/api")


def access(settings: Settings) -> Access:
    """Return the token's header."""
    variable = "GROUNDSWELL_SLACK_TOKEN"
    token = places.opened(settings.slack_token)
    if token is None:
        return Access(variable=variable)
    return Access({"Authorization": f"Bearer {token}"}, secret=True, variable=variable)


def pull(
    client: Client, address: str, cursor: Cursor, *, now: datetime, stored: Stored
) -> Iterator[Page]:
    """Yield channel by channel what is new, changed and gone.

    A sync that goes on after a cut comes to its end first, and then looks once more at all.
    """
    at: Cursor = dict(cursor)
    if instant(at.get("since")) is None:
        # Kept until the end is reached: the cursor does not tell which channels are stored.
        at["anew"] = True
    asked = cursor.get(PRIVATE) is True
    site, is_bot = _workspace(client, address)
    bad: list[Item] = []
    people = dict(_people(client, bad))
    rooms = dict(_rooms(client, asked, is_bot, bad))
    names = {room.id: room.name for room, _ in rooms.values()}
    sync = Sync(client, Workspace(people, names, site), now, stored)
    yield Page(bad, dict(at))
    for _ in range(1 if instant(at.get("began")) is None else 2):
        yield from _pass(sync, rooms, at)
    yield Page([*_closed(rooms, at, stored), *sync.arrivals.told()], at, sync.done)


def _pass(sync: Sync, rooms: dict[str, tuple[Channel, bool]], at: Cursor) -> Iterator[Page]:
    """Yield every channel, from the one on where a sync was cut; move the cursor."""
    since, began = instant(at.get("since")), instant(at.get("began")) or sync.now
    deep_at = instant(at.get("deep"))
    sync.deep = deep_at is None or sync.now >= deep_at + DEEP_EVERY
    window = min(since or EVER, sync.now - (DEEP if sync.deep else WINDOW))
    at["began"] = written(began)
    sync.window = sync.now - WINDOW
    sync.know(sync.stored.recent(window, ALL if since is None else RECENT))
    begun = Mark.of(at.get("at"))
    known, closed = _known(at), _known(at, "closed")
    left: list[str] = []
    for id_ in sorted(rooms):
        room, is_in = rooms[id_]
        if begun is not None and (id_ < begun.room or (id_ == begun.room and begun.done)):
            continue
        mark = begun if begun is not None and id_ == begun.room else None
        is_closed = room.visibility != "public"
        # Its old threads have to be told that not everyone may read them any more.
        sync.turned = {id_} if is_closed and id_ in known - closed else set()
        is_old = id_ in known and since is not None and not sync.turned
        oldest = window if is_old else EVER
        try:
            for page in read(sync, room, mark, oldest) if is_in else ():
                at |= page.cursor
                yield replace(page, cursor=dict(at), done=sync.done)
            known |= {id_} if is_in else set()
            closed = closed - {id_} | ({id_} if is_in and is_closed else set())
        except Denied as error:
            if error.error not in LEFT_OUT:
                raise
            is_in = False
        left += [] if is_in else [id_]
        at |= {"rooms": sorted(known), "closed": sorted(closed), "at": [id_, "", "", True]}
        yield Page([], dict(at), sync.done)
    at |= {"since": written(began)} | ({"deep": written(sync.now)} if sync.deep else {})
    for name in ("began", "at"):
        at.pop(name, None)
    yield Page(_left_out(left, rooms, at), dict(at), sync.done)


def _known(at: Cursor, name: str = "rooms") -> set[str]:
    """Return the channels that were read as a whole, or those `closed` when they were."""
    kept = at.get(name)
    return {id_ for id_ in kept if isinstance(id_, str)} if isinstance(kept, list) else set()


def _workspace(client: Client, address: str) -> tuple[str, bool]:
    """Return the address of the token's workspace, which must be that one, and if it is a bot's."""
    told = call(client, "auth.test")
    site = link(told, ("url",)) or address
    if urlsplit(site).hostname != urlsplit(address).hostname:
        host = urlsplit(site).hostname
        raise SyncFailed(f"{client.access.variable} is of {host}: sync https://{host}")
    return site, word(told, ("bot_id",)) is not None


def _people(client: Client, bad: list[Item]) -> Iterator[tuple[str, Person]]:
    for rows, _ in walk(client, "users.list", "members"):
        for row in rows:
            try:
                yield formats.person(row)
            except BadRecord as error:
                bad.append(Reject("users.list", str(error), beginning(row)))


def _rooms(
    client: Client, asked: bool, is_bot: bool, bad: list[Item]
) -> Iterator[tuple[str, tuple[Channel, bool]]]:
    """Yield the channels by id, and whether they can be read; private ones only if asked for."""
    kinds = "public_channel,private_channel,mpim,im" if asked else "public_channel"
    for rows, _ in walk(client, "conversations.list", "channels", types=kinds):
        for row in rows:
            try:
                room = formats.channel(row)
                told = flag(thing(row, "the channel"), ("is_member",))
                needed({"id": room.id}, ("id",), 40)
            except BadRecord as error:
                bad.append(Reject("conversations.list", str(error), beginning(row)))
                continue
            if asked or room.visibility == "public":
                # A person's token reads public channels unseen, a bot's only where it was invited.
                closed = is_bot and told is False and room.visibility != "direct"
                yield room.id, (room, not closed)


def _left_out(left: list[str], rooms: dict[str, tuple[Channel, bool]], at: Cursor) -> list[Item]:
    """Return what is said of the channels that the app is not in, once for each set of them."""
    if left == at.get("left_out"):
        return []
    at["left_out"] = left
    names = [f"#{rooms[id_][0].name}" for id_ in left]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    shown = f"{', '.join(names[:NAMED])}{more}"
    told = "are left out, as the app is not in them: write /invite there if they are to come in"
    return [Reject("channels", f"{len(left)} {told}", shown)] if left else []


def _closed(
    rooms: dict[str, tuple[Channel, bool]], at: Cursor, stored: Stored
) -> Iterator[Deletion]:
    """Yield the posts of channels that were read and are on the list no more: gone, or private.

    After a sync from the beginning the threads that are stored tell which were read.
    """
    known = _known(at)
    threads = stored.threads() if at.pop("anew", False) or known - rooms.keys() else []
    stored_in = {thread.partition("/")[0] for thread in threads if "/" in thread}
    gone = (known | stored_in) - rooms.keys()
    for name in ("rooms", "closed"):
        at[name] = sorted(_known(at, name) - gone)
    for thread in threads:
        if thread.partition("/")[0] in gone and stored.is_public(thread):
            yield from (Deletion(id_) for id_ in stored.thread(thread))
