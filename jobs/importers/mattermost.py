"""Mattermost: answers of its API saved as JSON, and the JSON Lines of its bulk export.

The formats: https://api.mattermost.com (`order` and `posts`, users, channels) and
https://docs.mattermost.com/administration-guide/manage/bulk-export-tool.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.importers.bundle import Bundle, Entry, open_bundle
from jobs.importers.loose_json import LINE_VALUES, loose_json
from service.errors import BadArchive
from service.ingest.fields import BadRecord
from service.ingest.formats import mattermost
from service.ingest.formats.chat import Person, beginning, item
from service.ingest.formats.mattermost import Channel, Server
from service.ingest.records import Item, PostRecord, Progress, Reject, raw_text

PAGE = re.compile(rb'\s*\{\s*("order"\s*:\s*\[|"posts"\s*:\s*\{)')
BULK = re.compile(rb'\s*\{\s*"type"\s*:\s*"version"')
# What perceval writes: one post a line, with its user and its channel inside.
GATHERED = re.compile(rb'\s*\{[^\n]*"backend_name"\s*:\s*"Mattermost"')
UTF8_MARK = b"\xef\xbb\xbf"
HEAD = 1 << 16
LINE_LIMIT = 16 << 20
LOOKED_AT = 50


@dataclass(slots=True)
class Known:
    """The people and channels read so far, and who wrote in public."""

    people: dict[str, Person] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    authors: set[str] = field(default_factory=set)

    def server(self) -> Server:
        """Return what posts need; it grows as more is read."""
        return Server(self.people, self.channels)

    def person(self, row: Any, now: datetime) -> None:
        """Add a user."""
        key, found = mattermost.person(row, now)
        self.people[key] = found

    def channel(self, row: Any) -> None:
        """Add a channel."""
        found = mattermost.channel(row)
        self.channels[found.id] = found


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the posts of an export, and then when their authors joined.

    Users and channels come from the files beside the posts. Raises BadArchive where there are no
    posts of Mattermost.
    """
    with open_bundle(path) as bundle:
        kinds = {entry: _kind(bundle, entry) for entry in _candidates(bundle)}
        if not any(kind in READERS for kind in kinds.values()):
            raise BadArchive(
                f"{path} holds no posts of Mattermost: save them with `order`, `posts`"
            )
        known = Known()
        for entry, kind in kinds.items():
            if kind == "table":
                yield from _table(bundle, entry, known, now)
        wanted = [entry for entry, kind in kinds.items() if kind in READERS]
        for entry in bundle.walk(wanted, progress):
            for found in READERS[kinds[entry]](bundle, entry, known, now):
                if isinstance(found, PostRecord) and found.visibility == "public":
                    known.authors.add(found.author)
                yield found
        for handle in sorted(known.authors & known.people.keys()):
            event = mattermost.joined(handle, known.people[handle])
            if event is not None:
                yield replace(event, place=f"user {handle}")


def fits(bundle: Bundle) -> bool:
    """Return whether an archive holds a page of posts, a bulk export, or perceval's lines."""
    return any(_kind(bundle, entry) in READERS for entry in _candidates(bundle)[:LOOKED_AT])


def _candidates(bundle: Bundle) -> list[Entry]:
    endings = (".json", ".jsonl", ".ndjson")
    single = len(bundle.entries) == 1
    return [entry for entry in bundle.entries if single or entry.name.lower().endswith(endings)]


def _kind(bundle: Bundle, entry: Entry) -> str:
    """Return what a file holds by how it begins; "" for what is none of Mattermost's."""
    head = bundle.head(entry.name, HEAD).removeprefix(UTF8_MARK)
    if BULK.match(head):
        return "bulk"
    if PAGE.match(head) and b'"posts"' in head:
        return "page"
    if GATHERED.match(head):
        return "gathered"
    return "table" if b'"username"' in head or b'"display_name"' in head else ""


def _table(bundle: Bundle, entry: Entry, known: Known, now: datetime) -> Iterator[Reject]:
    """Add the users or channels of a file: one object, or a list of them."""
    try:
        document = bundle.json(entry.name)
    except BadRecord as error:
        yield Reject(entry.name, str(error))
        return
    rows = document if isinstance(document, list) else [document]
    for position, row in enumerate(rows, start=1):
        try:
            if isinstance(row, dict) and "username" in row:
                known.person(row, now)
            elif isinstance(row, dict) and "display_name" in row:
                known.channel(row)
        except BadRecord as error:
            yield Reject(f"{entry.name}, record {position}", str(error), beginning(row))


def _page(bundle: Bundle, entry: Entry, known: Known, now: datetime) -> Iterator[Item]:
    """Yield the posts of a page."""
    try:
        posts = item(bundle.json(entry.name), "file").get("posts")
        rows = list(item(posts, "list of posts").values())
    except BadRecord as error:
        yield Reject(entry.name, str(error))
        return
    roots = {root for row in rows if (root := mattermost.root_of(row))}
    server = known.server()
    for position, row in enumerate(rows, start=1):
        place = f"{entry.name}, post {position}"
        try:
            found = mattermost.post(row, server, now, place, roots)
        except BadRecord as error:
            yield Reject(place, str(error), beginning(row))
            continue
        if found is not None:
            yield found


def _bulk(bundle: Bundle, entry: Entry, known: Known, now: datetime) -> Iterator[Item]:
    """Yield the posts of a bulk export; users and channels come before them."""

    def line(row: dict[str, Any], place: str) -> Iterator[Item]:
        kind = row.get("type")
        inner = row.get(kind) if isinstance(kind, str) else None
        if kind == "user":
            known.person(inner, now)
        elif kind == "bot":
            known.person(item(inner, "bot") | {"is_bot": True}, now)
        elif kind == "channel":
            known.channel(inner)
        elif kind in ("post", "direct_post"):
            yield from mattermost.bulk(inner, known.server(), now, place)

    yield from _lines(bundle, entry, line)


def _gathered(bundle: Bundle, entry: Entry, known: Known, now: datetime) -> Iterator[Item]:
    """Yield the posts of perceval's lines."""

    def line(row: dict[str, Any], place: str) -> Iterator[Item]:
        found = mattermost.post(row.get("data"), known.server(), now, place)
        if found is not None:
            yield found

    yield from _lines(bundle, entry, line)


def _lines(
    bundle: Bundle, entry: Entry, use: Callable[[dict[str, Any], str], Iterator[Item]]
) -> Iterator[Item]:
    """Yield what the lines of a file give, and a Reject for each that gives nothing usable."""
    number, skipping = 0, False
    with bundle.stream(entry.name) as file:
        while True:
            try:
                raw = file.readline(LINE_LIMIT)
            except BadRecord as error:
                yield Reject(f"{entry.name}, line {number + 1}", str(error))
                return
            if not raw:
                return
            ended = raw.endswith(b"\n") or len(raw) < LINE_LIMIT
            number += not skipping
            place = f"{entry.name}, line {number}"
            if not ended and not skipping:
                yield Reject(place, f"the line is longer than {LINE_LIMIT >> 20} MB")
            elif not skipping and raw.strip():
                yield from _line(raw, place, use)
            skipping = not ended


def _line(
    raw: bytes, place: str, use: Callable[[dict[str, Any], str], Iterator[Item]]
) -> Iterator[Item]:
    try:
        yield from use(item(loose_json(raw, LINE_VALUES), "line"), place)
    except BadRecord as error:
        yield Reject(place, str(error), raw_text(raw))


READERS = {"page": _page, "bulk": _bulk, "gathered": _gathered}
