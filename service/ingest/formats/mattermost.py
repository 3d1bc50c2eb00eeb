"""A post of Mattermost, as the REST API and the bulk export give it.

The fields: https://api.mattermost.com (posts, users, channels) and
https://docs.mattermost.com/onboard/bulk-loading-data-format.html.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from service.ingest.fields import (
    ID_LIMIT,
    BadRecord,
    Row,
    body,
    flag,
    link,
    mapping,
    moment,
    needed,
    word,
)
from service.ingest.formats.chat import (
    EMOJI_LIMIT,
    Counted,
    Person,
    arrival,
    beginning,
    either,
    item,
    mail,
    moment_or_none,
    objects,
    signed,
    tally,
    whole,
)
from service.ingest.formats.values import packed
from service.ingest.records import Deletion, EventRecord, PostRecord, Reject

VISIBILITY = {"O": "public", "P": "private", "D": "direct", "G": "direct"}
SYSTEM = "system_"
STAFF = ("system_admin", "system_manager", "system_user_manager", "team_admin")
TRUE = (True, "true")
PART_LIMIT = 64_000


@dataclass(frozen=True, slots=True)
class Channel:
    """Where posts stand, and who may read it."""

    id: str
    name: str
    visibility: str


@dataclass(frozen=True, slots=True)
class Server:
    """What is known beside the posts: people and channels by what posts call them."""

    people: Mapping[str, Person] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)

    def channel(self, key: str) -> Channel:
        """Return a channel; one that is none of those known is private, it may be anything."""
        return self.channels.get(key) or Channel(
            key, key, "private" if self.channels else VISIBILITY["O"]
        )


def person(value: Any, now: datetime) -> tuple[str, Person]:
    """Return the id of a user, or the name where an export has no ids, and what is told of it."""
    row = item(value, "user")
    bot = flag(row, ("is_bot",)) or False
    roles = (word(row, ("roles",)) or "").split()
    full = " ".join(name for key in ("first_name", "last_name") if (name := word(row, (key,))))
    return needed(row, ("id", "username")), Person(
        name=either(row, "nickname", "display_name") or full or word(row, ("username",)),
        email=None if bot else mail(row, "email"),
        links=tuple(filter(None, (link(mapping(row, "props"), ("website",)),))),
        is_bot=bot,
        is_staff=any(role in STAFF for role in roles),
        is_deleted=moment_or_none(row, ("delete_at",), now) is not None,
        joined_at=moment_or_none(row, ("create_at",), now),
    )


def channel(value: Any) -> Channel:
    """Return a channel; that of a bulk export is called TEAM/NAME in place of an id."""
    row = item(value, "channel")
    key = word(row, ("id",)) or f"{needed(row, ('team',))}/{needed(row, ('name',))}"
    told = VISIBILITY.get(word(row, ("type",)) or "", "private")
    return Channel(key, either(row, "display_name", "name") or key, told)


def post(
    value: Any, server: Server, now: datetime, place: str = "", roots: Collection[str] = ()
) -> PostRecord | Deletion | None:
    """Return a post of the API; a Deletion for a deleted one, None for what the system wrote.

    `roots` are the ids of posts that are known to have replies.
    """
    row = item(value)
    external_id = needed(row, ("id",))
    if moment_or_none(row, ("delete_at",), now) is not None:
        return Deletion(external_id, place=place)
    if _is_system(row):
        return None
    author, known = _author(row, server, now)
    thread = word(row, ("root_id",))
    if thread is None and (external_id in roots or whole(row, "reply_count")):
        thread = external_id
    where = _channel(row, server)
    record = PostRecord(
        external_id=external_id,
        author=author,
        created_at=moment(row, ("create_at",), now),
        text=_text(row),
        thread_id=thread,
        channel=where.name,
        reactions=tally(_reactions(mapping(row, "metadata"), "user_id")),
        edited_at=moment_or_none(row, ("edit_at",), now),
        visibility=where.visibility,
        flat=thread is None,
        raw=packed(row),
        place=place,
    )
    return signed(record, known)


def root_of(value: Any) -> str | None:
    """Return the id of the post that a post of the API answers, or None."""
    root = value.get("root_id") if isinstance(value, dict) else None
    return root if isinstance(root, str) and root else None


def bulk(value: Any, server: Server, now: datetime, place: str) -> Iterator[PostRecord | Reject]:
    """Yield the post of a line of a bulk export with its replies; a broken reply as a Reject."""
    row = item(value, "post")
    if _is_system(row):
        return
    people = row.get("channel_members")
    if people is None:
        where = server.channel(f"{needed(row, ('team',))}/{needed(row, ('channel',))}")
    else:
        where = _direct(people)
    first = _bulk(row, where, None, server, now, place)
    replies = objects(row, "replies")
    if replies:
        first = _bulk(row, where, first.external_id, server, now, place)
    yield first
    for position, reply in enumerate(replies, start=1):
        at = f"{place}, reply {position}"
        try:
            yield _bulk(reply, where, first.external_id, server, now, at)
        except BadRecord as error:
            yield Reject(at, str(error), beginning(reply))


def joined(handle: str, person: Person) -> EventRecord | None:
    """Return when a person joined; None where nothing says it."""
    return None if person.joined_at is None else arrival(handle, person.joined_at)


def _bulk(
    row: Row, where: Channel, root: str | None, server: Server, now: datetime, place: str
) -> PostRecord:
    """Return a post without an id: its place, its time and its author make one."""
    author = needed(row, ("user",))
    created_at = moment(row, ("create_at",), now)
    stamp = f"{where.id}/{round(created_at.timestamp() * 1_000)}/{author}"
    if len(stamp) > ID_LIMIT:
        stamp = blake2b(stamp.encode(), digest_size=16).hexdigest()
    record = PostRecord(
        external_id=stamp,
        author=author,
        created_at=created_at,
        text=_text(row),
        thread_id=root,
        channel=where.name,
        reactions=tally(_reactions(row, "user")),
        edited_at=moment_or_none(row, ("edit_at",), now),
        visibility=where.visibility,
        flat=root is None,
        raw=packed(row) if not row.get("replies") else b"",
        place=place,
    )
    return signed(record, server.people.get(author) or Person())


def _direct(value: Any) -> Channel:
    """Return the conversation of some people."""
    if not isinstance(value, list):
        raise BadRecord("`channel_members` is no list of names")
    people = sorted({needed({"channel_members": name}, ("channel_members",)) for name in value})
    key = blake2b(",".join(people).encode(), digest_size=16).hexdigest()
    return Channel(f"direct/{key}", "direct", "direct")


def _is_system(row: Row) -> bool:
    return (word(row, ("type",)) or "").startswith(SYSTEM)


def _channel(row: Row, server: Server) -> Channel:
    """Return the channel of a post, which some tools put into the post itself."""
    told = row.get("channel_data")
    return channel(told) if isinstance(told, dict) else server.channel(needed(row, ("channel_id",)))


def _author(row: Row, server: Server, now: datetime) -> tuple[str, Person]:
    """Return the handle and the person of an author.

    What a webhook posts carries the id of who made the webhook, and is not that person's word.
    """
    props = mapping(row, "props")
    handle = needed(row, ("user_id",))
    if props.get("from_webhook") in TRUE:
        name = word(props, ("override_username", "webhook_display_name"))
        return f"{handle}/webhook"[:ID_LIMIT], Person(name=name or "webhook", is_bot=True)
    told = row.get("user_data")
    known = person(told, now)[1] if isinstance(told, dict) else server.people.get(handle)
    is_bot = props.get("from_bot") in TRUE
    if known is None or (is_bot and not known.is_bot):
        return handle, Person(name=known.name if known else None, is_bot=is_bot)
    return handle, known


def _text(row: Row) -> str:
    """Return what a post says; of webhooks, which write into attachments alone, those."""
    said = body(row, ("message",)).strip()
    if said:
        return said
    parts = [
        word(part, (name,), PART_LIMIT)
        for part in objects(mapping(row, "props"), "attachments")
        for name in ("pretext", "title", "text")
    ]
    return "\n\n".join(part for part in parts if part)


def _reactions(row: Row, author: str) -> Iterator[Counted]:
    for reaction in objects(row, "reactions"):
        who = word(reaction, (author,)) or ""
        yield needed(reaction, ("emoji_name",), EMOJI_LIMIT), who, 1
