"""A message of Zulip, as the official export, GET /messages and the event queue give it.

The fields: https://zulip.com/api/get-messages and `zerver/lib/export.py` of Zulip's server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from nlp.text import readable
from service.ingest.fields import (
    ID_LIMIT,
    TITLE_LIMIT,
    BadRecord,
    Row,
    body,
    flag,
    looks_bot,
    moment,
    needed,
    word,
)
from service.ingest.formats.chat import (
    EMOJI_LIMIT,
    Counted,
    Person,
    arrival,
    item,
    mail,
    moment_or_none,
    objects,
    signed,
    tally,
)
from service.ingest.formats.values import packed
from service.ingest.records import Deletion, EventRecord, PostRecord

CHECK = "✔"
DIRECT, STREAM, GROUP = 1, 2, 3
# Owner, administrator, moderator: https://zulip.com/api/roles-and-permissions.
STAFF = ("100", "200", "300")
MARKDOWN = "text/x-markdown"
QUOTED = re.compile(
    r"@_?\*\*[^*\n]{1,200}\*\* \[[^\]\n]{1,80}\]\([^)\s]{1,2000}/near/(\d{1,18})\)"
    r'|/near/(\d{1,18})"[^>]{0,200}>said</a>'
)
# What Zulip shows in place of an address that its owner keeps to himself.
HIDDEN = re.compile(r"user\d+@", re.IGNORECASE)
BOT = re.compile(r"-bot@", re.IGNORECASE)
REMOVED = "Deleted user"


@dataclass(frozen=True, slots=True)
class Stream:
    """A channel: its name, and who may read it."""

    id: str
    name: str
    visibility: str = "public"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where messages of an export go: a channel, one person, or the people of a group."""

    kind: int
    target: str


@dataclass(frozen=True, slots=True)
class Realm:
    """What is known beside the messages; `groups` are the people of group recipients.

    `site` is the organization's address, like https://chat.zulip.org, where links are wanted.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    streams: Mapping[str, Stream] = field(default_factory=dict)
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    groups: Mapping[str, Iterable[str]] = field(default_factory=dict)
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where one message stands."""

    thread_id: str
    title: str | None
    channel: str | None
    visibility: str
    resolved: bool | None = None
    stream: str | None = None


def person(value: Any, now: datetime, *, dummy: bool = False, system: bool = False) -> Person:
    """Return what an account's row says, of zerver_userprofile or GET /users.

    `dummy` accounts stand for people who never signed in, `system` ones are bots of the server.
    """
    row = item(value, "user")
    name = word(row, ("full_name",))
    bot = system or flag(row, ("is_bot",)) or False
    role = word(row, ("role",))
    staff = any(flag(row, (key,)) for key in ("is_owner", "is_admin", "is_realm_admin"))
    inactive = flag(row, ("is_active",)) is False
    return Person(
        name=name,
        email=None if bot else _mail(row, "delivery_email", "email"),
        is_bot=bot,
        is_staff=(staff or role in STAFF) and not bot,
        is_deleted=inactive if not dummy else bool(name and name.startswith(REMOVED)),
        joined_at=moment_or_none(row, ("date_joined",), now),
    )


def stream(value: Any) -> Stream:
    """Return a channel, of zerver_stream or GET /streams."""
    row = item(value, "channel")
    key = needed(row, ("id", "stream_id"))
    closed = flag(row, ("invite_only",))
    return Stream(key, word(row, ("name",)) or key, "private" if closed else "public")


def recipient(value: Any) -> tuple[str, Recipient]:
    """Return the id of a row of zerver_recipient and what it stands for."""
    row = item(value, "recipient")
    kind = needed(row, ("type",))
    if kind not in ("1", "2", "3"):
        raise BadRecord("`type` is no kind of recipient: it must be 1, 2 or 3")
    return needed(row, ("id",)), Recipient(int(kind), needed(row, ("type_id",)))


def topic(stream: str, subject: str) -> tuple[str, str, bool]:
    """Return the thread id of a topic, its title, and whether it is marked as resolved."""
    title = subject.strip()
    resolved = title.startswith(CHECK)
    title = title.removeprefix(CHECK).strip()
    return f"{stream}/{title}"[:ID_LIMIT], title, resolved


