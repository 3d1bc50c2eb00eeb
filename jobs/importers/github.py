"""GitHub: saved answers of its REST and GraphQL APIs and of `gh`, the migration archive, a table.

Each JSON file may hold one item, a list, pages of lists or an answer around them; `.jsonl` one
item a line. A table has the columns of `service.ingest.formats.github.row`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import orjson

from jobs.importers.bundle import Bundle, Entry, open_bundle
from jobs.importers.github_items import Found, found
from jobs.importers.loose_json import LINE_VALUES, loose_json
from jobs.importers.peek import header
from jobs.importers.tables import rows
from service.errors import BadArchive
from service.ingest.fields import BadRecord
from service.ingest.formats import github
from service.ingest.formats.chat import beginning
from service.ingest.records import Item, Progress, Reject, raw_text

LOOKS = 20
LINE_LIMIT = 16 << 20
LINES = (".jsonl", ".ndjson")
ENDINGS = (".json", *LINES, ".csv")
# Of the migration archive, what holds no post.
USELESS = ("users_", "organizations_", "teams_", "labels_", "milestones_", "repositories_")
COLUMNS = {
    "issue_id": "issue_id",
    "comment_id": "comment_id",
    "comment_body": "comment_body",
    "created_at": "created_at",
    "user_id": "user_id",
    "user_login": "user_login",
    "project_name": "project_name",
}
MARKS = (
    *(b'"author_association"', b'"authorAssociation"', b'"answerChosenAt"', b'"reactionGroups"'),
    *(b'"https://api.github.com/repos/', b'"issue_comment"'),
)


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the issues, discussions and comments; raise BadArchive where there is no file of it."""
    with open_bundle(path) as bundle:
        entries = files(bundle)
        if not entries:
            raise BadArchive(f"{path} holds no .json, .jsonl or .csv: name what GitHub answered")
        for entry in bundle.walk(entries, progress):
            yield from _items(bundle, entry, now)


def fits(bundle: Bundle) -> bool:
    """Return whether a file begins like an answer of GitHub's or a table of comments."""
    for entry in files(bundle)[:LOOKS]:
        head = bundle.head(entry.name, 1 << 15)
        if entry.name.endswith(".csv"):
            names = header(head.split(b"\n", 1)[0].decode("utf-8", "replace"))
            if {"issue_id", "comment_id", "comment_body"} <= set(names):
                return True
        elif any(mark in head for mark in MARKS) or _is_short(head):
            return True
    return False


def files(bundle: Bundle) -> list[Entry]:
    """Return the files that may hold posts."""
    return [
        entry
        for entry in bundle.entries
        if entry.name.lower().endswith(ENDINGS)
        and not entry.name.rsplit("/", 1)[-1].startswith(USELESS)
    ]


def _is_short(head: bytes) -> bool:
    """Return whether a file begins like a list that `gh --json` wrote with few fields."""
    page = b'"https://github.com/' in head
    return page and b'"number"' in head and (b'"createdAt"' in head or b'"created_at"' in head)


def _items(bundle: Bundle, entry: Entry, now: datetime) -> Iterator[Item]:
    if entry.name.lower().endswith(".csv"):
        yield from _table(bundle, entry.name, now)
        return
    if entry.name.lower().endswith(LINES):
        yield from _lines(bundle, entry.name, now)
        return
    try:
        value = bundle.json(entry.name)
    except BadRecord as error:
        if _is_lines(bundle.head(entry.name, 1 << 20)):
            yield from _lines(bundle, entry.name, now)
        else:
            yield Reject(entry.name, str(error))
        return
    yield from _told(found(value, now), entry.name)


def _is_lines(head: bytes) -> bool:
    """Return whether the first line of a file is a JSON object, and another follows."""
    line, mark, rest = head.partition(b"\n")
    try:
        return bool(mark) and isinstance(orjson.loads(line), dict) and rest.lstrip()[:1] == b"{"
    except orjson.JSONDecodeError:
        return False


def _told(items: Iterator[Found], place: str) -> Iterator[Item]:
    """Yield items with their places, and a Reject for each that is none."""
    for number, (value, item) in enumerate(items, start=1):
        where = f"{place}, item {number}"
        if isinstance(item, BadRecord):
            yield Reject(where, str(item), beginning(value))
        else:
            yield replace(item, place=where)


def _lines(bundle: Bundle, name: str, now: datetime) -> Iterator[Item]:
    number = 0
    try:
        with bundle.stream(name) as file:
            while line := file.readline(LINE_LIMIT + 1):
                number += 1
                if len(line) > LINE_LIMIT:
                    raise BadRecord(f"the line is longer than {LINE_LIMIT >> 20} MB")
                if line.strip():
                    yield from _line(line, f"{name}, line {number}", now)
    except BadRecord as error:
        yield Reject(f"{name}, line {number}", str(error))


def _line(line: bytes, place: str, now: datetime) -> Iterator[Item]:
    try:
        value = loose_json(line, LINE_VALUES)
    except BadRecord as error:
        yield Reject(place, str(error), raw_text(line))
        return
    for _, item in found(value, now):
        if isinstance(item, BadRecord):
            yield Reject(place, str(item), raw_text(line))
        else:
            yield replace(item, place=place)


def _table(bundle: Bundle, name: str, now: datetime) -> Iterator[Item]:
    for row in rows(bundle, name, COLUMNS):
        if isinstance(row, Reject):
            yield row
            continue
        try:
            yield github.row({"comment_body": ""} | row.values, now, place=row.place)
        except BadRecord as error:
            yield Reject(row.place, str(error), raw_text(row.raw))
