"""A Slack workspace as its export writes it: a folder for each channel, a file for each day.

The format: https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from jobs.importers.bundle import Bundle, Entry, open_bundle
from service.errors import BadArchive
from service.ingest.fields import BadRecord
from service.ingest.formats import slack
from service.ingest.formats.chat import Arrivals, Person, beginning
from service.ingest.formats.slack import Channel, Workspace
from service.ingest.records import Item, Progress, Reject

DAY = re.compile(r"(?P<root>(?:.*/)?)(?P<folder>[^/]+)/\d{4}-\d\d-\d\d\.json")
# What each table of channels says of all in it; None where each channel says it of itself.
CHANNELS = {
    "channels.json": None,
    "groups.json": "private",
    "dms.json": "direct",
    "mpims.json": "direct",
}
USERS = ("users.json", "org_users.json")
DIRECT = re.compile(r"mpdm-.*|D[A-Z0-9]{7,}")


@dataclass(slots=True)
class Index:
    """What the files beside the days say; a workspace of Enterprise Grid has a root of its own."""

    rooms: dict[tuple[str, str], Channel] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    told: bool = False

    def room(self, root: str, folder: str) -> Channel:
        """Return the channel of a folder.

        One that no table names is private where there are tables: it may be anything.
        """
        known = self.rooms.get((root, folder)) or self.rooms.get(("", folder))
        if known is not None:
            return known
        closed = "direct" if DIRECT.fullmatch(folder) else "private"
        open_ = not self.told and closed != "direct"
        return Channel(folder, folder, "public" if open_ else closed)


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the messages of an export day by day, and then when their authors joined.

    Raises BadArchive where no channel holds a day.
    """
    with open_bundle(path) as bundle:
        days = [entry for entry in bundle.entries if DAY.fullmatch(entry.name)]
        if not days:
            raise BadArchive(f"{path} holds no CHANNEL/2024-06-01.json: name a Slack export")
        index, arrivals = Index(), Arrivals()
        yield from _index(bundle, index)
        for entry in bundle.walk(days, progress):
            yield from _day(bundle, entry, index, arrivals, now)
        yield from arrivals.told()


def fits(bundle: Bundle) -> bool:
    """Return whether an archive has tables of Slack and days of channels."""
    tables = (*CHANNELS, *USERS)
    has_table = any(PurePosixPath(entry.name).name in tables for entry in bundle.entries)
    return has_table and any(DAY.fullmatch(entry.name) for entry in bundle.entries)


def _index(bundle: Bundle, index: Index) -> Iterator[Reject]:
    """Fill the index; yield what of its files cannot be used."""
    for entry in bundle.entries:
        root, _, name = entry.name.rpartition("/")
        root = f"{root}/" if root else ""
        if name in CHANNELS:
            index.told = True
            yield from _table(bundle, entry, "channel", _channel_into(index, root, CHANNELS[name]))
        elif name in USERS:
            yield from _table(bundle, entry, "user", _person_into(index))


def _channel_into(index: Index, root: str, visibility: str | None) -> Callable[[Any], None]:
    def add(row: Any) -> None:
        found = slack.channel(row, visibility)
        index.names[found.id] = found.name
        for key in (found.name, found.id):
            # Of two channels in one folder the one that fewer people may read counts.
            known = index.rooms.get((root, key))
            if known is None or known.visibility == "public":
                index.rooms[root, key] = found

    return add


def _person_into(index: Index) -> Callable[[Any], None]:
    def add(row: Any) -> None:
        key, found = slack.person(row)
        index.people[key] = found

    return add


def _table(bundle: Bundle, entry: Entry, what: str, add: Callable[[Any], None]) -> Iterator[Reject]:
    try:
        rows = bundle.json(entry.name)
        if not isinstance(rows, list):
            raise BadRecord(f"the file is no list of {what}s")
    except BadRecord as error:
        yield Reject(entry.name, str(error))
        return
    for position, row in enumerate(rows, start=1):
        try:
            add(row)
        except BadRecord as error:
            yield Reject(f"{entry.name}, {what} {position}", str(error), beginning(row))


def _day(
    bundle: Bundle, entry: Entry, index: Index, arrivals: Arrivals, now: datetime
) -> Iterator[Item]:
    match = DAY.fullmatch(entry.name)
    assert match is not None
    room = index.room(match["root"], match["folder"])
    workspace = Workspace(index.people, index.names)
    try:
        rows = bundle.json(entry.name)
        if not isinstance(rows, list):
            raise BadRecord("the file is no list of messages")
    except BadRecord as error:
        yield Reject(entry.name, str(error))
        return
    repeated = slack.repeated(rows)
    for position, row in enumerate(rows):
        place = f"{entry.name}, message {position + 1}"
        try:
            found = None
            if position not in repeated:
                found = slack.post(row, room, workspace, now, place)
            if room.general and isinstance(row, dict):
                arrivals.join(slack.joined(row, now, place))
        except BadRecord as error:
            yield Reject(place, str(error), beginning(row))
            continue
        if found is not None:
            yield found
        arrivals.wrote(found)