def post(
    value: Any,
    realm: Realm,
    now: datetime,
    place: str = "",
    reactions: Iterable[Counted] = (),
) -> PostRecord:
    """Return the post of a message; `reactions` are those that stand in a table of their own.

    A channel that is not among the realm's counts as private. Rendered messages become Markdown;
    asked for with `apply_markdown=false`, they are the same as in an export.
    """
    row = item(value)
    sender = needed(row, ("sender_id", "sender"))
    where = _place(row, realm, sender)
    content = body(row, ("content",))
    quoted = QUOTED.search(content)
    # Only the API has this field, and renders unless it is asked not to.
    rendered = "sender_id" in row and word(row, ("content_type",)) != MARKDOWN
    external_id = needed(row, ("id",))
    record = PostRecord(
        external_id=external_id,
        author=sender,
        created_at=moment(row, ("date_sent", "pub_date", "timestamp"), now),
        text=readable(content) if rendered else content,
        thread_id=where.thread_id,
        thread_title=where.title,
        channel=where.channel,
        parent_id=(quoted[1] or quoted[2]) if quoted else None,
        reactions=tally([*reactions, *_reactions(row)]),
        resolved=where.resolved,
        url=_url(realm.site, where.stream, external_id),
        edited_at=moment_or_none(row, ("last_edit_time", "last_edit_timestamp"), now),
        visibility=where.visibility,
        raw=packed(row),
        place=place,
    )
    return signed(record, realm.people.get(sender) or _sender(row))


def event(value: Any, realm: Realm, now: datetime, place: str = "") -> list[PostRecord | Deletion]:
    """Return what an event of the queue says outright: a new message, or deleted ones."""
    row = item(value, "event")
    if row.get("type") == "message":
        return [post(row.get("message"), realm, now, place)]
    if row.get("type") == "delete_message":
        return [Deletion(key, place=place) for key in _ids(row)]
    return []


def stale(value: Any) -> list[str]:
    """Return the ids of messages that an event says have changed, to be fetched again."""
    row = item(value, "event")
    return _ids(row) if row.get("type") in ("update_message", "reaction") else []


def joined(handle: str, person: Person) -> EventRecord | None:
    """Return when a person joined; None where nothing says it."""
    return None if person.joined_at is None else arrival(handle, person.joined_at)


def reaction(value: Any) -> tuple[str, Counted]:
    """Return the id of the message of a row of zerver_reaction, and the reaction."""
    row = item(value, "reaction")
    return needed(row, ("message", "message_id")), _reaction(row)


def _place(row: Row, realm: Realm, sender: str) -> Place:
    key = word(row, ("stream_id",))
    if key is not None:
        shown = row.get("display_recipient")
        name = word(row, ("display_recipient",)) if isinstance(shown, str) else None
        return _topic(row, realm.streams.get(key) or Stream(key, name or key, "private"))
    if row.get("display_recipient") is not None:
        return _direct([needed(user, ("id",)) for user in objects(row, "display_recipient")])
    key = needed(row, ("recipient",))
    found = realm.recipients.get(key)
    if found is None:
        raise BadRecord("`recipient` is none of realm.json: export the organization again")
    if found.kind == STREAM:
        return _topic(row, realm.streams.get(found.target) or Stream(found.target, "", "private"))
    if found.kind == DIRECT:
        return _direct([sender, found.target])
    return _direct([*realm.groups.get(key, (f"group-{key}",))])


def _topic(row: Row, stream: Stream) -> Place:
    subject = word(row, ("subject", "topic_name", "topic"), TITLE_LIMIT) or ""
    thread_id, title, resolved = topic(stream.id, subject)
    name = stream.name or None
    return Place(thread_id, title or None, name, stream.visibility, resolved, stream.id)


def _direct(people: list[str]) -> Place:
    """Return the conversation of some people, whoever of them wrote."""
    key = "direct/" + ",".join(sorted(set(people)))
    if len(key) > ID_LIMIT:
        key = "direct/" + blake2b(key.encode(), digest_size=16).hexdigest()
    return Place(key, None, None, "direct")


def _mail(row: Row, *names: str) -> str | None:
    found = [mail(row, name) for name in names]
    return next((address for address in found if address and not HIDDEN.match(address)), None)


def _sender(row: Row) -> Person:
    """Return what a message of the API itself tells of its author."""
    name, address = word(row, ("sender_full_name",)), mail(row, "sender_email")
    bot = bool(address and BOT.search(address)) or bool(name and looks_bot(name))
    return Person(name=name, email=None if bot else _mail(row, "sender_email"), is_bot=bot)


def _reactions(row: Row) -> Iterator[Counted]:
    return (_reaction(entry) for entry in objects(row, "reactions"))


def _reaction(row: Row) -> Counted:
    name = needed(row, ("emoji_name",), EMOJI_LIMIT)
    user = row.get("user")
    author = word(row, ("user_id", "user_profile"))
    if author is None and isinstance(user, dict):
        author = word(user, ("id", "user_id"))
    return name, author or "", 1


def _ids(row: Row) -> list[str]:
    value = row.get("message_ids")
    found = [needed({"id": key}, ("id",)) for key in value] if isinstance(value, list) else []
    own = word(row, ("message_id",))
    return list(dict.fromkeys([*found, own] if own else found))


def _url(site: str | None, stream: str | None, message: str) -> str | None:
    if site is None or stream is None:
        return None
    return f"{site.rstrip('/')}/#narrow/channel/{stream}/near/{message}"
