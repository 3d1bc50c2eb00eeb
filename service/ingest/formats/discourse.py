"""Discourse: posts of its API and of its webhooks into records.

The fields: https://docs.discourse.org, `/t/{id}.json`. A topic is read first (`topic`), then
each of its posts (`post`); a webhook brings both in one (`webhook`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.ingest.fields import (
    TITLE_LIMIT,
    BadRecord,
    body,
    flag,
    looks_bot,
    moment,
    needed,
    word,
)
from service.ingest.formats.values import inner, listed, packed, shown, thing, whole
from service.ingest.records import Deletion, PostRecord, ReactionRecord

REGULAR = 1
LIKE = 2
DIRECT = "private_message"
SYSTEM = ("system", "discobot")
NOBODY = "~"
# What Discourse renames an account to when it is anonymised.
ANONYMOUS = re.compile(r"anon\d{5,}")
QUOTE = re.compile(r'\s*\[quote(?:="?(?P<who>[^,"\]\n]{0,80}+)[^\]\n]{0,200}+)?\]\s*')
UNQUOTE = re.compile(r"\s*\[/quote\]\s*")
QUOTE_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Category:
    """A category's name, and whether only some may read it."""

    name: str
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic says of each of its posts; `accepted` is a post's number within it."""

    id: str
    title: str | None = None
    channel: str | None = None
    visibility: str = "public"
    accepted: str | None = None
    resolved: bool | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of a site: its host, and its categories by id.

    `complete` says that these are all that everyone may read: what is not among them is private.
    """

    host: str | None = None
    categories: Mapping[str, Category] | None = None
    complete: bool = False

    def category(self, id_: str | None) -> Category | None:
        """Return a category, or None where it is not known."""
        return (self.categories or {}).get(id_ or "")

    def restricts(self, id_: str | None) -> bool:
        """Return whether only some may read a category, as far as that is known."""
        category = self.category(id_)
        if category is None:
            return self.complete and bool(self.categories) and id_ is not None
        return category.restricted


def categories(item: Any) -> dict[str, Category]:
    """Return the categories of `/categories.json` or `/site.json` by id, subcategories too."""
    item = thing(item, "the file")
    found: dict[str, Category] = {}
    waiting = listed(inner(item, "category_list") or item, "categories")[:]
    while waiting:
        row = waiting.pop()
        if isinstance(row, dict) and (id_ := word(row, ("id",))) and (name := word(row, ("name",))):
            found[id_] = Category(name, bool(flag(row, ("read_restricted",))))
            waiting += listed(row, "subcategory_list")
    return found


def topic(item: Any, site: Site) -> Topic:
    """Return what `/t/{id}.json` says of a topic; raise BadRecord where it is none."""
    item = thing(item, "the topic")
    accepted = word(inner(item, "accepted_answer"), ("post_number",))
    solved = flag(item, ("has_accepted_answer",))
    if accepted or "accepted_answer" in item:
        solved = accepted is not None
    return _topic(item, ("id",), ("title",), ("archetype",), site, accepted, solved)


def post(
    item: Any,
    of: Topic | None,
    site: Site,
    now: datetime,
    *,
    numbers: Mapping[str, str] | None = None,
    place: str = "",
) -> PostRecord | Deletion | None:
    """Return a post of a topic, a Deletion where it is deleted or hidden, None for system rows.

    `of` is left out where the post tells of its topic itself, as those of webhooks and of
    `/posts.json` do. `numbers` gives ids of posts by their numbers in the topic, so that replies
    find their parents. Raises BadRecord with the reason.
    """
    item = thing(item, "the post")
    external_id = needed(item, ("id",))
    if _gone(item):
        return Deletion(external_id, place=place)
    if whole(item, ("post_type",)) not in (None, REGULAR):
        return None
    of = of or own_topic(item, site)
    number = word(item, ("post_number",))
    accepted = flag(item, ("accepted_answer",)) or (number is not None and number == of.accepted)
    author, deleted = _author(item)
    return PostRecord(
        external_id=external_id,
        author=author,
        created_at=moment(item, ("created_at",), now),
        text=text(item, ("raw",), ("cooked",)),
        thread_id=of.id,
        thread_title=of.title,
        channel=of.channel,
        parent_id=(numbers or {}).get(word(item, ("reply_to_post_number",)) or ""),
        reactions=_likes(item),
        accepted_answer_id=external_id if accepted else None,
        resolved=True if flag(item, ("topic_accepted_answer",)) or accepted else of.resolved,
        url=address(site.host, of.id, number),
        edited_at=_edited(item, now),
        platform=site.host,
        visibility=of.visibility,
        author_name=word(item, ("name",)),
        is_bot=is_bot(author) or (whole(item, ("user_id",)) or 0) < 0,
        is_staff=any(flag(item, (role,)) for role in ("staff", "admin", "moderator")),
        is_deleted=deleted,
        raw=packed(item),
        place=place,
    )


def webhook(
    payload: Any,
    event: str,
    site: Site,
    now: datetime,
    *,
    numbers: Mapping[str, str] | None = None,
) -> list[PostRecord | Deletion]:
    """Return what the body of a webhook says, by the header `X-Discourse-Event`.

    `{"post": …}` gives one post or its deletion. `{"topic": …}` and all else give nothing: the
    events of posts carry the topic's title and category too. Webhooks tell no likes and name the
    parent by number alone, so that `numbers` of the topic are to be looked up before.
    """
    payload = thing(payload, "the webhook")
    if payload.get("post") is None:
        return []
    item = thing(payload["post"], "`post`")
    if event == "post_destroyed":
        return [Deletion(needed(item, ("id",)))]
    found = post(item, None, site, now, numbers=numbers)
    return [] if found is None else [found]


def text(item: Mapping[str, Any], source: tuple[str, ...], html: tuple[str, ...]) -> str:
    """Return a post in Markdown: as it was written where that is there, else from its HTML."""
    if any(item.get(name) is not None for name in source):
        return unquoted(body(item, source))
    return shown(item, html)


def unquoted(source: str) -> str:
    """Return Markdown with `[quote="name, …"]` blocks as `> ` lines, as `readable` shows them."""
    if "[quote" not in source:
        return source
    lines: list[str] = []
    depth = 0
    for line in source.splitlines():
        if opening := QUOTE.fullmatch(line):
            who = (opening["who"] or "").strip()
            lines += ["> " * depth + f"{who} said:", ""] if who else []
            depth = min(depth + 1, QUOTE_DEPTH)
        elif UNQUOTE.fullmatch(line):
            depth = max(depth - 1, 0)
            lines.append(("> " * depth).rstrip())
        else:
            lines.append(("> " * depth + line) if depth else line)
    return "\n".join(lines).strip("\n")


def address(host: str | None, topic_id: str, number: str | None) -> str | None:
    """Return where a post is read; None where its host or number is not known."""
    return f"https://{host}/t/{topic_id}/{number}" if host and number else None


def is_bot(username: str) -> bool:
    """Return whether a username is the site's own or ends in the word "bot"."""
    return username.lower() in SYSTEM or looks_bot(username)


