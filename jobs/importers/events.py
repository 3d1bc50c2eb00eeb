"""What happened beside posts, as JSON Lines or as a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.importers.bundle import Bundle
from jobs.importers.cells import Kinds, typed
from jobs.importers.csv_rows import is_table, table
from jobs.importers.peek import peek
from jobs.importers.rows import items, rows
from service.ingest.fields import BadRecord, mapping, moment, needed, number, word
from service.ingest.records import EventRecord, Item, Progress

EVENT_KINDS = (
    "joined",
    "invited",
    "referred",
    "attended",
    "hosted",
    "signed_up",
    "activated",
    "purchased",
    "renewed",
    "expanded",
    "contracted",
    "churned",
    "opportunity",
    "ticket_opened",
    "advocacy",
    "certified",
    "survey_answered",
    "viewed",
    "mentioned",
    "cost",
)
DOMAIN_LIMIT = 253
AT = ("occurred_at", "created_at", "timestamp")
KINDS: Kinds = {"amount": "number", "data": "json"}
REQUIRED = ("id", "kind", "occurred_at")
NAMES = {name: name for name in ("id", "kind", "account", "source", "platform", *KINDS)} | {
    **dict.fromkeys(AT, AT[0]),
    **dict.fromkeys(("member", "author"), "member"),
}


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the events of a file, plain or packed, of JSON objects or a table."""
    if is_table(path):
        found = table(path, progress, NAMES, REQUIRED)
        return items(found, lambda row: event(typed(row.values, KINDS), row.place, now))
    return items(rows(path, progress), lambda row: event(row.values, row.place, now))


def fits(bundle: Bundle) -> bool:
    """Return whether an archive is one file of events."""
    seen = peek(bundle)
    if seen is None or not {"id", "kind"} <= seen.names or seen.names & {"text", "body"}:
        return False
    return bool(seen.names & set(AT))


def event(row: dict[str, Any], place: str, now: datetime) -> EventRecord:
    """Return the event of one object; raise BadRecord with the reason where there is none."""
    kind = needed(row, ("kind",))
    if kind not in EVENT_KINDS:
        raise BadRecord(f"`kind` is none of {', '.join(EVENT_KINDS)}")
    account = word(row, ("account",), DOMAIN_LIMIT)
    return EventRecord(
        external_id=needed(row, ("id",)),
        kind=kind,
        occurred_at=moment(row, AT, now),
        member=word(row, ("member", "author")),
        account=account.lower() if account else None,
        amount=number(row, ("amount",)),
        data=mapping(row, "data"),
        source=word(row, ("source", "platform"), 200),
        place=place,
    )
