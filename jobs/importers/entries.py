"""The lines of one entry of an archive, and what its name says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import PurePosixPath

from jobs.importers.bundle import Bundle, shown
from jobs.importers.lines import Line, split
from jobs.importers.pieces import UTF8_MARK
from jobs.importers.unpack import PIECE, Damage
from service.ingest.fields import BadRecord
from service.ingest.records import Reject

DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_./]?)(\d\d)\2(\d\d)(?!\d)")
MONTH = re.compile(
    r"(?:week-of-mon-)?(?<!\d)(?:19|20)\d\d(?:[-_.]?(?:q[1-4]|jan\w*|feb\w*|mar\w*|apr\w*|may|"
    r"june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*|\d\d(?:[-_.]?\d\d)?))?(?!\d)",
    re.IGNORECASE,
)
ENDINGS = (".gz", ".bz2", ".txt", ".log", ".weechatlog", ".raw", ".mbox", ".mbx", ".eml")
# Words of a folder's name that say what lies in it and not what it is about.
PLAIN = frozenset(
    ["irc", "log", "logs", "archive", "archives", "mail", "mbox", "lists", "pipermail"]
)
BREAK = re.compile(r"[-_. ]+")


def entry_lines(bundle: Bundle, name: str, limit: int) -> Iterator[Line | Reject]:
    """Yield the lines of an entry that are not blank; rejects name the entry."""

    def pieces() -> Iterator[bytes]:
        try:
            with bundle.stream(name) as file:
                first = file.read(PIECE)
                yield first.removeprefix(UTF8_MARK)
                while piece := file.read(PIECE):
                    yield piece
        except BadRecord as error:
            raise Damage(str(error)) from error

    for line in split(pieces(), limit):
        yield replace(line, place=f"{name}, {line.place}") if isinstance(line, Reject) else line


def stem(name: str) -> str:
    """Return the last part of an entry's name without the endings that say its form."""
    found = PurePosixPath(name).name
    while found.lower().endswith(ENDINGS) and "." in found[1:]:
        found = found[: found.rindex(".")]
    return found


def day(name: str) -> tuple[date | None, bool]:
    """Return the day that an entry's name tells, and whether its last part alone does."""
    for part, own in ((PurePosixPath(name).name, True), (name, False)):
        for match in reversed(list(DATE.finditer(part[-400:]))):
            try:
                return date(int(match[1]), int(match[3]), int(match[4])), own
            except ValueError:
                continue
    return None, False


def folder(bundle: Bundle, name: str) -> str:
    """Return the name of the folder around an entry that says most, without words such as logs."""
    try:
        path = bundle.path.resolve()
    except (OSError, RuntimeError, ValueError):
        path = bundle.path
    outer = [path.name if path.is_dir() else stem(path.name), path.parent.name]
    if len(bundle.entries) == 1 and not path.is_dir():
        outer = [path.parent.name]
    for part in [*reversed(PurePosixPath(name).parent.parts), *outer]:
        words = [word for word in BREAK.split(DATE.sub("", part)) if word]
        kept = [word for word in words if word.lower() not in PLAIN and not word.isdigit()]
        if kept:
            return shown(part if part.startswith("#") else "-".join(kept))
    return ""
