"""Stack Exchange: a data dump, the folder of XML of one site or of several.

The format: https://meta.stackexchange.com/questions/2677.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from jobs.importers.bundle import Bundle, Entry, open_bundle
from jobs.importers.xml_rows import doctype, rows
from service.errors import BadArchive
from service.ingest.fields import BadRecord
from service.ingest.formats import stackexchange as form
from service.ingest.formats.chat import beginning
from service.ingest.formats.stackexchange import Person, Site
from service.ingest.records import Item, PostRecord, Progress, Reject

POSTS, COMMENTS, USERS = "posts.xml", "comments.xml", "users.xml"
HOST = re.compile(
    r"(?:[a-z0-9-]{1,60}\.){0,3}(?:stackexchange|stackoverflow|serverfault|superuser|askubuntu|"
    r"mathoverflow|stackapps)\.(?:com|net)"
)
DUMP = re.compile(rb"<(?:posts|comments)\b|<row [^>]*\bPostTypeId=")


@dataclass(frozen=True, slots=True)
class Dump:
    """The files of one site; what is not there is None."""

    folder: str
    posts: Entry | None = None
    comments: Entry | None = None
    users: Entry | None = None

    @property
    def entries(self) -> list[Entry]:
        """Those files that are there."""
        return [entry for entry in (self.users, self.posts, self.comments) if entry is not None]


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield questions and answers, then comments, site by site.

    Raises BadArchive where there is no dump, a file has a DOCTYPE, or no row can be read.
    """
    with open_bundle(path) as bundle:
        found = dumps(bundle)
        if not found:
            raise BadArchive(f"{path} holds no Posts.xml: name the folder of a data dump")
        for entry in (entry for dump in found for entry in dump.entries):
            if doctype(bundle.head(entry.name)):
                raise BadArchive(f"{path}: {entry.name} has a DOCTYPE, as no data dump has")
        names = {entry.name for dump in found for entry in dump.entries}
        damage: list[Reject] = []
        usable = False
        for item in _items(bundle, found, now, progress):
            usable = usable or not (isinstance(item, Reject) and item.place in names)
            if usable:
                yield from damage
                damage.clear()
                yield item
            elif isinstance(item, Reject):
                damage.append(item)
        if damage:
            raise BadArchive(f"{path}: {damage[0].place}: {damage[0].reason}")


def fits(bundle: Bundle) -> bool:
    """Return whether an archive holds the posts or comments of a data dump."""
    return any(
        entry is not None and DUMP.search(bundle.head(entry.name))
        for dump in dumps(bundle)
        for entry in (dump.posts, dump.comments)
    )


def dumps(bundle: Bundle) -> list[Dump]:
    """Return the dumps of an archive by folder; a single file of another name is taken as posts."""
    found: dict[str, Dump] = {}
    for entry in bundle.entries:
        folder, _, name = entry.name.rpartition("/")
        dump = found.get(folder, Dump(folder))
        if name.lower() == POSTS:
            found[folder] = replace(dump, posts=entry)
        elif name.lower() == COMMENTS:
            found[folder] = replace(dump, comments=entry)
        elif name.lower() == USERS:
            found[folder] = replace(dump, users=entry)
    if not found and len(bundle.entries) == 1 and bundle.entries[0].name.endswith(".xml"):
        return [Dump("", posts=bundle.entries[0])]
    return [dump for _, dump in sorted(found.items()) if dump.posts or dump.comments]


def _items(bundle: Bundle, found: list[Dump], now: datetime, progress: Progress) -> Iterator[Item]:
    total, done = sum(entry.size for dump in found for entry in dump.entries), 0
    for dump in found:
        name = dump.folder.rsplit("/", 1)[-1] if len(found) > 1 else ""
        reader = _Reader(dump, now, Site(_host(name or bundle.path.name)))
        for entry in dump.entries:
            for item in _each(bundle, entry, reader.item):
                if name and isinstance(item, PostRecord):
                    item = replace(item, source=name[:200])
                yield item
            done += entry.size
            progress(done, total)


def _host(name: str) -> str | None:
    match = HOST.match(name.lower())
    return match[0] if match else None


@dataclass(slots=True)
class _Reader:
    """Turns the rows of a site into records; what comments need of users and posts is kept."""

    dump: Dump
    now: datetime
    site: Site
    people: dict[str, Person] = field(default_factory=dict)
    questions: dict[int, int] = field(default_factory=dict)

    def item(self, entry: Entry, row: Mapping[str, str], place: str) -> PostRecord | None:
        """Return the post of a row of one of the files; users are remembered only."""
        if entry is self.dump.users:
            id_, person = form.person(row)
            self.people[id_] = person
            return None
        site = Site(self.site.host, self.people)
        if entry is self.dump.comments:
            return form.comment(row, self.questions, site, self.now, place=place)
        post = form.post(row, site, self.now, place=place)
        if post is not None:
            self.questions[int(post.external_id)] = int(post.thread_id or post.external_id)
        return post


def _each(
    bundle: Bundle,
    entry: Entry,
    parse: Callable[[Entry, Mapping[str, str], str], PostRecord | None],
) -> Iterator[Item]:
    number = 0
    try:
        for row in rows(bundle.stream(entry.name)):
            number += 1
            place = f"{entry.name}, row {number}"
            try:
                item = parse(entry, row, place)
            except BadRecord as error:
                yield Reject(place, str(error), beginning(row))
                continue
            if item is not None:
                yield item
    except BadRecord as error:
        yield Reject(f"{entry.name}, row {number + 1}" if number else entry.name, str(error))
