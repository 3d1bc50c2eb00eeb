"""What importers, live sources and pushes yield: posts, deletions, events, accounts, rejects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

RAW_LIMIT = 2_000
# Records are values: nothing changes one. Those of posts are not frozen, as a frozen one takes
# three times as long to make, and an import makes millions.


@dataclass(slots=True, unsafe_hash=True)
class ReactionRecord:
    """How often one reaction stands under a post; `author` is "" where only a count is known."""

    name: str
    author: str = ""
    count: int = 1


class Reading(NamedTuple):
    """What is computed of a post before it is stored: digest of its record, and its plain text."""

    digest: bytes
    plain: str
    content_hash: bytes


@dataclass(slots=True, unsafe_hash=True)
class PostRecord:
    """One post as its source tells it.

    `None` means that the record does not carry the field. `author` is the handle: what the
    platform itself tells people apart by. `platform` is where handles are unique, and the
    source's name where it is left out: two repositories of one forge share it. A `thread_id` of
    None asks for the thread of the parent; `flat` says that the source has no threads here, so
    that they may be rebuilt. `text` is what people are shown, in Markdown. `verified` says that
    the platform vouches for `author_email`. `raw` is the item as it came, `reading` what was
    computed of it already.
    """

    external_id: str
    author: str
    created_at: datetime
    text: str
    thread_id: str | None = None
    thread_title: str | None = None
    channel: str | None = None
    parent_id: str | None = None
    reactions: tuple[ReactionRecord, ...] | None = ()
    accepted_answer_id: str | None = None
    resolved: bool | None = None
    url: str | None = None
    edited_at: datetime | None = None
    source: str | None = None
    platform: str | None = None
    visibility: str = "public"
    flat: bool = False
    truncated: bool = False
    author_name: str | None = None
    author_email: str | None = None
    verified: bool = False
    author_links: tuple[str, ...] = ()
    is_bot: bool = False
    is_staff: bool = False
    is_deleted: bool = False
    raw: bytes = field(default=b"", compare=False, repr=False)
    place: str = field(default="", compare=False)
    reading: Reading | None = field(default=None, compare=False, repr=False)

    def digest(self) -> bytes:
        """Return 16 bytes over what the record says of the post, and not of its author."""
        if self.reading is not None:
            return self.reading.digest
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
            self.edited_at,
            self.visibility,
            self.flat,
            self.truncated,
        )
        return blake2b(orjson.dumps(fields), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Deletion:
    """A post that its source has deleted."""

    external_id: str
    source: str | None = None
    place: str = field(default="", compare=False)


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


Item = PostRecord | Deletion | EventRecord | AccountRecord | Reject
Progress = Callable[[int, int], None]


class Reader(Protocol):
    """Reads one kind of archive; `progress` hears (bytes read, bytes in all)."""

    def __call__(self, path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
        """Yield every record in the order of the archive; raise BadArchive if there can be none."""


def raw_text(raw: bytes) -> str:
    """Return at most 2,000 characters of a record; bytes that are no UTF-8 are escaped."""
    return raw[: RAW_LIMIT * 4].decode("utf-8", "backslashreplace")[:RAW_LIMIT]


def raw_of(record: PostRecord | Deletion | EventRecord | AccountRecord) -> str:
    """Return the start of a record as JSON, for the list of refused records."""
    if isinstance(record, PostRecord):
        return raw_text(record.raw or orjson.dumps(replace(record, raw=b""), default=str))
    return raw_text(orjson.dumps(record))
