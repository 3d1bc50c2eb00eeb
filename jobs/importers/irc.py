"""Logs of IRC channels, a file for each day or one for all: flat chat, without threads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from jobs.importers.bundle import Bundle, Entry, open_bundle
from jobs.importers.entries import DATE, day, entry_lines, folder, stem
from jobs.importers.irc_lines import Clock, Said, parse
from jobs.importers.lines import Line
from service.errors import BadArchive
from service.ingest.fields import EARLIEST, TOLERANCE, BadRecord, clean
from service.ingest.formats.values import kept
from service.ingest.records import Item, PostRecord, Progress, Reject, raw_text

LINE_LIMIT = 1 << 20
LOOK = 60
CHANNEL = re.compile(r"#{1,2}[^\s#/\\,]{1,80}?(?=[-_.]?\d{4}|\.[a-z]{2,10}$|$)")
NOT_LOGS = re.compile(r"annotation|readme|licen[cs]e|\.(?:json|jsonl|csv|xml|md|html?|mbox)$", re.I)
BOT = re.compile(r"(?:bot|serv)[\d_^`|]*$", re.IGNORECASE)


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield what was said in every log; joins, leaves, renames and notices are no posts."""
    with open_bundle(path) as bundle:
        logs = [entry for entry in bundle.entries if _is_log(bundle, entry)]
        if not logs:
            raise BadArchive(f"{path} holds no log of a chat: name the folder that holds them")
        for entry in bundle.walk(logs, progress):
            yield from _log(bundle, entry.name, now)


def fits(bundle: Bundle) -> bool:
    """Return whether an archive consists of logs: one of the first few files looks like it."""
    named = [entry for entry in bundle.entries if not NOT_LOGS.search(entry.name)]
    return any(_is_log(bundle, entry) for entry in named[:5])


def _is_log(bundle: Bundle, entry: Entry) -> bool:
    if NOT_LOGS.search(entry.name):
        return False
    found = [line for line in bundle.head(entry.name).split(b"\n")[:-1] if line.strip()]
    if not found:
        found = [line for line in bundle.head(entry.name).split(b"\n") if line.strip()]
    known = [parse(_text(line)) for line in found[:LOOK]]
    stamped = sum(said is not None and said.clock is not None for said in known)
    return stamped > 0 and sum(said is not None for said in known) * 10 >= len(known) * 7


def _log(bundle: Bundle, name: str, now: datetime) -> Iterator[Item]:
    on, own = day(name)
    channel = _channel(bundle, name)
    key = _key(name, channel, on if not own else None)
    clock = Clock(on)
    for line in entry_lines(bundle, name, LINE_LIMIT):
        if isinstance(line, Reject):
            yield line
            continue
        place = f"{name}, line {line.number}"
        said = parse(_text(line.text))
        if said is None:
            yield Reject(place, "the line is no line of a chat log", raw_text(line.text))
            continue
        if said.day not in (None, clock.day):
            clock.turn(said.day)
        if said.clock is not None:
            clock.tell(said.clock)
        if not said.nick:
            continue
        if clock.day is None:
            yield Reject(name, "no day is told: name the file like 2024-06-01.log")
            return
        yield _post(said, clock, f"{key}:{line.number}", channel, line, place, now)


def _post(
    said: Said, clock: Clock, id_: str, channel: str, line: Line, place: str, now: datetime
) -> Item:
    try:
        at = clock.time()
        if not EARLIEST <= at < now + TOLERANCE:
            raise BadRecord(f"the line is of {at.year}; times run from 1980 to now")
        return PostRecord(
            external_id=id_,
            author=clean(said.nick, "author"),
            created_at=at,
            text=clean(said.text, "text"),
            channel=channel or None,
            flat=True,
            is_bot=BOT.search(said.nick) is not None,
            raw=kept(line.text),
            place=place,
        )
    except OverflowError:
        return Reject(place, "the time lies beyond the calendar", raw_text(line.text))
    except BadRecord as error:
        return Reject(place, str(error), raw_text(line.text))


def _channel(bundle: Bundle, name: str) -> str:
    """Return the channel by a `#name` in the path, by what stands before a day, by the folder."""
    for part in reversed(name.split("/")):
        if found := CHANNEL.search(part):
            return found[0]
    own = stem(name)
    dated = DATE.search(own)
    before = (own[: dated.start()] if dated else own).strip("-_. ")
    found_name = before if before and not before.isdigit() else folder(bundle, name)
    return f"#{found_name.lstrip('#')}"[:100] if found_name else ""


def _key(name: str, channel: str, on: date | None) -> str:
    """Return what the ids of a log begin with: the same wherever the file lies."""
    parts = [stem(name)]
    if channel.lstrip("#").lower() not in parts[0].lower():
        parts.insert(0, channel)
    if on is not None:
        parts.append(on.isoformat())
    return "/".join(parts)[:300]


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
