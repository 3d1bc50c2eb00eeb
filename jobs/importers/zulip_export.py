"""A Zulip organization as its server exports it: realm.json and pieces of messages.

The format: https://zulip.com/help/export-your-organization.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.importers.bundle import Bundle, Entry, open_bundle
from service.errors import BadArchive
from service.ingest.fields import BadRecord, needed
from service.ingest.formats import zulip
from service.ingest.formats.chat import Counted, Person, beginning, item
from service.ingest.formats.zulip import Realm, Recipient, Stream
from service.ingest.records import Item, Progress, Reject

REALM = "realm.json"
PIECE = re.compile(r"messages-\d+\.json")


@dataclass(slots=True)
class Tables:
    """The tables of realm.json that messages need; reactions by the id of their message."""

    people: dict[str, Person] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    recipients: dict[str, Recipient] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    reactions: dict[str, list[Counted]] = field(default_factory=dict)

    def react(self, row: Any) -> None:
        """Add a row of zerver_reaction."""
        message, found = zulip.reaction(row)
        self.reactions.setdefault(message, []).append(found)


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the messages piece by piece, and then when their authors joined.

    Raises BadArchive without a usable realm.json: nothing else says what is private.
    """
    with open_bundle(path) as bundle:
        root = _root(bundle)
        if root is None:
            raise BadArchive(f"{path} holds no {REALM} with messages: name an export of Zulip")
        tables, authors = Tables(), set[str]()
        try:
            document = item(bundle.json(root + REALM), "file")
        except BadRecord as error:
            raise BadArchive(f"{REALM} of {path} cannot be used: {error}") from error
        yield from _tables(document, tables, now)
        del document
        for entry in bundle.walk(_pieces(bundle, root), progress):
            yield from _piece(bundle, entry, tables, authors, now)
        for handle in sorted(authors & tables.people.keys()):
            event = zulip.joined(handle, tables.people[handle])
            if event is not None:
                yield replace(event, place=f"{REALM}, user {handle}")


def fits(bundle: Bundle) -> bool:
    """Return whether an archive holds realm.json and pieces of messages beside it."""
    return _root(bundle) is not None


def _root(bundle: Bundle) -> str | None:
    """Return the folder of realm.json, with its slash; None where no messages lie beside it."""
    for entry in sorted(bundle.entries, key=lambda entry: entry.name.count("/")):
        root, _, name = entry.name.rpartition("/")
        root = f"{root}/" if root else ""
        if name == REALM and _pieces(bundle, root):
            return root
    return None


def _pieces(bundle: Bundle, root: str) -> list[Entry]:
    return [
        entry
        for entry in bundle.entries
        if entry.name.startswith(root) and PIECE.fullmatch(entry.name[len(root) :])
    ]


def _tables(document: dict[str, Any], tables: Tables, now: datetime) -> Iterator[Reject]:
    """Fill the tables; yield the rows that cannot be used."""

    def account(**how: bool) -> Callable[[Any], None]:
        def add(row: Any) -> None:
            found = zulip.person(row, now, **how)
            tables.people[needed(row, ("id",))] = found

        return add

    def channel(row: Any) -> None:
        found = zulip.stream(row)
        tables.streams[found.id] = found

    def recipient(row: Any) -> None:
        key, found = zulip.recipient(row)
        tables.recipients[key] = found

    def member(row: Any) -> None:
        key = needed(item(row, "subscription"), ("recipient",))
        found = tables.recipients.get(key)
        if found is not None and found.kind == zulip.GROUP:
            tables.groups.setdefault(key, set()).add(needed(row, ("user_profile",)))

    for name, add in (
        ("zerver_userprofile_crossrealm", account(system=True)),
        ("zerver_userprofile_mirrordummy", account(dummy=True)),
        ("zerver_userprofile", account()),
        ("zerver_stream", channel),
        ("zerver_recipient", recipient),
        ("zerver_subscription", member),
        ("zerver_reaction", tables.react),
    ):
        yield from _each(document, name, REALM, add)


def _each(
    document: dict[str, Any], name: str, place: str, add: Callable[[Any], None]
) -> Iterator[Reject]:
    """Hand over the rows of a table; yield those that cannot be used."""
    rows = document.get(name)
    if rows is None:
        return
    if not isinstance(rows, list):
        yield Reject(f"{place}, {name}", "the table is no list")
        return
    for position, row in enumerate(rows, start=1):
        try:
            add(row)
        except BadRecord as error:
            yield Reject(f"{place}, {name} {position}", str(error), beginning(row))


def _piece(
    bundle: Bundle, entry: Entry, tables: Tables, authors: set[str], now: datetime
) -> Iterator[Item]:
    """Yield the messages of one file."""
    try:
        document = item(bundle.json(entry.name), "file")
        rows = document.get("zerver_message")
        if not isinstance(rows, list):
            raise BadRecord("`zerver_message` is no list: export the organization again")
    except BadRecord as error:
        yield Reject(entry.name, str(error))
        return
    yield from _each(document, "zerver_reaction", entry.name, tables.react)
    realm = Realm(tables.people, tables.streams, tables.recipients, tables.groups)
    for position, row in enumerate(rows, start=1):
        place = f"{entry.name}, message {position}"
        try:
            key = needed(item(row), ("id",))
            found = zulip.post(row, realm, now, place, tables.reactions.get(key, ()))
        except BadRecord as error:
            yield Reject(place, str(error), beginning(row))
            continue
        yield found
        if found.visibility == "public":
            authors.add(found.author)
