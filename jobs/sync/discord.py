"""Discord: the channels and threads of one server, their last days anew.

https://discord.com/developers/docs/resources: guild, channel, message. What not every member may
see counts as private.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from jobs.sync import places
from jobs.sync.client import Client
from jobs.sync.cursors import PRIVATE, instant, written
from jobs.sync.discord_rooms import Sync, history, snowflake_of
from jobs.sync.discord_server import Server, look
from jobs.sync.live import Access, Cursor, Page, Place, Refused, Stored
from jobs.sync.vanished import ALL, EVER, Spot, spots
from service.errors import InvalidInput
from service.ingest.formats.discord import Room
from service.ingest.formats.values import thing
from service.ingest.records import Deletion, Item, Reject
from service.settings import Settings

FORM = "the server's id, or https://discord.com/channels/ID"
SITES = ("discord.com", "www.discord.com", "discordapp.com")
API = "https://discord.com/api/v10"
PLATFORM = "discord"
# Edits and deletions of a week are seen each time.
WINDOW, RECENT = timedelta(days=7), 50_000
# What a server's clock may be ahead of ours.
SKEW = timedelta(hours=1)
SHUT = (403, 404)
NAMED = 20


def locate(address: str) -> Place:
    """Return the place of a server; raise InvalidInput showing how it is written."""
    text = address.strip()
    parts = places.split(
        f"https://{SITES[0]}/channels/{text}" if is_snowflake(text) else text, FORM
    )
    guild = parts.path.removeprefix("/channels").strip("/").partition("/")[0]
    local = places.is_local(parts)
    if not is_snowflake(guild) or not (local or parts.hostname in SITES):
        raise InvalidInput(f"{places.shown(address)} names no server: write {FORM}")
    root = places.root(parts) if local else f"https://{SITES[0]}"
    api = f"{root}/api/v10" if local else API
    return Place(f"{root}/channels/{guild}", name=f"discord-{guild}", platform=PLATFORM, api=api)


def access(settings: Settings) -> Access:
    """Return the bot's header."""
    variable = "GROUNDSWELL_DISCORD_TOKEN"
    token = places.opened(settings.discord_token)
    if token is None:
        return Access(variable=variable)
    return Access({"Authorization": f"Bot {token}"}, secret=True, variable=variable)


def is_snowflake(text: str) -> bool:
    """Return whether a text can be an id of Discord: digits of at most 63 bits."""
    return text.isascii() and text.isdigit() and len(text) <= 19 and int(text) < 2**63


def pull(
    client: Client, address: str, cursor: Cursor, *, now: datetime, stored: Stored
) -> Iterator[Page]:
    """Yield channel by channel, thread by thread, what is new and changed, then what is gone.

    A sync that goes on after a cut comes to its end first, and then looks once more at all.
    """
    at: Cursor = dict(cursor)
    asked = cursor.get(PRIVATE) is True
    for _ in range(1 if instant(at.get("began")) is None else 2):
        since = instant(at.get("since"))
        window = EVER if since is None else min(since - SKEW, now - WINDOW)
        known = _known(at)
        server = look(client, address.rsplit("/", 1)[-1], asked, window, known)
        yield Page(list(server.bad), dict(at))
        yield from _pass(Sync(client, server, now, stored), at, window, known)


def _known(at: Cursor) -> set[str]:
    """Return the channels that were read as a whole."""
    kept = at.get("rooms")
    return {id_ for id_ in kept if isinstance(id_, str)} if isinstance(kept, list) else set()


def _pass(sync: Sync, at: Cursor, window: datetime, known: set[str]) -> Iterator[Page]:
    """Yield every room, from the one on where a sync was cut; move the cursor."""
    stored, server = sync.stored, sync.server
    fresh = window == EVER
    before = stored.recent(window, ALL if fresh else RECENT)
    begun = _mark(at.get("at"))
    began = instant(at.get("began")) or sync.now
    at["began"] = written(began)
    failed: list[str] = []
    rooms = sorted(server.rooms.values(), key=lambda room: int(room.id))
    for done, room in enumerate(rooms):
        if begun is not None and int(room.id) < begun[0]:
            continue
        whole = fresh or not (room.id in known or (room.is_thread and stored.thread(room.id)))
        after = 0 if whole else snowflake_of(window)
        if begun is not None and int(room.id) == begun[0]:
            after = max(after, begun[1])
        try:
            for rows, reached in _news(sync, room, after, whole=whole):
                items = sync.items(rows, room)
                at["at"] = [room.id, str(reached)]
                yield Page(items, dict(at), done, len(rooms))
            known |= set() if room.is_thread else {room.id}
        except Refused as error:
            if error.answered not in SHUT:
                raise
            failed.append(room.id)
        at |= {"rooms": sorted(known), "at": [str(int(room.id) + 1), "0"]}
        yield Page([], dict(at), done + 1, len(rooms))
    if begun is None and not sync.blind:
        yield Page(_vanished(sync, set(before), window, failed), dict(at))
    # Forums hold no messages of their own, but threads.
    known |= server.guild.channels.keys() - set(failed)
    at |= {"since": written(began)}
    for name in ("began", "at"):
        at.pop(name, None)
    closed = _closed(sync, at, known)
    yield Page([*closed, *_left_out(failed, server, at), *sync.arrivals.told()], dict(at))


