"""What is stored and was not met again: where it stands, so that it is told what became of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple

from jobs.sync.live import Stored

EVER = datetime.min.replace(tzinfo=UTC)
ALL = 1_000_000


class Spot(NamedTuple):
    """Where a stored post stands."""

    thread: str
    url: str | None


def spots(stored: Stored, ids: Collection[str]) -> dict[str, Spot]:
    """Return where posts stand; those that are not stored, or are deleted, are left out.

    Looks at their own threads first, and goes through all threads for the rest.
    """
    found: dict[str, Spot] = {}
    for id_ in ids:
        here = stored.thread(id_)
        if id_ in here:
            found[id_] = Spot(id_, here[id_])
    left = set(ids) - found.keys()
    for thread in stored.threads() if left else ():
        here = stored.thread(thread)
        found |= {id_: Spot(thread, here[id_]) for id_ in left & here.keys()}
        left -= here.keys()
        if not left:
            break
    return found
