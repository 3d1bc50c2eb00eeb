"""What importers yield: posts, events, accounts, and what they had to refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import orjson

RAW_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class ReactionRecord:
    """How often one reaction stands under a post; `author` is "" where only a count is known."""

    name: str
    author: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class PostRecord:
    """One post as its source tells it.

    `None` means that the record does not carry the field. A `thread_id` of None asks for the
    thread of the parent. `text` is what people are shown, in Markdown.
    """

    external_id: str
    author: str
    created_at: datetime
    text: str
    thread_id: str | None = None
    thread_title: str | None = None
    channel: str | None = None
    parent_id: str | None = None
    reactions: tuple[ReactionRecord, ...] = ()
    accepted_answer_id: str | None = None
    resolved: bool | None = None
    url: str | None = None
    source: str | None = None
    visibility: str = "public"
    author_name: str | None = None
    is_bot: bool = False
    is_staff: bool = False
    truncated: bool = False
    place: str = field(default="", compare=False)

    def digest(self) -> bytes:
        """Return 16 bytes over every field but the place: equal for equal records."""
        fields = (
            self.external_id,
            self.author,
            self.created_at,
            self.text,
            self.thread_id,
            self.thread_title,
            self.channel,
            self.parent_id,
            self.reactions,
            self.accepted_answer_id,
            self.resolved,
            self.url,
            self.author_name,
            self.is_bot,
            self.is_staff,
            self.truncated,
        )
        return blake2b(orjson.dumps(fields), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened beside posts. `member` is a handle, `account` a domain."""

    external_id: str
    kind: str
    occurred_at: datetime
    member: str | None = None
    account: str | None = None
    amount: float | None = None
    data: dict[str, Any] = field(default_factory=dict)
    source: str | None = None
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A company. `annual_value` is in the community's own currency."""

    domain: str
    name: str | None = None
    plan: str | None = None
    annual_value: float | None = None
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that was refused: where it stands, why, and how it starts."""

    place: str
    reason: str
    raw: str = ""


Item = PostRecord | EventRecord | AccountRecord | Reject
Progress = Callable[[int, int], None]


class Reader(Protocol):
    """Reads one kind of archive; `progress` hears (bytes read, bytes in all)."""

    def __call__(self, path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
        """Yield every record in the order of the archive; raise BadArchive if there can be none."""


def raw_text(raw: bytes) -> str:
    """Return at most 2,000 characters of a record; bytes that are no UTF-8 are escaped."""
    return raw[: RAW_LIMIT * 4].decode("utf-8", "backslashreplace")[:RAW_LIMIT]


def raw_of(record: PostRecord | EventRecord | AccountRecord) -> str:
    """Return the start of a record as JSON, for the list of refused records."""
    return raw_text(orjson.dumps(record))
