"""The messages of one channel or thread of Discord, oldest first.

An id is a snowflake, which holds the time: https://discord.com/developers/docs/reference#snowflakes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jobs.sync.client import Client
from jobs.sync.discord_server import Server
from jobs.sync.live import Stored
from service.ingest.fields import TOLERANCE, BadRecord
from service.ingest.formats import discord as formats
from service.ingest.formats.chat import Arrivals, beginning
from service.ingest.formats.discord import Room
from service.ingest.records import Item, PostRecord, Reject

EPOCH = 1_420_070_400_000
PAGE = 100


@dataclass(slots=True)
class Sync:
    """One pass: the server, and what was met so far.

    `blind` says that a message did not tell which it is, so that none can be missed.
    """

    client: Client
    server: Server
    now: datetime
    stored: Stored
    seen: set[str] = field(default_factory=set)
    blind: bool = False
    arrivals: Arrivals = field(default_factory=Arrivals)

    def items(self, rows: list[Any], room: Room) -> list[Item]:
        """Return the records of messages."""
        items: list[Item] = []
        for row in rows:
            id_ = snowflake(row)
            place = f"#{room.name}, message {id_}"
            self.blind |= id_ is None
            self.seen.add(str(id_))
            try:
                found = formats.post(row, room, self.server.guild, self.now, place)
                if found is not None:
                    items.append(found)
                    self._hear(found)
                self.arrivals.join(formats.joined(row, self.now, place))
            except BadRecord as error:
                items.append(Reject(place, str(error), beginning(row)))
        return items

    def _hear(self, found: PostRecord) -> None:
        # A thread carries the message that it was started from.
        self.seen.add(found.external_id)
        self.arrivals.wrote(found)


def history(
    client: Client, room: str, after: int, now: datetime
) -> Iterator[tuple[list[Any], int]]:
    """Yield the messages after one, oldest first, each page with the id of its last.

    A page holds the messages that follow `after`, but begins with the newest of them.
    """
    last = snowflake_of(now + TOLERANCE)
    while True:
        data = client.get(f"/channels/{room}/messages", {"after": str(after), "limit": PAGE}).data
        if not isinstance(data, list):
            raise BadRecord("the messages are no list")
        rows = sorted(data, key=lambda row: snowflake(row) or 0)
        # What is dated ahead must not hide what is yet to come.
        ids = [id_ for row in rows if (id_ := snowflake(row)) is not None and id_ < last]
        reached = max([after, *ids])
        yield rows, reached
        if len(rows) < PAGE or reached == after:
            return
        after = reached


def snowflake(row: Any) -> int | None:
    """Return the id of a message; None where it has none."""
    value = row.get("id") if isinstance(row, dict) else None
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()) or len(value) > 19:
        return None
    return int(value) if int(value) < 2**63 else None


def snowflake_of(at: datetime) -> int:
    """Return the first id that a message of a time can have."""
    milliseconds = int(at.timestamp() * 1_000) - EPOCH
    return max(milliseconds, 0) << 22
