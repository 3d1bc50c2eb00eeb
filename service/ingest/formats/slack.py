"""A message of Slack, as exports, conversations.history and the Events API give it.

The fields: https://docs.slack.dev/reference/events/message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.ingest.fields import (
    ID_LIMIT,
    BadRecord,
    Row,
    flag,
    kind,
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
    either,
    item,
    mail,
    moment_or_none,
    objects,
    reacted,
    signed,
    tally,
    whole,
)
from service.ingest.formats.slack_text import content, markdown
from service.ingest.formats.values import packed
from service.ingest.records import Deletion, EventRecord, PostRecord

# Every other subtype tells of the channel: joins, pins, names, topics.
POSTS = (
    None,
    "assistant_app_thread",
    "bot_message",
    "file_comment",
    "file_mention",
    "file_share",
    "me_message",
    "slackbot_response",
    "thread_broadcast",
)
BROADCAST = "thread_broadcast"
JOINS = ("channel_join", "group_join")
NOBODY = "U00"
SLACKBOT = "USLACKBOT"
DOCUMENT = "application/vnd.slack-docs"
TONE = "::skin-tone"
VISIBILITY = {"channel": "public", "group": "private", "im": "direct", "mpim": "direct"}


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages stand. Who joins a `general` channel has joined the workspace."""

    id: str
    name: str
    visibility: str = "public"
    general: bool = False


