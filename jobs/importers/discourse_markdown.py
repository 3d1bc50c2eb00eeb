"""Discourse as Markdown: a file for each topic, a heading `## user on time` for each post.

The format: https://github.com/girder/girder-discourse-export.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from jobs.importers.bundle import Bundle, Entry
from service.ingest.fields import TITLE_LIMIT, BadRecord, body, moment, needed, word
from service.ingest.formats.discourse import is_anonymised, is_bot
from service.ingest.formats.values import RAW_BYTES
from service.ingest.records import Item, PostRecord, Progress, Reject, raw_text

FILE_LIMIT = 64 << 20
HEADING = re.compile(
    r"## (?P<author>\S.{0,399}?) on (?P<at>\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S{0,30})\s*"
)
BEGINNING = re.compile(
    rb"\s*(?:---\n.*?\n---\s*)?#? ?[^\n]*\n+## \S[^\n]* on \d{4}-\d\d-", re.DOTALL
)
FENCE = re.compile(r" {0,3}(?:```|~~~)")
FRONT = RULE = "---"
ABOUT = ("readme.md", "license.md", "contributing.md", "index.md")


@dataclass(frozen=True, slots=True)
class Topic:
    """What a file says of its topic, and its lines with those that begin a post."""

    id: str
    title: str | None
    channel: str | None
    lines: list[str]
    heads: list[int]


def files(bundle: Bundle) -> list[Entry]:
    """Return the files that may be topics."""
    return [
        entry for entry in bundle.find("*.md") if entry.name.rsplit("/", 1)[-1].lower() not in ABOUT
    ]


def begins(head: bytes) -> bool:
    """Return whether a file begins with a title and the heading of a post."""
    return BEGINNING.match(head.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"")) is not None


def posts(bundle: Bundle, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the posts of each topic in the order of the file."""
    for entry in bundle.walk(files(bundle), progress):
        try:
            found = topic(entry.name, bundle.read(entry.name, FILE_LIMIT))
        except BadRecord as error:
            yield Reject(entry.name, str(error))
            continue
        bounds = pairwise([*found.heads, len(found.lines)])
        for position, (start, end) in enumerate(bounds, start=1):
            section = found.lines[start:end]
            try:
                yield _post(found, position, section, f"{entry.name}, post {position}", now)
            except BadRecord as error:
                raw = "\n".join(section)[:2_000].encode("utf-8", "replace")
                yield Reject(f"{entry.name}, post {position}", str(error), raw_text(raw))


def topic(name: str, raw: bytes) -> Topic:
    """Return the topic of a file; raise BadRecord where no post begins in it."""
    text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    heads = headings(lines)
    if not heads:
        raise BadRecord("the file holds no heading like `## user on 2024-06-01T00:08:26Z`")
    told = _front(lines[: heads[0]])
    title = next((line[2:] for line in lines[: heads[0]] if line.startswith("# ")), None)
    told.setdefault("title", title)
    return Topic(
        id=needed({"file name": name.removesuffix(".md")}, ("file name",), 380),
        title=word(told, ("title",), TITLE_LIMIT),
        channel=word(told, ("category", "categories")),
        lines=lines,
        heads=heads,
    )


def headings(lines: list[str]) -> list[int]:
    """Return the lines that begin a post: headings between blank lines, and not in code.

    A fence that a post leaves open must not swallow the posts after it, so a heading counts as
    code only where the fence before it is closed after it.
    """
    places = [at for at in range(len(lines)) if _is_heading(lines, at)]
    found, within = [], False
    for at, end in pairwise([*places, len(lines)]):
        odd = sum(FENCE.match(line) is not None for line in lines[at:end]) % 2 == 1
        if within and odd:
            within = False
            continue
        found.append(at)
        within = odd
    return found


def _is_heading(lines: list[str], at: int) -> bool:
    if not lines[at].startswith("## ") or not HEADING.fullmatch(lines[at]):
        return False
    return not (at and lines[at - 1].strip()) and not "".join(lines[at + 1 : at + 2]).strip()


def _front(lines: list[str]) -> dict[str, str | None]:
    """Return the `name: value` lines that stand before a topic between two `---`."""
    if not lines or lines[0].strip() != FRONT:
        return {}
    found: dict[str, str | None] = {}
    for line in lines[1:]:
        if line.strip() == FRONT:
            return found
        name, mark, value = line.partition(":")
        if mark and value.strip():
            found[name.strip().lower()] = value.strip().strip("\"'")
    return {}


def _text(lines: list[str]) -> str:
    """Return what a post says, without the rule that the export draws below each."""
    text = "\n".join(lines).strip("\n")
    return text.removesuffix(RULE).strip("\n") if ("\n" + text).endswith("\n" + RULE) else text


def _post(topic: Topic, position: int, section: list[str], place: str, now: datetime) -> PostRecord:
    head = HEADING.fullmatch(section[0])
    assert head is not None
    author = needed(head.groupdict(), ("author",))
    raw = "\n".join(section).encode("utf-8", "surrogateescape")
    return PostRecord(
        external_id=f"{topic.id}/{position}",
        author=author,
        created_at=moment(head.groupdict(), ("at",), now),
        text=body({"text": _text(section[1:])}, ("text",)),
        thread_id=topic.id,
        thread_title=topic.title,
        channel=topic.channel,
        is_bot=is_bot(author),
        is_deleted=is_anonymised(author),
        raw=raw if len(raw) <= RAW_BYTES else b"",
        place=place,
    )
