"""Posts as the archive schema has them: what `import jsonl` reads back to the same record."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from service.db.queries import export as queries
from service.db.queries.export import Found

Row = dict[str, Any]
# In the order of a table's columns.
COLUMNS = (
    "id",
    "thread_id",
    "thread_title",
    "channel",
    "author",
    "created_at",
    "parent_id",
    "text",
    "reactions",
    "accepted_answer_id",
    "resolved",
    "url",
    "source",
    "platform",
    "visibility",
    "edited_at",
    "flat",
    "truncated",
    "author_name",
    "author_email",
    "author_verified",
    "author_links",
    "is_bot",
    "is_staff",
    "is_deleted",
)
EMAILS = ("author_email", "author_verified")
# Of a member without a handle.
NOBODY = "unknown"
ADDRESS = re.compile(r"[^\s@<>\"(),]@[^\s@]")


def columns(*, emails: bool) -> tuple[str, ...]:
    """Return the names of the fields; e-mail addresses leave the store only when asked for."""
    return tuple(name for name in COLUMNS if emails or name not in EMAILS)


def posts(session: Session, *, private: bool, emails: bool) -> Iterator[list[Row]]:
    """Yield pages of posts by (time, source, id), each with every field, None where it has none.

    Deleted posts are left out, and so are private and direct ones unless asked for. What is said
    of a thread stands on each of its posts, so that any part of an export tells all of it. Without
    `emails` a handle that is an address stands as a pseudonym, and a name that holds one is left
    out.
    """
    names = columns(emails=emails)
    for page in queries.posts(session, private=private):
        reactions = _reactions(session, page)
        handles = _handles(session, page)
        found = (_row(post, reactions[post.id], _author(post, handles)) for post in page)
        told = found if emails else map(_veiled, found)
        yield [{name: row[name] for name in names} for row in told]


def _row(post: Found, reactions: list[Row], author: Found | None) -> Row:
    return {
        "id": post.external_id,
        "thread_id": post.thread,
        "thread_title": post.title or None,
        "channel": post.channel or None,
        "created_at": post.created_at,
        "parent_id": post.parent_external_id,
        "text": post.text,
        "reactions": reactions,
        "accepted_answer_id": post.accepted_post_external_id or None,
        "resolved": post.resolved,
        "url": post.url,
        "source": post.source,
        "platform": post.platform,
        "visibility": post.visibility,
        "edited_at": post.edited_at,
        "flat": post.flat,
        "truncated": post.truncated,
        **_person(author),
    }


def veil(platform: str, address: str) -> str:
    """Return what stands for an address in files without addresses: the same everywhere."""
    return f"mail-{sha256(f'{platform}{address}'.encode()).hexdigest()[:12]}"


def _veiled(row: Row) -> Row:
    platform, name = row["platform"], row["author_name"]
    mail = row["author_kind"] == "email" or ADDRESS.search(row["author"])
    reactions = [
        one | {"author": veil(platform, one["author"])}
        if ADDRESS.search(one.get("author", ""))
        else one
        for one in row["reactions"]
    ]
    return row | {
        "author": veil(platform, row["author"]) if mail else row["author"],
        "author_name": None if name and ADDRESS.search(name) else name,
        "reactions": sorted(reactions, key=lambda one: (one["name"], one.get("author", ""))),
    }


def _person(author: Found | None) -> Row:
    return {
        "author": author.value if author else NOBODY,
        "author_kind": author.kind if author else None,
        "author_name": author.name if author else None,
        "author_email": author.email if author else None,
        "author_verified": bool(author and author.verified),
        "author_links": list(author.links) if author else [],
        "is_bot": bool(author and author.is_bot),
        "is_staff": bool(author and author.is_staff),
        "is_deleted": bool(author and author.is_deleted),
    }


def _reactions(session: Session, page: Sequence[Found]) -> dict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    rows = queries.reactions(session, [post.id for post in page])
    for row in sorted(rows, key=lambda row: (row.name, row.author)):
        who = {"author": row.author} if row.author else {}
        found[row.post_id].append({"name": row.name, **who, "count": row.count})
    return found


def _handles(session: Session, page: Sequence[Found]) -> dict[int, list[Found]]:
    """Return the handles of each author: the one that the member was made for comes first."""
    ids = {post.member_id for post in page}
    found: defaultdict[int, list[Found]] = defaultdict(list)
    rows = queries.handles(session, ids)
    for row in sorted(rows, key=lambda row: (row.platform, row.value)):
        for id_ in ids & {row.member_id, row.home_id}:
            found[id_].append(row)
    for id_, mine in found.items():
        mine.sort(key=lambda row: row.home_id != id_)
    return found


def _author(post: Found, handles: dict[int, list[Found]]) -> Found | None:
    """Return the handle that a post was written with.

    A person has one on a platform, also when several were found to be one.
    """
    mine = handles.get(post.member_id, [])
    there = (handle for handle in mine if handle.platform == post.platform)
    return next(there, mine[0] if mine else None)
