"""A ConvoKit corpus: a folder or zip with utterances.jsonl, or that file alone.

The format: https://convokit.cornell.edu/documentation/data_format.html.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from jobs.importers.bundle import Bundle, open_bundle
from jobs.importers.peek import JSON, UTTERANCES, peek
from jobs.importers.rows import Row, entry_rows, items
from service.errors import BadArchive
from service.ingest.fields import (
    TITLE_LIMIT,
    BadRecord,
    body,
    first,
    flag,
    link,
    looks_bot,
    moment,
    needed,
    word,
)
from service.ingest.formats.reactions import reactions
from service.ingest.formats.values import kept
from service.ingest.records import Item, PostRecord, Progress, Reject

TITLES = ("title", "page_title", "thread_title", "topic_title")
CHANNELS = ("channel", "subreddit", "forum", "section")
URLS = ("url", "link", "permalink")
NAMES = ("name", "display_name", "username")
ABSENT = ("", "none", "null", "nan")

Metas = Mapping[str, Mapping[str, Any]]


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the utterances of a corpus; raise BadArchive where there are none."""
    with open_bundle(path) as bundle:
        entry = next((entry for entry in bundle.entries if _is_corpus(entry.name)), None)
        if entry is None and len(bundle.entries) == 1:
            entry = bundle.entries[0]
        if entry is None:
            raise BadArchive(f"{path} holds no {UTTERANCES}: name the folder of the corpus")
        beside: dict[str, Metas] = {}
        for name in ("conversations", "speakers", "users"):
            found = _metas(bundle, PurePosixPath(entry.name).with_name(f"{name}.json").as_posix())
            if isinstance(found, Reject):
                yield found
            else:
                beside[name] = found
        people = beside.get("speakers") or beside.get("users") or {}
        talks = beside.get("conversations") or {}

        def parse(row: Row) -> Item:
            return utterance(row, now, people, talks)

        yield from items(entry_rows(bundle, entry, progress), parse)


def fits(bundle: Bundle) -> bool:
    """Return whether an archive holds utterances.jsonl, or is a file of utterances."""
    if any(_is_corpus(entry.name) for entry in bundle.entries):
        return True
    seen = peek(bundle)
    return seen is not None and seen.form == JSON and {"speaker", "meta", "text"} <= seen.names


def _is_corpus(name: str) -> bool:
    return PurePosixPath(name).name == UTTERANCES


def _metas(bundle: Bundle, name: str) -> Metas | Reject:
    """Return the `meta` of each entry of conversations.json or speakers.json."""
    if not any(entry.name == name for entry in bundle.entries):
        return {}
    try:
        found = bundle.json(name)
    except BadRecord as error:
        return Reject(name, str(error))
    if not isinstance(found, dict):
        return Reject(name, "the file is no JSON object: what it tells is left out")
    return {id_: meta for id_, entry in found.items() if (meta := _meta(entry))}


def _meta(entry: Any) -> dict[str, Any]:
    """Return the fields about an entry: under `meta`, or beside its id as in old corpora."""
    if not isinstance(entry, dict):
        return {}
    meta = entry.get("meta")
    return meta if isinstance(meta, dict) else entry


def utterance(row: Row, now: datetime, people: Metas, talks: Metas) -> PostRecord:
    """Return the post of one utterance; raise BadRecord with the reason where there is none."""
    values = row.values
    author = _speaker(values)
    thread = word(values, ("conversation_id", "root"))
    meta = _meta({"meta": values.get("meta") or {}})
    talk, person = talks.get(thread or "", {}), people.get(author, {})
    bot = _known_flag(meta, person, "is_bot")
    return PostRecord(
        external_id=needed(values, ("id",)),
        author=author,
        created_at=moment(values, ("timestamp",), now),
        text=body(values, ("text",)),
        thread_id=thread,
        thread_title=_told(talk, TITLES, TITLE_LIMIT) or _told(meta, TITLES[:1], TITLE_LIMIT),
        channel=_told(talk, CHANNELS) or _told(meta, CHANNELS),
        parent_id=_parent(values),
        reactions=_score(meta),
        url=_url(meta),
        author_name=_told(person, NAMES),
        is_bot=looks_bot(author) if bot is None else bot,
        raw=kept(row.raw),
        place=row.place,
    )


def _speaker(values: dict[str, Any]) -> str:
    speaker = first(values, ("speaker", "user"))
    if isinstance(speaker, dict):
        return needed({"speaker": first(speaker, ("id", "name"))}, ("speaker",))
    return needed({"speaker": speaker}, ("speaker",))


def _parent(values: dict[str, Any]) -> str | None:
    """Return what it answers; corpora write "None" where nothing is answered."""
    found = word(values, ("reply_to", "reply-to"))
    return None if found is None or found.lower() in ABSENT else found


def _told(meta: Mapping[str, Any], names: tuple[str, ...], limit: int = 400) -> str | None:
    """Return a known field of a meta, or None where what stands there cannot be used."""
    try:
        found = word(meta, names, limit)
    except BadRecord:
        return None
    return None if found is None or found.lower() in ABSENT else found


def _known_flag(meta: Mapping[str, Any], person: Mapping[str, Any], name: str) -> bool | None:
    for known in (person, meta):
        try:
            found = flag(known, (name,))
        except BadRecord:
            continue
        if found is not None:
            return found
    return None


def _score(meta: Mapping[str, Any]) -> tuple[Any, ...]:
    try:
        return reactions({"reactions": {"score": meta.get("score") or 0}})
    except BadRecord:
        return ()


def _url(meta: Mapping[str, Any]) -> str | None:
    try:
        return link(meta, URLS)
    except BadRecord:
        return None
