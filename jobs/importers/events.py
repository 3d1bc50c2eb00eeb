"""What happened beside posts, as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.importers.fields import BadRecord, mapping, moment, needed, number, word
from jobs.importers.records import EventRecord, Item, Progress
from jobs.importers.rows import rows

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


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the events of a file, gzip or plain."""
    return rows(path, event, now=now, progress=progress)


def event(row: dict[str, Any], place: str, now: datetime) -> EventRecord:
    """Return the event of one object; raise BadRecord with the reason where there is none."""
    kind = needed(row, ("kind",))
    if kind not in EVENT_KINDS:
        raise BadRecord(f"`kind` is none of {', '.join(EVENT_KINDS)}")
    account = word(row, ("account",), DOMAIN_LIMIT)
    return EventRecord(
        external_id=needed(row, ("id",)),
        kind=kind,
        occurred_at=moment(row, ("occurred_at", "created_at", "timestamp"), now),
        member=word(row, ("member", "author")),
        account=account.lower() if account else None,
        amount=number(row, ("amount",)),
        data=mapping(row, "data"),
        source=word(row, ("source", "platform"), 200),
        place=place,
    )
