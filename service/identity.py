"""One person behind many handles: who may be one, and what people or a rule decide about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.db.models import Suggestion
from service.db.queries import audit
from service.db.queries import identities as queries
from service.db.queries.identities import ACCEPTED, DISMISSED, EXPIRED, PENDING
from service.db.session import Database
from service.errors import Conflict, InvalidInput, NotFound
from service.insights import identity as insight
from service.merges import (
    Outcome,
    Preview,
    group_of,
    joint,
    keeper,
    merge,
    preview,
    root_of,
    unmerge,
)

__all__ = [
    "RULES",
    "Found",
    "Outcome",
    "Preview",
    "accept",
    "dismiss",
    "joint",
    "look",
    "merge",
    "people",
    "preview",
    "restore",
    "unmerge",
]
RULES = ("none", "verified-email")


@dataclass(frozen=True, slots=True)
class Found:
    """What a look for people with several handles did, and how many suggestions wait now."""

    handles: int
    pending: int
    new: int
    dropped: int
    accepted: int


def look(database: Database, *, now: datetime, rule: str = "none", actor: str) -> Found:
    """Bring the suggestions up to the handles that are there; let the rule accept new ones.

    What people decided stays. Repeating it without news changes nothing.
    """
    if rule not in RULES:
        raise InvalidInput(f"no rule {rule!r}: rules are {', '.join(RULES)}")
    with database.read() as session:
        rows = queries.handles(session)
        known = queries.every_suggestion(session)
    root = {row.home_id: row.member_id for row in rows}
    dismissed = [_pair(root, row) for row in known if row.status == DISMISSED]
    found = insight.suggest([_handle(row) for row in rows], dismissed=dismissed)
    with database.write() as session:
        fresh, counts = _settle(session, found, now)
        accepted = _apply(session, rule, fresh, now)
        if any(counts.values()):
            told = counts | {"accepted": accepted}
            audit.note(session, now, actor, "identity.look", "suggestions", told)
        pending = queries.waiting(session)
    return Found(len(rows), pending, counts["new"], counts["dropped"], accepted)


def _handle(row: Any) -> insight.Handle:
    return insight.Handle(
        id=row.id,
        member=row.member_id,
        platform=row.platform,
        value=row.value,
        name=row.name,
        email=row.email,
        verified=row.verified,
        is_bot=row.is_bot,
        is_staff=row.is_staff,
        is_deleted=row.is_deleted,
        links=tuple(row.links),
        posts=row.posts,
    )


def _pair(root: Mapping[int, int], row: Any) -> frozenset[int]:
    return frozenset(root.get(id_, id_) for id_ in (row.left_id, row.right_id))


def _settle(
    session: Session, found: Sequence[insight.Suggestion], now: datetime
) -> tuple[list[insight.Suggestion], dict[str, int]]:
    """Write what is new, changed or gone; return what nobody was told of before, and the counts.

    What was found is a little old: people may have decided or merged in the meantime.
    """
    root = queries.homes(session)
    rows = queries.every_suggestion(session)
    known = {(row.left_id, row.right_id): row for row in rows}
    met = {_pair(root, row) for row in rows}
    parted = {_pair(root, row) for row in rows if row.status == DISMISSED}
    told = {
        pair: one
        for one in found
        if (pair := _sorted(one.members)) not in known or known[pair].status in (PENDING, EXPIRED)
        if _stand(root, pair) and frozenset(pair) not in parted
    }
    new = [pair for pair in told if pair not in known]
    changed = [
        {"id": known[pair].id} | facts
        for pair, one in told.items()
        if pair in known and (facts := _facts(one)) != _kept(known[pair])
    ]
    gone = [
        row.id
        for pair, row in known.items()
        if row.status == PENDING and pair not in told and _stand(root, pair)
    ]
    queries.add_suggestions(session, [_row(pair, told[pair], now) for pair in new])
    queries.change_suggestions(session, changed)
    queries.expire_suggestions(session, gone)
    counts = {"new": len(new), "changed": len(changed), "dropped": len(gone)}
    return [told[pair] for pair in new if frozenset(pair) not in met], counts


def _sorted(pair: tuple[int, int]) -> tuple[int, int]:
    return min(pair), max(pair)


def _stand(root: Mapping[int, int], pair: tuple[int, int]) -> bool:
    """Return whether neither of two members was merged into another."""
    return all(root.get(id_) == id_ for id_ in pair)


def _row(pair: tuple[int, int], one: insight.Suggestion, now: datetime) -> dict[str, Any]:
    blank = {"created_at": now, "resolved_at": None, "resolved_by": None}
    return {"left_id": pair[0], "right_id": pair[1], **_facts(one), **blank}


def _kept(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("status", "confidence", "parts", "version")}


def _facts(one: insight.Suggestion) -> dict[str, Any]:
    return {
        "status": PENDING,
        "confidence": round(one.confidence, 4),
        "parts": [{"name": p.name, "weight": p.weight, "why": p.why} for p in one.parts],
        "version": one.version,
    }


def _apply(session: Session, rule: str, new: Sequence[insight.Suggestion], now: datetime) -> int:
    """Accept what the rule allows among new suggestions; what a person undid is not new."""
    if rule == "none":
        return 0
    accepted = 0
    for one in new:
        if not any(part.name == "verified_email" and part.weight > 0 for part in one.parts):
            continue
        row = queries.between(session, *one.members)
        if row is not None and row.status == PENDING and not _undone(session, row):
            left, right = (root_of(session, id_) for id_ in (row.left_id, row.right_id))
            if preview(session, left, right).against is None:
                accept(session, row.id, now, f"rule:{rule}")
                accepted += 1
    return accepted


def _undone(session: Session, row: Suggestion) -> bool:
    """Return whether somebody parted any two members of the two people before."""
    sides = [group_of(session, root_of(session, id_)) for id_ in (row.left_id, row.right_id)]
    return any(
        len(pair & sides[0]) == len(pair & sides[1]) == 1 for pair in queries.undone(session)
    )


def accept(
    session: Session, id_: int, now: datetime, actor: str, *, everyone: bool = True
) -> Outcome:
    """Accept a suggestion and merge its members; to do it again changes nothing.

    Raise NotFound for no such suggestion, Conflict for a dismissed one and where a merge cannot be;
    `everyone` is as in `preview`.
    """
    row = _suggestion(session, id_)
    if row.status == ACCEPTED:
        return Outcome(False, root_of(session, row.left_id))
    if row.status == DISMISSED:
        raise Conflict(f"suggestion {id_} was dismissed by {row.resolved_by}: restore it first")
    if row.status == EXPIRED:
        raise Conflict(f"suggestion {id_} is no longer made: merge the two members if they are one")
    kept, other = people(session, row)
    done = merge(session, kept, other, now, actor, everyone=everyone)
    row.status, row.resolved_at, row.resolved_by = ACCEPTED, now, actor
    audit.note(session, now, actor, "suggestion.accept", f"suggestion {id_}", {"kept": kept})
    return done


def dismiss(session: Session, id_: int, now: datetime, actor: str) -> bool:
    """Dismiss a suggestion, so that it is not made again; return whether that is new.

    Raise NotFound for no such suggestion, Conflict for an accepted one.
    """
    row = _suggestion(session, id_)
    if row.status == DISMISSED:
        return False
    _check_parted(session, row)
    row.status, row.resolved_at, row.resolved_by = DISMISSED, now, actor
    audit.note(session, now, actor, "suggestion.dismiss", f"suggestion {id_}", {})
    return True


def restore(session: Session, id_: int, now: datetime, actor: str) -> bool:
    """Let a dismissed suggestion wait again; return whether that is new.

    Raise NotFound for no such suggestion, Conflict for an accepted one.
    """
    row = _suggestion(session, id_)
    _check_parted(session, row)
    if row.status != DISMISSED:
        return False
    row.status, row.resolved_at, row.resolved_by = PENDING, None, None
    audit.note(session, now, actor, "suggestion.restore", f"suggestion {id_}", {})
    return True


def _check_parted(session: Session, row: Suggestion) -> None:
    if row.status == ACCEPTED:
        raise Conflict(
            f"suggestion {row.id} was accepted by {row.resolved_by}: undo the merge first"
        )
    if root_of(session, row.left_id) == root_of(session, row.right_id):
        raise Conflict(f"the members of suggestion {row.id} are one by now: undo the merge first")


def people(session: Session, row: Suggestion) -> tuple[int, int]:
    """Return the two members that a suggestion is about now, the one to keep first.

    Those that were merged since stand for whom they were merged into, but for an accepted
    suggestion, which names its own two.
    """
    left, right = (root_of(session, id_) for id_ in (row.left_id, row.right_id))
    if left != right:
        return keeper(session, left, right)
    return (row.right_id, row.left_id) if right == row.right_id else (row.left_id, row.right_id)


def _suggestion(session: Session, id_: int) -> Suggestion:
    row = queries.suggestion(session, id_, held=True)
    if row is None:
        raise NotFound(f"there is no suggestion {id_}")
    return row
