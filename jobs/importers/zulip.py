"""A Zulip community as zulip-archive writes it: a folder for each channel, a file for each topic.

The format: https://github.com/zulip/zulip-archive, `zulip_json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import orjson

from jobs.importers.bundle import Bundle, shown
from jobs.importers.loose_json import loose_json
from nlp.text import readable
from service.errors import BadArchive
from service.ingest.fields import BadRecord, body, looks_bot, moment, needed
from service.ingest.formats.chat import beginning
from service.ingest.formats.values import packed
from service.ingest.records import Item, PostRecord, Progress, Reject

INNER = "zulip_json"
FOLDER = re.compile(r"(\d+)-(.*)", re.DOTALL)
PLACE = re.compile(r"(?:[^/]+/)?\d+-[^/]+/[^/]+\.json")
ESCAPE = re.compile(r"\.([0-9A-Fa-f]{2})")
CHECK = "✔ "
QUOTED = re.compile(r'/near/(\d+)"[^>]*>said</a>')
FILE_LIMIT = 256 << 20


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic file: where it lies, and what its name says."""

    path: Path
    thread_id: str
    title: str
    channel: str
    resolved: bool


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the messages of an archive; raise BadArchive where the folder is none."""
    found = topics(_root(path))
    if not found:
        raise BadArchive(f"{path} holds no topic: name the folder that holds {INNER}")
    total = sum(topic.path.stat().st_size for topic in found)
    done = 0
    for topic in found:
        yield from _messages(topic, now)
        done += topic.path.stat().st_size
        progress(done, total)


def fits(bundle: Bundle) -> bool:
    """Return whether there are folders of channels with a number in front, and topics in them."""
    return bundle.path.is_dir() and any(PLACE.fullmatch(entry.name) for entry in bundle.entries)


def topics(root: Path) -> list[Topic]:
    """Return the topics under a `zulip_json` folder, in the order of channel id and file name."""
    names = _channel_names(root)
    found = []
    for folder in sorted(root.iterdir()):
        match = FOLDER.fullmatch(folder.name)
        if match is None or not folder.is_dir():
            continue
        number, slug = match.groups()
        # The archive writes spaces as dashes; only the index still knows which were dashes.
        channel = names.get(number) or _clean(unquote(slug)).replace("-", " ")
        found += [
            _topic(file, number, channel) for file in sorted(folder.iterdir()) if _is_topic(file)
        ]
    return found


def source_name(path: Path) -> str:
    """Return the name of an archive's folder."""
    path = path.resolve()
    return path.parent.name if path.name == INNER else path.name


def _root(path: Path) -> Path:
    if not path.exists():
        raise BadArchive(f"there is no folder {path}: check the path")
    if not path.is_dir():
        raise BadArchive(f"{path} is a file: name the folder that holds {INNER}")
    return path / INNER if (path / INNER).is_dir() else path


def _is_topic(file: Path) -> bool:
    return file.suffix == ".json" and file.is_file()


def _channel_names(root: Path) -> dict[str, str]:
    try:
        streams = orjson.loads((root / "stream_index.json").read_bytes())["streams"]
        return {str(stream["id"]): _clean(name) for name, stream in streams.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _clean(name: str) -> str:
    return shown(name).replace("\0", "\ufffd")


def _topic(file: Path, number: str, channel: str) -> Topic:
    name = file.name.removesuffix(".json")
    title = unquote_to_bytes(ESCAPE.sub(r"%\1", shown(name))).decode("utf-8", "replace")
    resolved = title.startswith(CHECK.strip())
    title = _clean(title).removeprefix(CHECK.strip()).strip()
    return Topic(file, f"{number}/{title}"[:400], title, channel[:400], resolved)


def _messages(topic: Topic, now: datetime) -> Iterator[Item]:
    place = shown(f"{topic.path.parent.name}/{topic.path.name}")
    try:
        entries = _entries(topic.path)
    except BadRecord as error:
        yield Reject(place, str(error))
        return
    for position, entry in enumerate(entries, start=1):
        where = f"{place}, message {position}"
        try:
            yield _post(entry, topic, where, now)
        except BadRecord as error:
            yield Reject(where, str(error), beginning(entry))


def _entries(path: Path) -> list[Any]:
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise BadRecord(f"the file is larger than {FILE_LIMIT >> 20} MB")
        entries = loose_json(path.read_bytes())
    except OSError as error:
        raise BadRecord(f"the file cannot be read: {error.strerror}") from error
    if not isinstance(entries, list):
        raise BadRecord("the file is no list of messages")
    return entries


def _post(entry: Any, topic: Topic, place: str, now: datetime) -> PostRecord:
    if not isinstance(entry, dict):
        raise BadRecord("the message is no JSON object")
    author = needed(entry, ("sender_full_name",))
    content = body(entry, ("content",))
    quoted = QUOTED.search(content)
    return PostRecord(
        external_id=needed(entry, ("id",)),
        author=author,
        created_at=moment(entry, ("timestamp",), now),
        text=readable(content),
        thread_id=topic.thread_id,
        thread_title=topic.title or None,
        channel=topic.channel.strip() or None,
        parent_id=quoted[1] if quoted else None,
        resolved=topic.resolved,
        is_bot=looks_bot(author),
        raw=packed(entry),
        place=place,
    )
