"""A message of Discord, as DiscordChatExporter writes it and as the REST API gives it.

The fields: https://github.com/Tyrrrz/DiscordChatExporter (JSON) and
https://discord.com/developers/docs/resources/message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from service.ingest.fields import (
    TITLE_LIMIT,
    URL_LIMIT,
    Row,
    body,
    first,
    flag,
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
    either,
    item,
    moment_or_none,
    objects,
    reacted,
    signed,
    tally,
    whole,
)
from service.ingest.formats.values import packed
from service.ingest.records import EventRecord, PostRecord

DEFAULT, JOIN, REPLY, COMMAND, STARTER, MENU = 0, 7, 19, 20, 21, 23
# Everything else tells of the channel: pins, names, boosts, threads begun.
POSTS = (DEFAULT, REPLY, COMMAND, MENU)
TYPES = {
    "Default": DEFAULT,
    "GuildMemberJoin": JOIN,
    "UserJoin": JOIN,
    "Reply": REPLY,
    "ChatInputCommand": COMMAND,
    "ThreadStarterMessage": STARTER,
    "ContextMenuCommand": MENU,
}
THREADS = ("10", "11", "12")
DIRECT = ("1", "3")
PRIVATE = ("12", "GuildPrivateThread")
FORWARD = ("Forward", 1)
GONE = "456226577798135808"
DELETED = re.compile(r"Deleted User(?: [0-9a-f]{8})?|deleted_user_[0-9a-f]+", re.IGNORECASE)
TONES = re.compile("[\U0001f3fb-\U0001f3ff]")
MARKUP = re.compile(
    r"<(?:@!?(?P<user>\d{1,20})|#(?P<room>\d{1,20})|a?:(?P<emoji>\w{1,64}):\d{1,20}"
    r"|t:(?P<time>-?\d{1,12})(?::\w)?)>"
)


@dataclass(frozen=True, slots=True)
class Room:
    """A channel, or a thread of a channel called `parent`; the posts of a forum are threads."""

    id: str
    name: str
    parent: str | None = None
    is_thread: bool = False
    visibility: str = "public"


@dataclass(frozen=True, slots=True)
class Guild:
    """What is known beside the messages of one server.

    `channels` are names by id; `threads` are threads by the id of the message they started from.
    """

    id: str | None = None
    channels: Mapping[str, str] = field(default_factory=dict)
    threads: Mapping[str, Room] = field(default_factory=dict)


def room(value: Any, guild: Guild | None = None) -> Room:
    """Return a channel or thread, as the head of a file or the REST API describes it."""
    row = item(value, "channel")
    kind = word(row, ("type",)) or ""
    key = needed(row, ("id",))
    is_thread = kind in THREADS or kind.endswith("Thread")
    above = word(row, ("categoryId", "parent_id"))
    known = guild.channels.get(above) if guild and above else None
    visibility = "public"
    if kind in DIRECT or kind.startswith("Direct") or (guild and guild.id == "0"):
        visibility = "direct"
    elif kind in PRIVATE:
        visibility = "private"
    return Room(
        id=key,
        name=word(row, ("name",)) or key,
        parent=word(row, ("category",)) or known,
        is_thread=is_thread,
        visibility=visibility,
    )


def post(value: Any, room: Room, guild: Guild, now: datetime, place: str = "") -> PostRecord | None:
    """Return the post of a message; None for what is no post.

    The first message of a thread that was started from another one is only a pointer to it: it
    stands for that one where it carries it, and for nothing where it does not.
    """
    row = item(value)
    kind = _kind(row)
    if kind == STARTER:
        origin = first(row, ("referenced_message",))
        return None if origin is None else _post(item(origin), room, room, guild, now, place)
    if kind not in POSTS:
        return None
    return _post(row, room, _thread(row, room, guild), guild, now, place)


def joined(value: Any, now: datetime, place: str = "") -> EventRecord | None:
    """Return when a person joined, by the message that greets them; None for other messages."""
    row = item(value)
    if _kind(row) != JOIN:
        return None
    member = needed(mapping(row, "author"), ("id",))
    return arrival(member, moment(row, ("timestamp",), now), place)


def starts(value: Any) -> str | None:
    """Return the id of the message that a thread was started from, by its first message."""
    row = item(value)
    return _reference(row)[0] if _kind(row) == STARTER else None


def _post(
    row: Row, room: Room, thread: Room | None, guild: Guild, now: datetime, place: str
) -> PostRecord:
    external_id = needed(row, ("id",))
    author = mapping(row, "author")
    handle = needed({"author": author.get("id")}, ("author",))
    # A message that a thread was started from belongs to the thread, whatever it replied to.
    begins = thread is not None and (thread is not room or external_id == room.id)
    where = (thread or room).id
    record = PostRecord(
        external_id=external_id,
        author=handle,
        created_at=moment(row, ("timestamp",), now),
        text=_text(row, guild),
        thread_id=thread.id if thread else None,
        thread_title=thread.name if thread else None,
        channel=room.parent if room.is_thread else room.name,
        parent_id=None if begins else _parent(row, room),
        reactions=tally(_reactions(row)),
        url=_url(guild, where, external_id, room),
        edited_at=moment_or_none(row, ("timestampEdited", "edited_timestamp"), now),
        visibility=room.visibility,
        flat=thread is None,
        raw=packed(row),
        place=place,
    )
    return signed(record, _person(row, author, handle))


def _thread(row: Row, room: Room, guild: Guild) -> Room | None:
    """Return the thread that a message stands in or began; None in an open channel."""
    if room.is_thread:
        return room
    started = row.get("thread")
    if isinstance(started, dict):
        return Room(
            needed(started, ("id",)),
            word(started, ("name",)) or needed(started, ("id",)),
            room.name,
            True,
            room.visibility,
        )
    return guild.threads.get(needed(row, ("id",)))


def _kind(row: Row) -> int:
    """Return the number of a message's type; exporters write names, numbers or nothing."""
    told = word(row, ("type",)) or "Default"
    return int(told) if told.isascii() and told.isdigit() and len(told) < 6 else TYPES.get(told, -1)