@dataclass(frozen=True, slots=True)
class Workspace:
    """What is known beside the messages: people and names of channels by id.

    `site` is the workspace's address, like https://acme.slack.com, where links are wanted.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    site: str | None = None


def person(value: Any) -> tuple[str, Person]:
    """Return the id of a user and what users.json or users.list tells of them."""
    row = item(value, "user")
    profile = mapping(row, "profile")
    key = needed(row, ("id",))
    bot = key == SLACKBOT or flag(row, ("is_bot",)) or False
    staff = any(flag(row, (name,)) for name in ("is_admin", "is_owner", "is_primary_owner"))
    return key, Person(
        name=_name(profile) or _name(row),
        email=None if bot else mail(profile, "email"),
        links=_links(profile),
        is_bot=bot,
        is_staff=staff,
        is_deleted=flag(row, ("deleted",)) or False,
    )


def _name(row: Row) -> str | None:
    return either(row, "display_name", "real_name", "name")


def _links(profile: Row) -> tuple[str, ...]:
    """Return the web addresses among the fields that a workspace has added to profiles."""
    fields = profile.get("fields")
    rows = fields.values() if isinstance(fields, dict) else ()
    found = (link(row, ("value",)) for row in rows if isinstance(row, dict))
    return tuple(sorted({address for address in found if address}))


def channel(value: Any, visibility: str | None = None) -> Channel:
    """Return a channel of channels.json or conversations.list.

    `visibility` is what the file's name says of all in it; left out, the channel says it.
    """
    row = item(value, "channel")
    key = needed(row, ("id",))
    direct = any(flag(row, (name,)) for name in ("is_im", "is_mpim"))
    private = any(flag(row, (name,)) for name in ("is_private", "is_group"))
    told = "direct" if direct else "private" if private else "public"
    return Channel(
        id=key,
        name=word(row, ("name",)) or key,
        visibility=visibility or told,
        general=flag(row, ("is_general",)) or False,
    )


def post(
    value: Any, channel: Channel, workspace: Workspace, now: datetime, place: str = ""
) -> PostRecord | Deletion | None:
    """Return the post of a message; a Deletion for a tombstone, None for what is no post."""
    row = item(value)
    subtype = word(row, ("subtype",))
    if word(row, ("type",)) not in (None, "message"):
        return None
    ts = needed(row, ("ts",))
    external_id = _id(channel.id, ts)
    if subtype == "tombstone":
        return Deletion(external_id, place=place)
    if subtype not in POSTS or word(row, ("user",)) == NOBODY:
        return None
    created_at = moment(row, ("ts",), now)
    text = content(row)
    if not text and any(file.get("mimetype") == DOCUMENT for file in objects(row, "files")):
        return None
    thread = word(row, ("thread_ts",))
    author = _author(row)
    record = PostRecord(
        external_id=external_id,
        author=author,
        created_at=created_at,
        text=markdown(text, workspace.people, workspace.channels),
        thread_id=_id(channel.id, thread) if thread else None,
        channel=channel.name,
        reactions=tally(_reactions(row)),
        url=_url(workspace.site, channel.id, ts),
        edited_at=moment_or_none(mapping(row, "edited"), ("ts",), now),
        visibility=channel.visibility,
        flat=thread is None,
        raw=packed(row),
        place=place,
    )
    return signed(record, workspace.people.get(author) or _person(row, author))


def event(
    value: Any,
    channels: Mapping[str, Channel],
    workspace: Workspace,
    now: datetime,
    place: str = "",
) -> PostRecord | Deletion | None:
    """Return what a `message` event of the Events API says; None where it is of no post.

    A channel that is not among `channels` is taken for what the event's `channel_type` says, and
    for private where it says nothing.
    """
    row = item(value, "event")
    key = needed(row, ("channel",))
    subtype = word(row, ("subtype",))
    if subtype == "message_deleted":
        return Deletion(_id(key, needed(row, ("deleted_ts",))), place=place)
    told = VISIBILITY.get(word(row, ("channel_type",)) or "", "private")
    found = channels.get(key) or Channel(key, workspace.channels.get(key, key), told)
    if subtype == "message_changed":
        return post(row.get("message"), found, workspace, now, place)
    return post(row, found, workspace, now, place)


def joined(value: Any, now: datetime, place: str = "") -> EventRecord | None:
    """Return when a person joined, by a `team_join` event or a row of joining a channel.

    The row counts for a channel that everybody joins; None where it tells of something else.
    """
    row = item(value)
    if row.get("type") == "team_join":
        user, ts = row.get("user"), "event_ts"
        member = needed(user, ("id",)) if isinstance(user, dict) else needed(row, ("user",))
    elif row.get("subtype") in JOINS:
        member, ts = needed(row, ("user",)), "ts"
    else:
        return None
    return arrival(member, moment(row, (ts,), now), place)


def repeated(rows: list[Any]) -> set[int]:
    """Return the places in a list of messages of broadcasts that repeat a reply of the list.

    They have the reply's `ts`, or its text, author and thread.
    """
    found, known = set(), set()
    for row in rows:
        if isinstance(row, dict) and row.get("subtype") != BROADCAST:
            known |= _keys(row)
    for place, row in enumerate(rows):
        if isinstance(row, dict) and row.get("subtype") == BROADCAST:
            if not known.isdisjoint(_keys(row)):
                found.add(place)
            known |= {key for key in _keys(row) if len(key) == 1}
    return found


def _keys(row: Row) -> set[tuple[str, ...]]:
    """Return what a reply and its broadcast have in common."""
    ts, thread, author, text = (
        value if isinstance(value := row.get(name), str) else ""
        for name in ("ts", "thread_ts", "user", "text")
    )
    same = {(thread, author, text)} if thread and author and text.strip() else set()
    return same | ({(ts,)} if ts else set())


def _id(channel: str, ts: str) -> str:
    found = f"{channel}/{ts}"
    if len(found) > ID_LIMIT:
        raise BadRecord(f"the channel's id and `ts` have more than {ID_LIMIT} characters")
    return found


def _url(site: str | None, channel: str, ts: str) -> str | None:
    return f"{site.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}" if site else None


def _author(row: Row) -> str:
    """Return the id of who wrote: a user, else a bot, else the name that an old webhook took."""
    comment = mapping(row, "comment")
    found = either(row, "user", "bot_id") or either(comment, "user") or either(row, "username")
    if found is None:
        raise BadRecord("`user` is missing or empty")
    return found


def _person(row: Row, author: str) -> Person:
    """Return what a message itself tells of an author whom users.json does not know."""
    profile, bot = mapping(row, "user_profile"), mapping(row, "bot_profile")
    is_bot = author == SLACKBOT or row.get("subtype") == "bot_message" or bool(bot)
    is_bot = is_bot or word(row, ("bot_id",)) is not None
    name = either(row, "username") or _name(bot) if is_bot else None
    return Person(name=name or _name(profile), is_bot=is_bot)


def _reactions(row: Row) -> Iterator[Counted]:
    for reaction in objects(row, "reactions"):
        name = needed(reaction, ("name",), EMOJI_LIMIT).split(TONE)[0]
        users = reaction.get("users") or []
        if not isinstance(users, list):
            raise BadRecord(f"`users` of a reaction is {kind(users)}; it must be a list")
        people = [needed({"users": user}, ("users",)) for user in users]
        yield from reacted(name.rstrip(":"), people, whole(reaction, "count"))
