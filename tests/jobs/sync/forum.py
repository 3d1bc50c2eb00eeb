"""A Discourse forum in memory, which answers as the documented API does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.jobs.sync.local import Asked, Reply

BEGIN = datetime(2026, 5, 1, 9, tzinfo=UTC)
CHUNK = 20
GONE = {"errors": ["The requested URL or resource could not be found."], "error_type": "not_found"}


def at(minutes: int) -> str:
    """Return a time, in minutes after the forum was opened."""
    return (
        (BEGIN + timedelta(minutes=minutes))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def post(id_: int, number: int, minutes: int, **more: Any) -> dict[str, Any]:
    """Return a post."""
    return {
        "id": id_,
        "post_number": number,
        "username": more.pop("username", f"user{id_ % 3}"),
        "user_id": 10 + id_ % 3,
        "raw": f"words of {id_}",
        "cooked": f"<p>words of {id_}</p>",
        "created_at": at(minutes),
        "updated_at": at(minutes),
        "post_type": 1,
        "version": 1,
        **more,
    }


@dataclass(slots=True)
class Forum:
    """Topics by id, with their posts; `closed` topics answer 403."""

    topics: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    bumped: dict[int, str] = field(default_factory=dict)
    category: dict[int, int] = field(default_factory=dict)
    messages: set[int] = field(default_factory=set)
    categories: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"id": 1, "name": "General"},
            {"id": 2, "name": "Staff", "read_restricted": True},
        ]
    )
    per_page: int = 30

    def add(self, topic: int, posts: int = 2, minutes: int | None = None, first: int = 0) -> None:
        """Add a topic whose posts are a minute apart."""
        begin = topic * 100 if minutes is None else minutes
        first = first or topic * 1_000
        made = [post(first + n, n + 1, begin + n) for n in range(posts)]
        self.topics[topic] = made
        self.bumped[topic] = made[-1]["created_at"]

    def reply(self, topic: int, minutes: int, **more: Any) -> dict[str, Any]:
        """Add a post to a topic."""
        last = self.topics[topic][-1]
        made = post(last["id"] + 1, last["post_number"] + 1, minutes, **more)
        self.topics[topic].append(made)
        self.bumped[topic] = made["created_at"]
        return made

    def answer(self, asked: Asked) -> Reply:
        """Answer one request."""
        if asked.path == "/categories.json":
            begin = (int(asked.one("page", "1")) - 1) * 20
            rows = self.categories[begin : begin + 20]
            return Reply({"category_list": {"categories": rows}})
        if asked.path == "/session/current.json":
            return Reply({"current_user": {"username": "robot"}})
        if asked.path == "/latest.json":
            return self._list(asked, [one for one in self.topics if one not in self.messages])
        if asked.path == "/topics/private-messages/robot.json":
            return self._list(asked, sorted(self.messages))
        if asked.path.startswith("/topics/"):
            return self._list(asked, [])
        found = re.fullmatch(r"/t/(\d+)(/posts)?\.json", asked.path)
        if found is None or int(found[1]) not in self.topics:
            return Reply(GONE, 404)
        return self._posts(asked, int(found[1]), bool(found[2]))

    def _list(self, asked: Asked, ids: list[int]) -> Reply:
        ids = sorted(ids, key=lambda id_: self.bumped[id_], reverse=True)
        begin = int(asked.one("page", "0")) * self.per_page
        shown = {"topics": [self._row(id_) for id_ in ids[begin : begin + self.per_page]]}
        if len(ids) > begin + self.per_page:
            shown["more_topics_url"] = "/latest?page=1"
        return Reply({"topic_list": shown})

    def _row(self, id_: int) -> dict[str, Any]:
        posts = self.topics[id_]
        return {
            "id": id_,
            "title": f"Topic {id_}",
            "bumped_at": self.bumped[id_],
            "posts_count": len(posts),
            "category_id": self.category.get(id_, 1),
        }

    def _posts(self, asked: Asked, id_: int, some: bool) -> Reply:
        posts = self.topics[id_]
        if some:
            ids = set(asked.query["post_ids[]"])
            chosen = [one for one in posts if str(one["id"]) in ids]
            return Reply({"id": id_, "post_stream": {"posts": chosen}})
        stream = {"posts": posts[:CHUNK], "stream": [one["id"] for one in posts if "id" in one]}
        kind = "private_message" if id_ in self.messages else "regular"
        return Reply(
            {
                "id": id_,
                "title": f"Topic {id_}",
                "category_id": self.category.get(id_, 1),
                "archetype": kind,
                "chunk_size": CHUNK,
                "post_stream": stream,
            }
        )
