"""One step for many flags: first a preview, then, by its token, exactly what it showed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from service import flags
from service.db.models import Flag
from service.db.queries import flags as queries
from service.db.queries.flags import RESOLVED, UNRESOLVED
from service.errors import Conflict, InvalidInput, NotFound, Stale
from service.flag_words import tell
from service.flags import Done, Step

MOST = 100
_TAG = 12  # bytes


@dataclass(frozen=True, slots=True)
class Change:
    """What a step would make of a flag: its status after; `refused` says why it would not."""

    flag: int
    revision: int
    before: str
    after: str
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a step would do to each flag, and the token by which exactly that is done."""

    token: str
    changes: tuple[Change, ...]


def preview(
    session: Session, flag_ids: Collection[int], step: Step, actor: str, now: datetime
) -> Preview:
    """Return what a step would do; nothing is changed.

    Raise NotFound for an id that is no flag, InvalidInput for none or more than 100 of them.
    """
    step = flags.checked(step, now)
    rows = _held(session, flag_ids)
    changes = _changes(session, rows.values(), step, actor, now)
    return Preview(token_of(changes, step, actor), changes)


def apply(
    session: Session, flag_ids: Collection[int], step: Step, token: str, actor: str, now: datetime
) -> list[Done]:
    """Do what a preview showed, all of it or nothing; what it refused is left out.

    Raise Stale where somebody came between, InvalidInput for a token that was not made for this.
    """
    step = flags.checked(step, now)
    rows = _held(session, flag_ids)
    seen = _seen(token, step, actor)
    if set(seen) != set(rows):
        raise InvalidInput("this token was made for other flags: ask for a preview again")
    for row in rows.values():
        if later := queries.reviews(session, row.id, after=seen[row.id]):
            raise Stale(f"flag {row.id} was changed since the preview: {tell(later[-1])}")
    changes = _changes(session, rows.values(), step, actor, now)
    if token_of(changes, step, actor) != token:
        raise Stale("this would do something else by now: ask for a preview again")
    return [
        flags.act(
            session, change.flag, step.action, revision=change.revision, actor=actor, now=now,
            note=step.note, reason=step.reason, until=step.until,
        )
        for change in changes
        if change.refused is None
    ]  # fmt: skip


def _held(session: Session, flag_ids: Collection[int]) -> dict[int, Flag]:
    wanted = set(flag_ids)
    if not 1 <= len(wanted) <= MOST:
        raise InvalidInput(f"1 to {MOST} flags are changed at once")
    rows = queries.hold(session, wanted)
    if missing := sorted(wanted - set(rows)):
        raise NotFound(f"there is no flag {missing[0]}: nothing was changed")
    return rows


def _changes(
    session: Session, rows: Iterable[Flag], step: Step, actor: str, now: datetime
) -> tuple[Change, ...]:
    """Return what a step would make of flags; of one thread only the first comes back to wait."""
    found: list[Change] = []
    back: dict[int, int] = {}
    for row in rows:
        one = _change(session, row, step, actor, now)
        if one.refused is None and row.status in RESOLVED and one.after in UNRESOLVED:
            first = back.setdefault(row.thread_id, row.id)
            if first != row.id:
                told = f"its thread would have two flags that wait: this and flag {first}"
                one = replace(one, after=one.before, refused=told)
        found.append(one)
    return tuple(found)


def _change(session: Session, row: Flag, step: Step, actor: str, now: datetime) -> Change:
    before = flags.status_at(row, now)
    try:
        after = flags.planned(session, row, step, actor, now)
    except Conflict as error:
        return Change(row.id, row.revision, before, before, str(error))
    return Change(row.id, row.revision, before, before if after is None else after["status"])


def token_of(changes: Sequence[Change], step: Step, actor: str) -> str:
    """Return what stands for these changes by this step of this actor."""
    shown = [[one.flag, one.revision, None if one.refused else one.after] for one in changes]
    body = json.dumps(shown, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_tag(body, step, actor) + body).decode()


def _seen(token: str, step: Step, actor: str) -> dict[int, int]:
    """Return the revision of each flag that a preview showed."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        if raw[:_TAG] == _tag(raw[_TAG:], step, actor):
            return {flag: revision for flag, revision, _ in json.loads(raw[_TAG:])}
    except (ValueError, TypeError, RecursionError):
        pass
    raise InvalidInput("this token was made for another step: ask for a preview again")


def _tag(body: bytes, step: Step, actor: str) -> bytes:
    until = None if step.until is None else step.until.isoformat()
    asked = json.dumps([step.action, step.reason, step.note, until, actor])
    return hashlib.blake2b(asked.encode() + b"\n" + body, digest_size=_TAG).digest()
