"""Channels and threads of Discord as DiscordChatExporter writes them: a JSON file for each.

The format: https://github.com/Tyrrrz/DiscordChatExporter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.importers.bundle import Bundle, Entry, open_bundle
from service.errors import BadArchive
from service.ingest.fields import BadRecord, mapping, word
from service.ingest.formats import discord
from service.ingest.formats.chat import Arrivals, beginning, item
from service.ingest.formats.discord import Guild, Room
from service.ingest.records import Item, PostRecord, Progress, Reject

HEAD = re.compile(rb'\s*\{\s*"guild"\s*:\s*\{')
CHANNEL = re.compile(
    rb'"channel"\s*:\s*\{\s*"id"\s*:\s*"(?P<id>[^"]*)"\s*,\s*"type"\s*:\s*"(?P<type>[^"]*)"'
)
UTF8_MARK = b"\xef\xbb\xbf"
# Where the exporter puts what was attached to messages.
ATTACHED = "_Files/"
LOOKED_AT = 50


@dataclass(slots=True)
class Heard:
    """What the files read so far say beyond their own messages."""

    threads: dict[str, Room] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    arrivals: Arrivals = field(default_factory=Arrivals)


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the messages of an export, threads first, and then when their authors joined.

    A thread tells which message of a channel it was started from. Raises BadArchive where there
    is no file of the exporter.
    """
    with open_bundle(path) as bundle:
        order = {entry: _order(_head(bundle, entry)) for entry in _candidates(bundle)}
        if not any(known for known, _ in order.values()):
            raise BadArchive(f"{path} holds no channel: export it again, with the format JSON")
        heard = Heard()
        # Sorted is stable: files of one kind stay in the order of their names.
        for entry in bundle.walk(sorted(order, key=lambda entry: order[entry][1]), progress):
            if order[entry][0]:
                yield from _file(bundle, entry, heard, now)
            else:
                yield Reject(entry.name, "the file is no channel of DiscordChatExporter")
        yield from heard.arrivals.told()


def fits(bundle: Bundle) -> bool:
    """Return whether an archive holds a file that begins with a server and a channel."""
    found = (_head(bundle, entry) for entry in _candidates(bundle)[:LOOKED_AT])
    return any(HEAD.match(head) and b'"channel"' in head for head in found)


def _candidates(bundle: Bundle) -> list[Entry]:
    return [
        entry
        for entry in bundle.entries
        if ATTACHED not in entry.name and (len(bundle.entries) == 1 or _is_json(entry))
    ]


def _is_json(entry: Entry) -> bool:
    return entry.name.lower().endswith(".json")


def _head(bundle: Bundle, entry: Entry) -> bytes:
    return bundle.head(entry.name).removeprefix(UTF8_MARK)


def _order(head: bytes) -> tuple[bool, bool]:
    """Return whether a file is one of the exporter's, and whether it comes after the threads."""
    channel = CHANNEL.search(head)
    is_thread = channel is not None and channel["type"].endswith(b"Thread")
    return HEAD.match(head) is not None, not is_thread


def _file(bundle: Bundle, entry: Entry, heard: Heard, now: datetime) -> Iterator[Item]:
    """Yield the messages of one channel or thread."""
    try:
        document = item(bundle.json(entry.name), "file")
        server = word(mapping(document, "guild"), ("id",))
        guild = Guild(server, heard.channels, heard.threads)
        room = discord.room(document.get("channel"), guild)
        rows = document.get("messages")
        if not isinstance(rows, list):
            raise BadRecord("`messages` is no list: export the channel again")
    except BadRecord as error:
        yield Reject(entry.name, str(error))
        return
    heard.channels[room.id] = room.name
    if room.is_thread:
        # A thread that was started from a message has that message's id.
        heard.threads[room.id] = room
    for position, row in enumerate(rows, start=1):
        yield from _message(row, room, guild, heard, f"{entry.name}, message {position}", now)


def _message(
    row: Any, room: Room, guild: Guild, heard: Heard, place: str, now: datetime
) -> Iterator[Item]:
    try:
        found = discord.post(row, room, guild, now, place)
        heard.arrivals.join(discord.joined(row, now, place))
        origin = discord.starts(row) if room.is_thread else None
        if origin:
            heard.threads[origin] = room
    except BadRecord as error:
        yield Reject(place, str(error), beginning(row))
        return
    if isinstance(found, PostRecord):
        yield found
        heard.arrivals.wrote(found)
