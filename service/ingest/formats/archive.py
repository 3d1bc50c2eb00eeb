"""One post of the archive schema, or of the exports that use other names for the same fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from service.ingest.fields import (
    TITLE_LIMIT,
    BadRecord,
    body,
    first,
    flag,
    kind,
    link,
    looks_bot,
    moment,
    needed,
    word,
)
from service.ingest.formats.reactions import reactions
from service.ingest.formats.values import kept
from service.ingest.records import PostRecord

# The name of the archive schema first; then our CSV, ConvoKit, Orbit and crowd.dev.
ID = ("id", "key", "sourceId")
AUTHOR = ("author", "speaker", "user", "username", "member")
AUTHOR_NAME = ("author_name", "displayName")
AUTHOR_EMAIL = ("author_email",)
VERIFIED = ("author_verified", "verified")
CREATED_AT = ("created_at", "timestamp", "occurred_at")
EDITED_AT = ("edited_at",)
TEXT = ("text", "body", "description")
THREAD = ("thread_id", "conversation_id", "root")
TITLE = ("thread_title", "title")
PARENT = ("parent_id", "reply_to", "reply-to", "sourceParentId")
CHANNEL = ("channel",)
SOURCE = ("source", "platform")
URL = ("url", "link")
RESOLVED = ("resolved", "thread_resolved")
FLAGS = ("flat", "truncated", "is_bot", "is_staff", "is_deleted")
OPTIONAL = frozenset(
    (
        *("accepted", "accepted_answer_id", "author_links", "likes", "platform", "reactions"),
        *("visibility", *RESOLVED, *URL, *EDITED_AT, *AUTHOR_NAME, *AUTHOR_EMAIL, *VERIFIED),
        *FLAGS,
    )
)
# Every name that ends up in a column: a row of these alone is kept whole without its raw item.
COLUMNS = OPTIONAL.union(
    ID, AUTHOR, CREATED_AT, TEXT, THREAD, TITLE, PARENT, CHANNEL, SOURCE, ("accepted", "likes")
)


class Names(NamedTuple):
    """The names under which a row may tell what every post has."""

    id: tuple[str, ...]
    author: tuple[str, ...]
    created_at: tuple[str, ...]
    text: tuple[str, ...]
    thread: tuple[str, ...]
    title: tuple[str, ...]
    parent: tuple[str, ...]
    source: tuple[str, ...]


ANY = Names(ID, AUTHOR, CREATED_AT, TEXT, THREAD, TITLE, PARENT, SOURCE)
OWN = Names(*(names[:1] for names in ANY))
ALIASES = frozenset(name for names in ANY for name in names[1:])
EMAIL_LIMIT = 320
LINKS = 20
VISIBILITIES = ("public", "private", "direct")


def post(row: dict[str, Any], place: str, now: datetime, raw: bytes = b"") -> PostRecord:
    """Return the post of one object; raise BadRecord with the reason where there is none.

    `platform` names the source where there is no `source`. A post with a channel but neither
    thread nor parent is of a flat chat unless `flat` says otherwise. `raw` is kept where the row
    tells more than a record holds.
    """
    # A row of our own names is asked for no other ones.
    own = COLUMNS.issuperset(row) and ALIASES.isdisjoint(row)
    names = OWN if own else ANY
    external_id = needed(row, names.id)
    author = needed(row, names.author)
    thread, parent = word(row, names.thread), word(row, names.parent)
    channel = word(row, CHANNEL)
    flat = channel is not None and thread is None and parent is None
    # Most rows carry none of the many optional fields, and imports are to be quick.
    more = {} if OPTIONAL.isdisjoint(row) else _optional(row, external_id, now)
    more.setdefault("is_bot", looks_bot(author))
    more.setdefault("flat", flat)
    return PostRecord(
        external_id=external_id,
        author=author,
        created_at=moment(row, names.created_at, now),
        text=body(row, names.text),
        thread_id=thread,
        thread_title=word(row, names.title, TITLE_LIMIT),
        channel=channel,
        parent_id=parent,
        source=word(row, names.source, 200),
        raw=b"" if own or COLUMNS.issuperset(row) else kept(raw),
        place=place,
        **more,
    )


def _optional(row: dict[str, Any], external_id: str, now: datetime) -> dict[str, Any]:
    """Return what a row tells beyond what every post has; flags only where they are told."""
    accepted = word(row, ("accepted_answer_id",))
    if accepted is None and flag(row, ("accepted",)):
        accepted = external_id
    given = first(row, SOURCE[:1]) is not None
    email = _email(row)
    verified = flag(row, VERIFIED)
    flags = {name: flag(row, (name,)) for name in FLAGS}
    return {
        "reactions": reactions(row),
        "accepted_answer_id": accepted,
        "resolved": flag(row, RESOLVED),
        "url": link(row, URL),
        "edited_at": None if first(row, EDITED_AT) is None else moment(row, EDITED_AT, now),
        "platform": word(row, SOURCE[1:], 200) if given else None,
        "visibility": _visibility(row),
        "author_name": word(row, AUTHOR_NAME),
        "author_email": email,
        "verified": email is not None and verified is True,
        "author_links": _links(row),
        **{name: value for name, value in flags.items() if value is not None},
    }


def _email(row: dict[str, Any]) -> str | None:
    value = word(row, AUTHOR_EMAIL, EMAIL_LIMIT)
    return value.lower() if value and "@" in value else None


def _visibility(row: dict[str, Any]) -> str:
    """Return who may read it; what nobody knows is kept from all."""
    value = (word(row, ("visibility",)) or "public").lower()
    return value if value in VISIBILITIES else "private"


def _links(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the web addresses of an author, each once, at most twenty."""
    value = first(row, ("author_links",))
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadRecord(f"`author_links` is {kind(value)}; it must be a list")
    found: dict[str, None] = {}
    for entry in value[: LINKS * 5]:
        address = link({"author_links": entry}, ("author_links",))
        if address:
            found[address] = None
    return tuple(found)[:LINKS]
