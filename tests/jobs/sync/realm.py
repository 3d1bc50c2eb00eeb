"""An organization on Zulip in memory, which answers as the documented API does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from tests.jobs.sync.local import Asked, Reply

BEGIN = int(datetime(2026, 5, 1, 9, tzinfo=UTC).timestamp())
DAY = 24 * 60
WRONG = {"result": "error", "msg": "Invalid message(s)", "code": "BAD_REQUEST"}


def account(id_: int, **more: Any) -> dict[str, Any]:
    """Return a row of GET /users."""
    return {
        "user_id": id_,
        "full_name": f"Person {id_}",
        "email": f"user{id_}@chat.example",
        "delivery_email": f"p{id_}@mail.example",
        "is_bot": False,
        "is_active": True,
        "role": 400,
        "date_joined": "2026-04-01T08:00:00+00:00",
        **more,
    }


@dataclass(slots=True)
class Realm:
    """Channels 1 and 2 are public, 3 is private; messages by id."""

    users: list[dict[str, Any]] = field(
        default_factory=lambda: [account(10), account(11), account(12, is_bot=True)]
    )
    streams: dict[int, dict[str, Any]] = field(
        default_factory=lambda: {
            1: {"stream_id": 1, "name": "general", "invite_only": False},
            2: {"stream_id": 2, "name": "help", "invite_only": False},
            3: {"stream_id": 3, "name": "staff", "invite_only": True},
        }
    )
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    size: int = 1_000

    def say(self, id_: int, topic: str, minutes: int, *, stream: int = 1, **more: Any) -> None:
        """Add a message."""
        self.messages[id_] = {
            "id": id_,
            "sender_id": 10 + id_ % 2,
            "sender_full_name": "somebody",
            "type": "stream",
            "stream_id": stream,
            "display_recipient": "a channel",
            "subject": topic,
            "content": f"words of {id_}",
            "content_type": "text/x-markdown",
            "timestamp": BEGIN + 60 * minutes,
            "reactions": [],
            **more,
        }

    def tell(self, id_: int, minutes: int) -> None:
        """Add a direct message."""
        people = [{"id": 10}, {"id": 11}]
        self.say(id_, "", minutes, type="private", display_recipient=people)
        del self.messages[id_]["stream_id"]

    def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        path = asked.path.removeprefix("/api/v1")
        if path == "/users":
            return Reply({"result": "success", "members": self.users})
        if path == "/streams":
            return Reply({"result": "success", "streams": self._streams(asked)})
        if path == "/messages":
            return self._messages(asked)
        if found := re.fullmatch(r"/users/me/(\d+)/topics", path):
            return self._topics(int(found[1]))
        if (found := re.fullmatch(r"/streams/(\d+)", path)) and int(found[1]) in self.streams:
            return Reply({"result": "success", "stream": self.streams[int(found[1])]})
        return Reply(WRONG, 400)

    def _streams(self, asked: Asked) -> list[dict[str, Any]]:
        own = asked.one("include_subscribed", "true") == "true"
        return [row for row in self.streams.values() if own or not row["invite_only"]]

    def _topics(self, stream: int) -> Reply:
        rows = [row for row in self.messages.values() if row.get("stream_id") == stream]
        names = dict.fromkeys(row["subject"] for row in rows)
        return Reply({"result": "success", "topics": [{"name": name} for name in names]})

    def _messages(self, asked: Asked) -> Reply:
        assert asked.one("apply_markdown") == "false"
        narrow = orjson.loads(asked.one("narrow"))
        begin, size = int(asked.one("anchor")), min(int(asked.one("num_after")), self.size)
        rows = [row for _, row in sorted(self.messages.items()) if self._fits(row, narrow)]
        here = [row for row in rows if row["id"] == begin]
        after = [row for row in rows if row["id"] > begin]
        return Reply(
            {
                "result": "success",
                "anchor": begin,
                "messages": [*here, *after[:size]],
                "found_newest": len(after) <= size,
            }
        )

    def _fits(self, row: dict[str, Any], narrow: list[dict[str, Any]]) -> bool:
        stream = row.get("stream_id")
        for term in narrow:
            match term["operator"], term["operand"]:
                case "streams", "public":
                    fits = stream is not None and not self.streams[stream]["invite_only"]
                case "stream", id_:
                    fits = stream == id_
                case "topic", name:
                    fits = row["subject"] == name
                case _:
                    fits = stream is None
            if not fits:
                return False
        return True
