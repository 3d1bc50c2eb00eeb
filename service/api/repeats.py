"""Requests that are sent again: one Idempotency-Key writes once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Header
from sqlalchemy.orm import Session

from service.auth import Actor
from service.db.queries import jobs

IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Makes a repeated request safe: the same key and body give the same answer.",
    ),
]


def once(
    session: Session,
    actor: Actor,
    key: str | None,
    asked: str,
    now: datetime,
    write: Callable[[], dict[str, Any]],
) -> tuple[dict[str, Any], bool]:
    """Return what `write` answers, and False; or what it did for this key before, and True.

    `asked` is the whole of the request: raise Conflict where the key came with another. The answer
    is kept in the transaction of the write, so that both are there or neither.
    """
    if key is None:
        return write(), False
    digest = hashlib.sha256(asked.encode()).hexdigest()
    # Taken first: where writers do not wait for each other, the second waits here.
    row, new = jobs.ask(session, jobs.ANSWER, {"sha256": digest}, actor.name, now, key)
    if not new:
        return row.result or {}, True
    row.status, row.attempts, row.result = "succeeded", 1, write()
    row.started_at = row.finished_at = now
    session.flush()
    return row.result, False
