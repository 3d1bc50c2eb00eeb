"""A server of Discord: which of its channels and threads are read, and which are private.

https://discord.com/developers/docs/topics/permissions: a channel is open where the role that
everybody has may view it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from jobs.sync.client import Client
from jobs.sync.cursors import instant
from jobs.sync.live import Refused
from service.errors import SyncFailed
from service.ingest.fields import BadRecord, needed, word
from service.ingest.formats import discord as formats
from service.ingest.formats.chat import beginning
from service.ingest.formats.discord import Guild, Room
from service.ingest.formats.values import inner, listed, thing
from service.ingest.records import Item, Reject

TEXT, VOICE, CATEGORY, NEWS, STAGE, FORUM, MEDIA = "0", "2", "4", "5", "13", "15", "16"
SPOKEN = (TEXT, VOICE, NEWS, STAGE)
THREADED = (TEXT, NEWS, FORUM, MEDIA)
PRIVATE_THREAD = "12"
VIEW = 1 << 10
# Flags of an application that may read what messages say, verified or not.
CONTENT = 1 << 18 | 1 << 19
PAGE = 100
SHUT = (403, 404)


@dataclass(slots=True)
class Server:
    """What is read of a server: rooms by id, with the last message of each where that is told.

    `closed` are channels and threads that are left out as private; `above` is the channel of each
    thread.
    """

    guild: Guild
    asked: bool
    rooms: dict[str, Room] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    above: dict[str, str] = field(default_factory=dict)
    bad: list[Item] = field(default_factory=list)

    def add(self, row: Any, room: Room, *, is_private: bool) -> None:
        """Take in a channel or thread, or leave it out as private."""
        if is_private and not self.asked:
            self.closed.add(room.id)
            return
        self.rooms[room.id] = replace(room, visibility="private") if is_private else room
        last = row.get("last_message_id")
        if isinstance(last, str) and last.isascii() and last.isdigit() and len(last) < 20:
            self.last[room.id] = int(last)


def look(client: Client, guild: str, asked: bool, window: datetime, known: set[str]) -> Server:
    """Return what is read of a server, with the threads that were archived since `window`.

    Of channels that are not `known` yet all threads are. Raises SyncFailed for a bot that would
    see messages without their words.
    """
    home = thing(client.get(f"/guilds/{guild}").data, "the server")
    base = _base(home, guild)
    _check_intent(client)
    rows = _all(client.get(f"/guilds/{guild}/channels").data)
    closed = {_key(row) for row in rows if not _is_open(row, guild, base)}
    shown = [row for row in rows if asked or _key(row) not in closed]
    names = {_key(row): word(row, ("name",)) or _key(row) for row in shown}
    server = Server(Guild(guild, names, {}), asked)
    for row in rows:
        kind = word(row, ("type",))
        if kind in SPOKEN:
            room = formats.room(row)
            server.add(row, room, is_private=room.id in closed)
        elif kind != CATEGORY and _key(row) in closed and not asked:
            server.closed.add(_key(row))
    # Those that are active come last, and tell most.
    for row in _threads(client, guild, shown, asked, window, known):
        _add_thread(server, row, closed)
    starts = {id_: room for id_, room in server.rooms.items() if room.is_thread}
    return replace(server, guild=replace(server.guild, threads=starts))


def _add_thread(server: Server, row: Any, closed: set[str]) -> None:
    try:
        room = formats.room(row, server.guild)
        parent = needed(thing(row, "the thread"), ("parent_id",))
        _key(row)
    except BadRecord as error:
        server.bad.append(Reject("threads", str(error), beginning(row)))
        return
    server.above[room.id] = parent
    is_private = room.visibility != "public" or parent in closed
    # A thread of a channel that is on no list may be anybody's.
    server.add(row, room, is_private=is_private or parent not in server.guild.channels)


def _base(home: dict[str, Any], guild: str) -> int:
    """Return the permissions of the role that everybody has, whose id is the server's."""
    for role in listed(home, "roles"):
        row = thing(role, "the role")
        if row.get("id") == guild:
            return _bits(row, "permissions")
    raise BadRecord("`roles` lacks that of everyone")


def _bits(row: dict[str, Any], name: str) -> int:
    value = needed(row, (name,), 40)
    if not (value.isascii() and value.isdigit()):
        raise BadRecord(f"`{name}` is no number")
    return int(value)


def _is_open(row: dict[str, Any], guild: str, base: int) -> bool:
    """Return whether everybody may view a channel."""
    for rule in listed(row, "permission_overwrites"):
        rule = thing(rule, "the overwrite")
        if rule.get("id") == guild:
            base = base & ~_bits(rule, "deny") | _bits(rule, "allow")
    return bool(base & VIEW)


def _all(data: Any) -> list[dict[str, Any]]:
    """Return the channels, each of which must tell who may read it."""
    if not isinstance(data, list):
        raise BadRecord("the list of channels is no list")
    rows = [thing(row, "the channel") for row in data]
    for row in rows:
        _key(row)
    return rows


def _key(row: Any) -> str:
    key = needed(thing(row, "the channel"), ("id",), 19)
    if not (key.isascii() and key.isdigit() and int(key) < 2**63):
        raise BadRecord("`id` is none of Discord's")
    return key


def _check_intent(client: Client) -> None:
    try:
        told = thing(client.get("/applications/@me").data, "the application").get("flags")
    except (Refused, BadRecord):
        return
    if isinstance(told, int) and not told & CONTENT:
        raise SyncFailed(
            f"{client.host} shows the bot no words: turn on Message Content Intent in the "
            f"settings of the bot of {client.access.variable}"
        )


def _threads(
    client: Client,
    guild: str,
    channels: list[dict[str, Any]],
    asked: bool,
    window: datetime,
    known: set[str],
) -> Iterator[Any]:
    """Yield the archived threads of each channel, and then those that are active."""
    for row in channels:
        if word(row, ("type",)) not in THREADED:
            continue
        down_to = window if _key(row) in known else None
        kinds = ("public", "private") if asked and word(row, ("type",)) == TEXT else ("public",)
        for kind in kinds:
            path = f"/channels/{_key(row)}/threads/archived/{kind}"
            yield from _archived(client, path, down_to)
    active = thing(client.get(f"/guilds/{guild}/threads/active").data, "the threads")
    yield from listed(active, "threads")


def _archived(client: Client, path: str, down_to: datetime | None) -> Iterator[Any]:
    """Yield archived threads, from the one that was archived last, down to a time."""
    before: str | None = None
    while True:
        query = {"limit": PAGE} | ({"before": before} if before else {})
        try:
            page = thing(client.get(path, query).data, "the threads")
        except Refused as error:
            if error.answered in SHUT:
                return
            raise
        rows = listed(page, "threads")
        yield from rows
        if page.get("has_more") is not True or not rows:
            return
        last = inner(thing(rows[-1], "the thread"), "thread_metadata").get("archive_timestamp")
        at = instant(last)
        if at is None or last == before:
            raise BadRecord("`archive_timestamp` does not tell where to go on")
        if down_to is not None and at < down_to:
            return
        before = last
