"""Stack Exchange: rows of a data dump and items of its API (2.3) into records.

`question`, `answer` and `comment` read both: a dump's row (`Id`, `OwnerUserId`, `Body`, text all
of it) and an API's item (`question_id`, `owner`, `body`). `post` tells a dump's rows apart. The
dump: https://meta.stackexchange.com/questions/2677; the API: https://api.stackexchange.com/docs.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.ingest.fields import (
    ID_LIMIT,
    TITLE_LIMIT,
    BadRecord,
    body,
    first,
    flag,
    link,
    moment,
    needed,
    word,
)
from service.ingest.formats.values import inner, packed, shown, thing, whole
from service.ingest.records import PostRecord, ReactionRecord

QUESTION, ANSWER = "1", "2"
COMMUNITY = "-1"
NOBODY = "~"
# With the mark of an account that is gone before it, a name is still a handle.
NAME_LIMIT = ID_LIMIT - 1
# Votes for less votes against: the one reaction of the archive schema that may be negative.
SCORE = "score"
CREATED = ("CreationDate", "creation_date")


@dataclass(frozen=True, slots=True)
class Person:
    """What Users.xml tells of a user."""

    name: str | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a post, as its record says it."""

    handle: str
    name: str | None = None
    links: tuple[str, ...] = ()
    is_staff: bool = False
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of a site: its host, and its users by id where a dump tells of them."""

    host: str | None = None
    people: Mapping[str, Person] | None = None


def person(row: Mapping[str, Any]) -> tuple[str, Person]:
    """Return a row of Users.xml: the id, and the name and website."""
    website = link(row, ("WebsiteUrl",)) if row.get("WebsiteUrl") else None
    return needed(row, ("Id",)), Person(word(row, ("DisplayName",)), website)


def post(row: Any, site: Site, now: datetime, *, place: str = "") -> PostRecord | None:
    """Return the post of a row of Posts.xml; None where it is a tag wiki or the like."""
    kind = needed(thing(row, "the row"), ("PostTypeId",))
    if kind == QUESTION:
        return question(row, site, now, place=place)
    return answer(row, site, now, place=place) if kind == ANSWER else None


def question(item: Any, site: Site, now: datetime, *, place: str = "") -> PostRecord:
    """Return a question; raise BadRecord with the reason where there is none."""
    item = thing(item, "the question")
    id_ = _id(item, "Id", "question_id")
    accepted = word(item, ("AcceptedAnswerId", "accepted_answer_id"))
    title = word(item, ("Title", "title"), TITLE_LIMIT)
    return _record(
        item,
        site,
        now,
        place,
        external_id=id_,
        text=_text(item),
        thread_id=id_,
        # The API escapes what a dump holds plain.
        thread_title=html.unescape(title) if title and "title" in item else title,
        accepted_answer_id=accepted,
        resolved=accepted is not None,
        url=f"https://{site.host}/q/{id_}" if site.host else None,
    )


def answer(item: Any, site: Site, now: datetime, *, place: str = "") -> PostRecord:
    """Return an answer; raise BadRecord with the reason where there is none."""
    item = thing(item, "the answer")
    id_ = _id(item, "Id", "answer_id")
    parent = _id(item, "ParentId", "question_id")
    return _record(
        item,
        site,
        now,
        place,
        external_id=id_,
        text=_text(item),
        thread_id=parent,
        parent_id=parent,
        accepted_answer_id=id_ if flag(item, ("is_accepted",)) else None,
        url=f"https://{site.host}/a/{id_}" if site.host else None,
    )


def comment(
    item: Any, questions: Mapping[int, int], site: Site, now: datetime, *, place: str = ""
) -> PostRecord:
    """Return a comment; `questions` gives the question of a post by their ids.

    Where the post is not among them, the record has no thread of its own and joins its parent's.
    """
    item = thing(item, "the comment")
    id_, on = _id(item, "Id", "comment_id"), _id(item, "PostId", "post_id")
    thread = questions.get(int(on))
    if thread is None and item.get("post_type") == "question":
        thread = int(on)
    return _record(
        item,
        site,
        now,
        place,
        external_id=f"c{id_}",
        text=_words(item),
        thread_id=None if thread is None else str(thread),
        parent_id=on,
        url=f"https://{site.host}/posts/comments/{id_}" if site.host else None,
    )


def _id(item: Mapping[str, Any], *names: str) -> str:
    """Return the number of a post or comment, in digits."""
    found = needed(item, names)
    if not (found.isascii() and found.isdigit() and len(found) <= 18):
        raise BadRecord(f"`{names[0]}` is no number of a post")
    return str(int(found))


def _record(
    item: Mapping[str, Any], site: Site, now: datetime, place: str, **fields: Any
) -> PostRecord:
    author = _author(item, site)
    edited = ("LastEditDate", "last_edit_date")
    return PostRecord(
        author=author.handle,
        created_at=moment(item, CREATED, now),
        reactions=_score(item),
        edited_at=None if first(item, edited) is None else moment(item, edited, now),
        platform=site.host,
        author_name=author.name,
        author_links=author.links,
        is_bot=author.handle == COMMUNITY,
        is_staff=author.is_staff,
        is_deleted=author.is_deleted,
        raw=packed(dict(item)),
        place=place,
        **fields,
    )


def _author(item: Mapping[str, Any], site: Site) -> Author:
    if item.get("owner") is not None:
        return _owner(inner(item, "owner"))
    id_ = word(item, ("OwnerUserId", "UserId"))
    name = word(item, ("OwnerDisplayName", "UserDisplayName"), NAME_LIMIT)
    if id_ is None:
        return Author(NOBODY + (name or ""), name, is_deleted=True)
    known = (site.people or {}).get(id_, Person())
    links = (known.website,) if known.website else ()
    return Author(id_, known.name or name, links)


def _owner(owner: Mapping[str, Any]) -> Author:
    """Return the author that the API tells of; an account that is gone has no id."""
    id_ = word(owner, ("user_id",))
    name = word(owner, ("display_name",), NAME_LIMIT)
    name = html.unescape(name) if name else None
    if id_ is None or word(owner, ("user_type",)) == "does_not_exist":
        return Author(NOBODY + (name or ""), name, is_deleted=True)
    page = link(owner, ("link",))
    staff = word(owner, ("user_type",)) == "moderator" or bool(flag(owner, ("is_employee",)))
    return Author(id_, name, (page,) if page else (), staff)


def _text(item: Mapping[str, Any]) -> str:
    """Return a question or an answer: from its HTML, which dump and API have in common."""
    if first(item, ("Body", "body")) is None and item.get("body_markdown") is not None:
        return html.unescape(body(item, ("body_markdown",)))
    return shown(item, ("Body", "body"))


def _words(item: Mapping[str, Any]) -> str:
    """Return a comment: as it was written, which dump and API have in common."""
    if item.get("body_markdown") is not None:
        return html.unescape(body(item, ("body_markdown",)))
    return body(item, ("Text",)) if "Text" in item else shown(item, ("body",))


def _score(item: Mapping[str, Any]) -> tuple[ReactionRecord, ...]:
    score = whole(item, ("Score", "score"))
    return (ReactionRecord(SCORE, "", score),) if score else ()
