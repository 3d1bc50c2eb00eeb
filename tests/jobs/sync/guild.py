"""A server on Discord in memory, which answers as the documented API does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.jobs.sync.local import Asked, Reply

GUILD = "900"
BEGIN = datetime(2026, 5, 1, 9, tzinfo=UTC)
EPOCH = 1_420_070_400_000
DAY = 24 * 60
VIEW = 1 << 10
DENIED = [{"id": GUILD, "type": 0, "allow": "0", "deny": str(VIEW)}]
NO_ACCESS = Reply({"message": "Missing Access", "code": 50001}, 403)
UNKNOWN = Reply({"message": "Unknown Message", "code": 10008}, 404)


def at(minutes: int) -> str:
    """Return a time, in minutes after the server was made."""
    return (BEGIN + timedelta(minutes=minutes)).isoformat()


def flake(minutes: int) -> str:
    """Return the id that something of a time has."""
    ahead = int((BEGIN + timedelta(minutes=minutes)).timestamp() * 1_000) - EPOCH
    return str(ahead << 22)


def room(id_: str, name: str, kind: int = 0, **more: Any) -> dict[str, Any]:
    """Return a channel."""
    return {"id": id_, "type": kind, "name": name, "permission_overwrites": [], **more}


@dataclass(slots=True)
class Guild:
    """Channels 100 and 200 and the forum 300 are open, 400 is private; messages by channel.

    Channels in `shut` are closed to the bot, those in `blank` show it nothing.
    """

    channels: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "50": room("50", "Talk", 4),
            "100": room("100", "general", parent_id="50"),
            "200": room("200", "help"),
            "300": room("300", "ideas", 15),
            "400": room("400", "staff", permission_overwrites=DENIED),
        }
    )
    threads: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    shut: set[str] = field(default_factory=set)
    blank: set[str] = field(default_factory=set)
    flags: int = 1 << 19
    everyone: int = VIEW
    size: int = 100

    def say(self, channel: str, minutes: int, **more: Any) -> dict[str, Any]:
        """Add a message."""
        own = flake(minutes)
        person = 70 + minutes % 2
        row = {
            "id": own,
            "channel_id": channel,
            "type": 0,
            "timestamp": at(minutes),
            "content": f"at {minutes}",
            "author": {"id": str(person), "username": f"user{person}", "discriminator": "0"},
            **more,
        }
        self.messages.setdefault(channel, {})[own] = row
        home = self.channels.get(channel) or self.threads[channel]
        home["last_message_id"] = str(max(int(home.get("last_message_id") or 0), int(own)))
        return row

    def open(
        self, parent: str, minutes: int, *, archived: int | None = None, kind: int = 11
    ) -> str:
        """Return a new thread, which is archived where that is said."""
        own = flake(minutes)
        state = {"archived": archived is not None, "archive_timestamp": at(archived or minutes)}
        name = f"thread of {minutes}"
        self.threads[own] = {**room(own, name, kind, parent_id=parent), "thread_metadata": state}
        return own

    def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        path = asked.path.removeprefix("/api/v10")
        if path == f"/guilds/{GUILD}":
            roles = [{"id": GUILD, "name": "@everyone", "permissions": str(self.everyone)}]
            return Reply({"id": GUILD, "name": "Home", "roles": roles})
        if path == "/applications/@me":
            return Reply({"id": "1", "flags": self.flags})
        if path == f"/guilds/{GUILD}/channels":
            return Reply(list(self.channels.values()))
        if path == f"/guilds/{GUILD}/threads/active":
            return Reply({"threads": [row for row in self.threads.values() if not _is_old(row)]})
        if found := re.fullmatch(r"/channels/(\d+)/threads/archived/(\w+)", path):
            return self._archived(found[1], found[2] == "private", asked)
        if (found := re.fullmatch(r"/channels/(\d+)", path)) and found[1] in self.threads:
            return Reply(self.threads[found[1]])
        found = re.fullmatch(r"/channels/(\d+)/messages(?:/(\d+))?", path)
        if found is None or found[1] not in {*self.channels, *self.threads}:
            return Reply({"message": "Unknown Channel", "code": 10003}, 404)
        if found[1] in self.shut:
            return NO_ACCESS
        return self._messages(found[1], found[2], asked)

    def _archived(self, parent: str, private: bool, asked: Asked) -> Reply:
        rows = [
            row
            for row in self.threads.values()
            if row["parent_id"] == parent and _is_old(row) and (row["type"] == 12) == private
        ]
        rows.sort(key=_archived_at, reverse=True)
        before = asked.one("before", "9")
        left = [row for row in rows if _archived_at(row) < before]
        size = min(self.size, int(asked.one("limit")))
        return Reply({"threads": left[:size], "has_more": len(left) > size})

    def _messages(self, channel: str, message: str | None, asked: Asked) -> Reply:
        rows = self.messages.get(channel, {})
        if message is not None:
            if channel in self.blank:
                return NO_ACCESS
            return Reply(rows[message]) if message in rows else UNKNOWN
        if channel in self.blank:
            return Reply([])
        after, size = int(asked.one("after")), int(asked.one("limit"))
        found = sorted((row for id_, row in rows.items() if int(id_) > after), key=_id)
        return Reply(found[:size][::-1])


def _id(row: dict[str, Any]) -> int:
    return int(row["id"])


def _is_old(row: dict[str, Any]) -> bool:
    return bool(row["thread_metadata"]["archived"])


def _archived_at(row: dict[str, Any]) -> str:
    return str(row["thread_metadata"]["archive_timestamp"])