def is_anonymised(username: str) -> bool:
    """Return whether a username is what Discourse gives to accounts that it anonymises."""
    return ANONYMOUS.fullmatch(username) is not None


def _gone(item: Mapping[str, Any]) -> bool:
    hidden = flag(item, ("hidden",)) or flag(item, ("user_deleted",))
    return bool(hidden) or item.get("deleted_at") is not None


def _author(item: Mapping[str, Any]) -> tuple[str, bool]:
    """Return a post's handle, and whether its account is gone."""
    if item.get("username") is None and "username" in item:
        return NOBODY, True
    author = needed(item, ("username",))
    return author, is_anonymised(author)


def own_topic(item: Any, site: Site) -> Topic:
    """Return what a post that comes without its topic says of it."""
    item = thing(item, "the post")
    solved = flag(item, ("topic_accepted_answer",))
    archetype = ("topic_archetype",)
    return _topic(item, ("topic_id",), ("topic_title",), archetype, site, None, solved)


def _topic(
    item: Mapping[str, Any],
    id_: tuple[str, ...],
    title: tuple[str, ...],
    archetype: tuple[str, ...],
    site: Site,
    accepted: str | None,
    solved: bool | None,
) -> Topic:
    category_id = word(item, ("category_id",))
    category = site.category(category_id)
    visibility = "private" if site.restricts(category_id) else "public"
    if word(item, archetype) == DIRECT:
        visibility = "direct"
    return Topic(
        id=needed(item, id_),
        title=word(item, title, TITLE_LIMIT),
        channel=category.name if category else None,
        visibility=visibility,
        accepted=accepted,
        resolved=solved,
    )


def _likes(item: Mapping[str, Any]) -> tuple[ReactionRecord, ...]:
    for action in listed(item, "actions_summary"):
        action = thing(action, "an entry of `actions_summary`")
        if whole(action, ("id",)) == LIKE:
            count = whole(action, ("count",)) or 0
            if count < 0:
                raise BadRecord("`count` of the likes is less than 0")
            return (ReactionRecord("like", "", count),) if count else ()
    return ()


def _edited(item: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return when a post was last edited: likes and rebuilds change `updated_at` as well."""
    if (whole(item, ("version",)) or 1) <= 1 or item.get("updated_at") is None:
        return None
    return moment(item, ("updated_at",), now)
