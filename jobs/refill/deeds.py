"""Entries of the audit: what they name by key gets the id that it has in this store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from jobs.export.deeds import MEMBERS, earlier, is_about, member_fields, named
from jobs.export.fields import READ
from jobs.importers.rows import Row
from jobs.refill.lookups import Key, Refill, one, post, post_ids, wrong
from service.db.models import AuditEntry
from service.db.queries import ids
from service.db.queries import restore as queries
from service.ingest.fields import BadRecord

Pair = tuple[str, int, int]
COLUMNS = ("at", "actor", "action", "target", "detail")


def audit(refill: Refill, batch: list[Row]) -> None:
    """Add entries. An id that stands in them without a key is another store's, and marked so."""
    about = [row for row in batch if is_about(row.values)]
    homes = _homes(refill, about)
    posts = _posts(refill, [row for row in about if _goes_by(row, "post")])
    pairs = {row.place: _pair(refill, row, homes) for row in about if _goes_by(row, "suggestion")}
    known = queries.suggestion_ids(refill.session, {left for _, left, _ in pairs.values()})
    told = {}
    for row in about:
        if row.place in posts:
            target = f"post {posts[row.place]}"
        elif row.place in pairs:
            target = f"suggestion {one(refill, row, known, pairs[row.place], 'a suggestion')}"
        elif _goes_by(row, "member"):
            target = f"member {homes[_key(refill, row, row.values['target_key'])]}"
        else:
            kind, id_ = named(row.values)
            target = row.values["target"] if kind is None else earlier(kind, id_)
        told[row.place] = {"target": target, "detail": _detail(refill, row, homes)}
    found = [
        {name: row.values[name] for name in COLUMNS} | told.get(row.place, {}) for row in batch
    ]
    ids.put(refill.session, AuditEntry, found)


def _goes_by(row: Row, kind: str) -> bool:
    return row.values["target"] == kind and row.values["target_key"] is not None


def _detail(refill: Refill, row: Row, homes: dict[Key, int]) -> dict[str, Any]:
    detail = row.values["detail"]
    marked = {name: earlier("member", detail[name]) for name in member_fields(row.values)}
    keyed = {name: homes[_key(refill, row, detail[name])] for name in _keyed(row)}
    return {**detail, **marked, **keyed}


def _keyed(row: Row) -> list[str]:
    detail = row.values["detail"]
    return [name for name in MEMBERS if isinstance(detail.get(name), list)]


def _homes(refill: Refill, about: list[Row]) -> dict[Key, int]:
    """Return the ids of the members that entries name, by key."""
    wanted = [(row, key) for row in about for key in _keys(refill, row)]
    values: defaultdict[str, set[str]] = defaultdict(set)
    for _, (platform, value) in wanted:
        values[platform].add(value)
    known = {
        (platform, value): found.home_id
        for platform, some in values.items()
        for value, found in queries.handles(refill.session, platform, some).items()
    }
    for row, key in wanted:
        one(refill, row, known, key, "a member")
    return known


def _keys(refill: Refill, row: Row) -> Iterator[Key]:
    for name in _keyed(row):
        yield _key(refill, row, row.values["detail"][name])
    if _goes_by(row, "member"):
        yield _key(refill, row, row.values["target_key"])
    if _goes_by(row, "suggestion"):
        yield from _sides(refill, row)[1:]


def _posts(refill: Refill, about: list[Row]) -> dict[str, int]:
    """Return the ids of the posts that entries are about, by the entries' places."""
    named = [Row(_post(refill, row), row.place) for row in about]
    found = post_ids(refill, named, "post")
    return {row.place: found[post(row, "post")] for row in named}


def _post(refill: Refill, row: Row) -> dict[str, Any]:
    # Two texts, as a member's.
    source, external_id = _key(refill, row, row.values["target_key"], "a post")
    return {"source": source, "post": external_id}


def _pair(refill: Refill, row: Row, homes: dict[Key, int]) -> Pair:
    kind, left, right = _sides(refill, row)
    low, high = sorted((homes[left], homes[right]))
    return kind, low, high


def _sides(refill: Refill, row: Row) -> tuple[str, Key, Key]:
    key = row.values["target_key"]
    if len(key) != 3 or not isinstance(key[0], str):
        raise wrong(refill, row, "has no key of a suggestion")
    return key[0], _key(refill, row, key[1]), _key(refill, row, key[2])


def _key(refill: Refill, row: Row, value: Any, what: str = "a member") -> Key:
    try:
        key: Any = READ["key"]("key", value)
    except BadRecord:
        key = None
    if key is None:
        raise wrong(refill, row, f"has no key of {what}")
    platform, handle = key
    return platform, handle
