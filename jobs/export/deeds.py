"""Entries of the audit that name members, suggestions or posts: by natural keys, as all else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service.db.queries import export as queries
from service.db.queries.export import Found

Row = dict[str, Any]
ABOUT = ("member.", "suggestion.", "judgement.")
# The fields of a detail that hold a member's id.
MEMBERS = ("member", "into", "from", "kept", "other")
TARGET = re.compile(r"(member|suggestion|post) ([1-9][0-9]{0,17})")
# What stands before an id of another store: nobody and no code takes it for one of this store.
EARLIER = "earlier"


def audit(session: Session) -> Iterator[list[Row]]:
    """Yield pages of entries with keys for ids: of members [platform, handle], of suggestions
    [kind, left, right], of posts [source, id there]. An id that nothing goes by any more is
    marked as an earlier one."""
    for page in queries.audit(session):
        yield _keyed(session, [dict(found._mapping) for found in page])


def _keyed(session: Session, rows: Sequence[Row]) -> list[Row]:
    ids: dict[str, set[int]] = {kind: set() for kind in KEYS}
    for row in rows:
        kind, id_ = named(row)
        ids["member"] |= {row["detail"][field] for field in member_fields(row)}
        if kind is not None:
            ids[kind].add(id_)
    known = {kind: keys(session, ids[kind]) if ids[kind] else {} for kind, keys in KEYS.items()}
    return [_told(row, known) for row in rows]


def _told(row: Row, known: dict[str, dict[int, list[Any]]]) -> Row:
    kind, id_ = named(row)
    key = known[kind].get(id_) if kind is not None else None
    fields = member_fields(row)
    detail = {name: known["member"].get(row["detail"][name]) for name in fields}
    told = {name: detail[name] or earlier("member", row["detail"][name]) for name in fields}
    target = row["target"] if kind is None else kind if key else earlier(kind, id_)
    return {**row, "target": target, "target_key": key, "detail": row["detail"] | told}


def named(row: Row) -> tuple[str | None, int]:
    """Return the kind and id of the target of an entry that names a thing of a store by id."""
    found = TARGET.fullmatch(row["target"]) if is_about(row) else None
    return (found[1], int(found[2])) if found else (None, 0)


def member_fields(row: Row) -> list[str]:
    """Return the fields of an entry's detail that hold the id of a member."""
    detail = row["detail"]
    return [name for name in MEMBERS if is_about(row) and type(detail.get(name)) is int]


def is_about(row: Row) -> bool:
    """Return whether an entry is about members, suggestions or what posts say."""
    action: str = row["action"]
    return action.startswith(ABOUT)


def earlier(kind: str, id_: int) -> str:
    """Return how an id is told that means nothing in this store."""
    return f"{EARLIER} {kind} {id_}"


def _members(session: Session, ids: set[int]) -> dict[int, list[Any]]:
    found: list[Found] = queries.home_handles(session, ids)
    return {row.home_id: [row.platform, row.value] for row in found}


def _suggestions(session: Session, ids: set[int]) -> dict[int, list[Any]]:
    found: list[Found] = queries.suggestions(session, ids)
    return {
        row.id: [
            row.kind,
            *sorted(([row.left_platform, row.left_value], [row.right_platform, row.right_value])),
        ]
        for row in found
    }


def _posts(session: Session, ids: set[int]) -> dict[int, list[Any]]:
    return {row.id: [row.source, row.external_id] for row in queries.post_keys(session, ids)}


KEYS = {"member": _members, "suggestion": _suggestions, "post": _posts}
