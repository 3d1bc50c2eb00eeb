"""A workspace of Slack in memory, which answers as the documented Web API does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.jobs.sync.local import Asked, Reply

BEGIN = int(datetime(2026, 5, 1, 9, tzinfo=UTC).timestamp())
DAY = 24 * 60


def ts(minutes: int) -> str:
    """Return a time, in minutes after the workspace was made."""
    return f"{BEGIN + 60 * minutes}.000100"


def no(error: str, **more: Any) -> Reply:
    """Return a refusal."""
    return Reply({"ok": False, "error": error, **more})


@dataclass(slots=True)
class Workspace:
    """Channels C1 and C2 are public, G3 is private, D4 is direct; messages by channel and ts.

    `scopes` that are missing are named by method.
    """

    channels: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "C1": {"id": "C1", "name": "general", "is_general": True, "is_member": True},
            "C2": {"id": "C2", "name": "help", "is_member": True},
            "G3": {"id": "G3", "name": "staff", "is_private": True, "is_member": True},
            "D4": {"id": "D4", "is_im": True, "user": "U1"},
        }
    )
    messages: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
    size: int = 200
    url: str = ""
    bot: bool = True

    def say(
        self, channel: str, minutes: int, thread: int | None = None, **more: Any
    ) -> dict[str, Any]:
        """Add a message, under another one where that is named."""
        own = ts(minutes)
        row = {"type": "message", "user": f"U{minutes % 2 + 1}", "ts": own, "text": f"at {minutes}"}
        rows = self.messages.setdefault(channel, {})
        rows[own] = {**row, **more}
        if thread is not None:
            rows[own]["thread_ts"] = ts(thread)
            self.count(channel, thread)
        return rows[own]

    def count(self, channel: str, thread: int) -> None:
        """Let the first message of a thread tell how many replies there are."""
        rows, root = self.messages[channel], ts(thread)
        replies = [one for one in self._under(channel, root) if one["ts"] != root]
        rows[root] |= {"thread_ts": root, "reply_count": len(replies)}
        rows[root]["latest_reply"] = replies[-1]["ts"] if replies else root

    def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        method = asked.path.removeprefix("/api/")
        if method in self.scopes:
            return no("missing_scope", needed=self.scopes[method], provided="none")
        if method == "auth.test":
            bot = {"bot_id": "B1"} if self.bot else {}
            return Reply({"ok": True, "url": f"{self.url}/", **bot})
        if method == "users.list":
            people = [
                {"id": id_, "profile": {"display_name": name, "email": f"{name}@x.example"}}
                for id_, name in (("U1", "ann"), ("U2", "bob"))
            ]
            return self._paged("members", people, asked)
        if method == "conversations.list":
            return self._paged("channels", self._listed(asked.one("types")), asked)
        if self.channels.get(asked.one("channel")) is None:
            return no("channel_not_found")
        if self.channels[asked.one("channel")].get("is_member") is False:
            return no("not_in_channel")
        return self._history(asked) if method.endswith("history") else self._replies(asked)

    def _listed(self, types: str) -> list[dict[str, Any]]:
        def kind(row: dict[str, Any]) -> str:
            if row.get("is_im"):
                return "im"
            return "private_channel" if row.get("is_private") else "public_channel"

        return [row for row in self.channels.values() if kind(row) in types.split(",")]

    def _history(self, asked: Asked) -> Reply:
        oldest, latest = asked.one("oldest", "0"), asked.one("latest", "9")
        rows = [
            row
            for row in self.messages.get(asked.one("channel"), {}).values()
            if float(oldest) <= float(row["ts"]) <= float(latest)
            and row.get("thread_ts") in (None, row["ts"])
        ]
        rows.sort(key=lambda row: str(row["ts"]), reverse=True)
        return self._paged("messages", rows, asked)

    def _replies(self, asked: Asked) -> Reply:
        channel, own = asked.one("channel"), asked.one("ts")
        if own not in self.messages.get(channel, {}):
            return no("thread_not_found")
        rows = self._under(channel, own)
        return self._paged("messages", rows or [self.messages[channel][own]], asked)

    def _under(self, channel: str, root: str) -> list[dict[str, Any]]:
        rows = sorted(self.messages[channel].values(), key=lambda row: str(row["ts"]))
        return [row for row in rows if row.get("thread_ts") == root]

    def _paged(self, name: str, rows: list[Any], asked: Asked) -> Reply:
        begin = int(asked.one("cursor", "0"))
        end = begin + min(self.size, int(asked.one("limit", "100")))
        more = len(rows) > end
        onward = {"next_cursor": str(end) if more else ""}
        page = {"ok": True, name: rows[begin:end], "response_metadata": onward}
        return Reply({**page, "has_more": more} if name == "messages" else page)
