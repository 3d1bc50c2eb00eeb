"""Companies, as JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.importers.events import DOMAIN_LIMIT
from jobs.importers.fields import needed, number, word
from jobs.importers.records import AccountRecord, Item, Progress
from jobs.importers.rows import rows


def read(path: Path, *, now: datetime, progress: Progress) -> Iterator[Item]:
    """Yield the accounts of a file, gzip or plain."""
    return rows(path, account, now=now, progress=progress)


def account(row: dict[str, Any], place: str, now: datetime) -> AccountRecord:
    """Return the account of one object; raise BadRecord with the reason where there is none."""
    return AccountRecord(
        domain=needed(row, ("domain",), DOMAIN_LIMIT).lower(),
        name=word(row, ("name",), 200),
        plan=word(row, ("plan",), 100),
        annual_value=number(row, ("annual_value",)),
        place=place,
    )