def _reference(row: Row) -> tuple[str | None, str | None]:
    """Return the message and the channel that a message points to."""
    name = "reference" if row.get("reference") is not None else "message_reference"
    found = mapping(row, name)
    if found.get("type") in FORWARD:
        return None, None
    return word(found, ("messageId", "message_id")), word(found, ("channelId", "channel_id"))


def _parent(row: Row, room: Room) -> str | None:
    """Return the message that is replied to, where it stands in the same channel."""
    message, channel = _reference(row)
    return message if channel in (None, room.id) else None


def _person(row: Row, author: Row, handle: str) -> Person:
    name = either(author, "name", "username")
    webhook = word(row, ("webhook_id",)) is not None
    shown = either(mapping(row, "member"), "nick") or either(author, "nickname", "global_name")
    bot = any(flag(author, (key,)) for key in ("isBot", "bot", "system"))
    return Person(
        name=shown or name,
        is_bot=bot or webhook,
        is_deleted=handle == GONE or bool(name and DELETED.fullmatch(name)),
    )


def _text(row: Row, guild: Guild) -> str:
    """Return what a message says: its words, what it forwards, or what bots put into embeds."""
    people = {
        needed(user, ("id",)): either(user, "nickname", "global_name", "name", "username")
        for user in objects(row, "mentions")
    }
    said = body(row, ("content",))
    quoted = _forwarded(row)
    if quoted:
        said = "\n\n".join(part for part in (said, quoted) if part.strip())
    if not said.strip():
        said = "\n\n".join(_embeds(row))
    if not said.strip():
        files = (either(file, "fileName", "filename") for file in objects(row, "attachments"))
        said = "\n".join(f"`{file.replace('`', '')}`" for file in files if file)
    return MARKUP.sub(lambda token: _token(token, people, guild), said).strip()


def _token(token: re.Match[str], people: Mapping[str, str | None], guild: Guild) -> str:
    user, room, emoji, time = token.group("user", "room", "emoji", "time")
    if user:
        return f"@{people.get(user) or user}"
    if room:
        return f"#{guild.channels.get(room, room)}"
    if emoji:
        return f":{emoji}:"
    try:
        return f"{datetime.fromtimestamp(int(time), UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return token[0]


def _forwarded(row: Row) -> str:
    """Return a message that was passed on, as a quote."""
    found = mapping(row, "forwardedMessage")
    for snapshot in objects(row, "message_snapshots")[:1]:
        found = mapping(snapshot, "message")
    text = word(found, ("content",), URL_LIMIT)
    return "\n".join(f"> {line}" for line in text.splitlines()) if text else ""


def _embeds(row: Row) -> Iterator[str]:
    for embed in objects(row, "embeds"):
        title = word(embed, ("title",), TITLE_LIMIT)
        described = word(embed, ("description",), URL_LIMIT)
        yield from (part for part in (title and f"**{title}**", described) if part)


def _reactions(row: Row) -> Iterator[Counted]:
    for reaction in objects(row, "reactions"):
        emoji = mapping(reaction, "emoji")
        name = needed(emoji, ("name", "code", "id"), EMOJI_LIMIT)
        people = [needed(user, ("id",)) for user in objects(reaction, "users")]
        yield from reacted(TONES.sub("", name) or name, people, whole(reaction, "count"))


def _url(guild: Guild, where: str, message: str, room: Room) -> str | None:
    """Return the address of a message; that of a direct one is under `@me`."""
    home = "@me" if room.visibility == "direct" else guild.id
    return f"https://discord.com/channels/{home}/{where}/{message}" if home else None