def _news(sync: Sync, room: Room, after: int, *, whole: bool) -> Iterator[tuple[list[Any], int]]:
    """Return the messages of a room after one of them, where it can have any."""
    last = sync.server.last.get(room.id)
    if last is not None and last <= after and not whole:
        return iter(())
    return history(sync.client, room.id, after, sync.now)


def _mark(value: Any) -> tuple[int, int] | None:
    """Return the room where a sync was cut, and the message up to which it was read."""
    match value:
        case [str(room), str(after)] if is_snowflake(room) and is_snowflake(after):
            return int(room), int(after)
    return None


def _vanished(sync: Sync, known: set[str], window: datetime, failed: list[str]) -> list[Item]:
    """Return which of the posts that are stored were not met where they stood.

    A bot that may not read what was written before it came sees an empty channel. So one message
    of each channel is asked for by itself, before all are taken to be gone.
    """
    first = snowflake_of(window)
    missed = {id_ for id_ in known - sync.seen if is_snowflake(id_) and int(id_) >= first}
    by_room: dict[str, list[str]] = {}
    for id_, spot in spots(sync.stored, missed).items():
        if sync.server.asked or sync.stored.is_public(spot.thread):
            by_room.setdefault(_room(id_, spot), []).append(id_)
    items: list[Item] = []
    for room, ids in sorted(by_room.items()):
        if room in failed or (room in ids and failed):
            continue
        if room in ids or not _is_there(sync, room, min(ids, key=int)):
            items += [Deletion(id_) for id_ in sorted(ids, key=int)]
    return items


def _room(id_: str, spot: Spot) -> str:
    """Return the channel or thread of a message, as its address has it."""
    match (spot.url or "").split("/")[-2:]:
        case [room, _] if is_snowflake(room):
            return room
    return spot.thread


def _is_there(sync: Sync, room: str, message: str) -> bool:
    """Return whether a message is there, or hidden from us in a channel that is."""
    if room in sync.server.closed:
        return False
    try:
        sync.client.get(f"/channels/{room}/messages/{message}")
    except Refused as error:
        if error.answered not in SHUT:
            raise
        return error.answered == 403 and room in sync.server.rooms
    return True


def _closed(sync: Sync, at: Cursor, known: set[str]) -> list[Item]:
    """Return the public posts of channels that were read, and are gone or closed by now."""
    stored = sync.stored
    gone = known - sync.server.guild.channels.keys()
    at["rooms"] = sorted(known - gone)
    items: list[Item] = []
    for thread in stored.threads() if gone else ():
        here = stored.thread(thread)
        within = {id_: _room(id_, Spot(thread, url)) for id_, url in here.items()}
        if thread in within.values() and _went(sync, thread, gone):
            hit = list(here)
        else:
            hit = [id_ for id_, room in within.items() if room in gone]
        if hit and stored.is_public(thread):
            items += [Deletion(id_) for id_ in hit]
    return items


def _went(sync: Sync, thread: str, gone: set[str]) -> bool:
    """Return whether a thread went with its channel; what is on no list is asked for."""
    server = sync.server
    if thread in server.rooms:
        return False
    if thread in server.above:
        return server.above[thread] in gone
    try:
        row = thing(sync.client.get(f"/channels/{thread}").data, "the thread")
    except Refused as error:
        if error.answered not in SHUT:
            raise
        return True
    return row.get("parent_id") in gone


def _left_out(failed: list[str], server: Server, at: Cursor) -> list[Item]:
    """Return what is said of channels that the bot may not read, once for each set of them."""
    left = [id_ for id_ in failed if not server.rooms[id_].is_thread]
    if left == at.get("left_out", []):
        return []
    at["left_out"] = left
    names = [f"#{server.rooms[id_].name}" for id_ in left]
    told = "are left out: give the bot View Channel and Read Message History if they are to come in"
    return [Reject("channels", f"{len(left)} {told}", ", ".join(names[:NAMED]))] if left else []
