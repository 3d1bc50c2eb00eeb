"""What people do with flags: each step is kept, audited, and can be undone.

Whoever acts names the revision that they looked at: where somebody came between, nothing is done,
and the error says who did what and when. Only a verdict on a flag that a run withdrew meanwhile is
taken, as the run knows less than who read the thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.db.models import Flag, FlagReview
from service.db.queries import audit
from service.db.queries import flags as queries
from service.db.queries.flags import (
    CLAIMED,
    CONFIRMED,
    DISMISSED,
    ESCALATED,
    OPEN,
    RESOLVED,
    SNOOZED,
    UNRESOLVED,
    WITHDRAW,
    WITHDRAWN,
)
from service.errors import Conflict, InvalidInput, NotFound, Stale
from service.flag_words import DONE, tell

REASONS = ("technical", "banter", "quoted", "resolved", "other")
NOTE = 500  # characters
LONGEST_SNOOZE = timedelta(days=90)
TIMES = ("snoozed_until", "decided_at")
VERDICTS = {"confirm", "dismiss"}
BACK = {"release", "reopen"}
# Which status each action leads to, and from which ones.
TO = {
    "claim": CLAIMED,
    "release": OPEN,
    "confirm": CONFIRMED,
    "dismiss": DISMISSED,
    "escalate": ESCALATED,
    "snooze": SNOOZED,
    "reopen": OPEN,
}
FROM = {
    "claim": {OPEN, ESCALATED, SNOOZED},
    "release": {CLAIMED},
    "confirm": {*UNRESOLVED, WITHDRAWN},
    "dismiss": {*UNRESOLVED, WITHDRAWN, DISMISSED},
    "escalate": {OPEN, CLAIMED, SNOOZED},
    "snooze": {*UNRESOLVED},
    "reopen": {*RESOLVED, ESCALATED, SNOOZED},
}


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with a flag. `reason` is of a dismissal only, `until` of a snooze only."""

    action: str
    reason: str | None = None
    note: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a step came to: `changed` is False where it stood already.

    `review` is what undoes it; `revision` is the flag's now. `withdrawn`: a verdict was taken of a
    flag that a run had withdrawn.
    """

    flag: int
    changed: bool
    revision: int
    status: str
    review: int | None = None
    withdrawn: bool = False


def act(
    session: Session,
    flag_id: int,
    action: str,
    *,
    revision: int | None,
    actor: str,
    now: datetime,
    note: str | None = None,
    reason: str | None = None,
    until: datetime | None = None,
) -> Done:
    """Do something with a flag; `revision` is the one looked at, None whichever it has.

    Raise NotFound for no such flag, InvalidInput for what cannot be asked, Stale where somebody
    came between, Conflict where its status does not allow it.
    """
    step = checked(Step(action, reason, note, until), now)
    row = _held(session, flag_id)
    if revision is not None and (done := _repeated(session, row, step, revision, actor)):
        return done
    after = planned(session, row, step, actor, now)
    if after is None:
        return Done(row.id, False, row.revision, row.status)
    withdrawn = row.status == WITHDRAWN and action in VERDICTS
    return _changed(session, row, step, after, actor, now, withdrawn)


def checked(step: Step, now: datetime) -> Step:
    """Return a step with its note trimmed; raise InvalidInput for one that cannot be."""
    if step.action not in TO:
        raise InvalidInput(f"an action is one of {', '.join(TO)}")
    if step.reason is not None and (step.action != "dismiss" or step.reason not in REASONS):
        raise InvalidInput(f"a reason is of `dismiss` only, and one of {', '.join(REASONS)}")
    if (step.until is None) == (step.action == "snooze"):
        raise InvalidInput("`until` goes with `snooze`, and with nothing else")
    if step.until is not None and not now < step.until <= now + LONGEST_SNOOZE:
        raise InvalidInput(f"`until` lies ahead, by {LONGEST_SNOOZE.days} days at most")
    note = None if step.note is None else step.note.strip() or None
    if note is not None and (len(note) > NOTE or "\0" in note):
        raise InvalidInput(f"a note has at most {NOTE} characters, and no NUL")
    return Step(step.action, step.reason, note, step.until)


def planned(
    session: Session, row: Flag, step: Step, actor: str, now: datetime
) -> dict[str, Any] | None:
    """Return the state that a step leads to; None where that stands; raise Conflict if it cannot.

    A flag that somebody else claimed is theirs until it is released.
    """
    status = status_at(row, now)
    if row.claimed_by not in {None, actor} and step.action != "release":
        raise Conflict(f"{_last(session, row)}; release it first")
    if _stands(row, step, status):
        # What is added to a step that stands changes nothing, but is kept.
        return _as_is(row) if _adds(session, row, step) else None
    if status not in FROM[step.action]:
        raise Conflict(f"{_last(session, row)}: it is {status}, so nothing to {step.action}")
    after: dict[str, Any] = {**dict.fromkeys(queries.STATE), "status": TO[step.action]}
    if step.action == "claim":
        after["claimed_by"] = actor
    if step.action == "release" and _was_escalated(session, row):
        after["status"] = ESCALATED
    if step.action == "snooze":
        after["snoozed_until"] = step.until
    if step.action in VERDICTS:
        after |= {"decided_at": now, "decided_by": actor, "reason": step.reason}
    _alone(session, row, after["status"])
    return after


def _as_is(row: Flag) -> dict[str, Any]:
    return {name: getattr(row, name) for name in queries.STATE}


def _adds(session: Session, row: Flag, step: Step) -> bool:
    """Return whether a step that stands comes with a note that is not the last one's."""
    if step.note is None or step.action in BACK:
        return False
    newest = queries.standing_review(session, row.id)
    return newest is None or newest.note != step.note


def _was_escalated(session: Session, row: Flag) -> bool:
    """Return whether a claimed flag was escalated when it was claimed."""
    claim = queries.standing_review(session, row.id)
    return claim is not None and claim.before["status"] == ESCALATED


def status_at(row: Flag, now: datetime) -> str:
    """Return the status of a flag at a time: one whose snooze is over is open again."""
    over = row.status == SNOOZED and row.snoozed_until is not None and row.snoozed_until <= now
    return OPEN if over else row.status


def undo(session: Session, flag_id: int, review_id: int, now: datetime, actor: str) -> Done:
    """Undo what a person did with a flag; to undo it again changes nothing.

    Raise NotFound for no such review of it, Conflict for what a run did and where a later step
    must be undone first.
    """
    row = _held(session, flag_id)
    review = queries.review(session, review_id)
    if review is None or review.flag_id != flag_id:
        raise NotFound(f"flag {flag_id} has no review {review_id}")
    if review.undone_at is not None:
        return Done(flag_id, False, row.revision, row.status, review_id)
    if review.undoes_id is not None:
        raise Conflict(f"review {review_id} undid another: decide that anew instead")
    if review.action == WITHDRAW:
        raise Conflict(f"review {review_id} is a run's: reopen flag {flag_id} instead")
    newest = queries.standing_review(session, flag_id)
    if newest is not None and newest.id != review_id:
        told = tell(newest)
        mend = "decide anew" if newest.action == WITHDRAW else f"undo review {newest.id} first"
        raise Conflict(f"flag {flag_id} was changed again since ({told}): {mend}")
    _alone(session, row, review.before["status"])
    review.undone_at = now
    back = {name: _read(name, value) for name, value in review.before.items()}
    return _changed(session, row, Step("undo"), back, actor, now, undoes=review_id)


def _held(session: Session, flag_id: int) -> Flag:
    row = queries.hold(session, [flag_id]).get(flag_id)
    if row is None:
        raise NotFound(f"there is no flag {flag_id}")
    return row


def _repeated(session: Session, row: Flag, step: Step, revision: int, actor: str) -> Done | None:
    """Return what a step came to before; None where it is new; raise Stale for a later change."""
    if revision > row.revision:
        raise InvalidInput(f"flag {row.id} has no revision {revision} yet: look at it again")
    later = queries.reviews(session, row.id, after=revision)
    if len(later) == 1 and _same(later[0], step, actor):
        return Done(row.id, False, row.revision, row.status, later[0].id)
    if step.action in VERDICTS and later and all(one.action == WITHDRAW for one in later):
        return None
    if later:
        raise Stale(_told(row, later))
    return None


def _same(review: FlagReview, step: Step, actor: str) -> bool:
    until = None if step.until is None else step.until.isoformat()
    asked = (actor, step.action, step.reason, step.note, until)
    return asked == (
        review.actor, review.action, review.reason, review.note, review.after["snoozed_until"],
    )  # fmt: skip


def _told(row: Flag, later: Sequence[FlagReview]) -> str:
    told = "; ".join(tell(review) for review in later[-3:])
    return f"flag {row.id} was changed since revision {later[0].revision - 1}: {told}; look again"


def _last(session: Session, row: Flag) -> str:
    newest = queries.standing_review(session, row.id)
    return f"flag {row.id}" if newest is None else f"flag {row.id}: {tell(newest)}"


def _stands(row: Flag, step: Step, status: str) -> bool:
    if step.action in BACK:
        return status == OPEN or (step.action == "release" and status == ESCALATED)
    if status != TO[step.action]:
        return False
    if step.action == "dismiss":
        # To leave the reason out takes none back.
        return step.reason in {None, row.reason}
    return step.action != "snooze" or row.snoozed_until == step.until


def _alone(session: Session, row: Flag, status: str) -> None:
    """Raise Conflict where a flag would be unresolved beside another one of its thread."""
    if status not in UNRESOLVED or row.status in UNRESOLVED:
        return
    other = queries.of_thread(session, row.thread_id)
    if other is not None:
        raise Conflict(f"its thread was flagged anew since: see flag {other.id}")


def _changed(
    session: Session,
    row: Flag,
    step: Step,
    after: dict[str, Any],
    actor: str,
    now: datetime,
    withdrawn: bool = False,
    undoes: int | None = None,
) -> Done:
    before = queries.state(row)
    try:
        with session.begin_nested():
            for name, value in after.items():
                setattr(row, name, value)
            row.rank = queries.rank_of(row)
            review = queries.add_review(
                session, row, before, now, actor, step.action, reason=step.reason, note=step.note,
                evidence={"withdrawn": True} if withdrawn else {}, undoes_id=undoes,
            )  # fmt: skip
    except IntegrityError as error:
        # Where writers do not wait for each other, a run may have flagged the thread just now.
        raise Conflict("its thread was flagged anew meanwhile: look again") from error
    detail = {
        "review": review.id, "revision": row.revision, "before": before["status"],
        "after": row.status, "reason": step.reason, "undoes": undoes,
    }  # fmt: skip
    told = {name: value for name, value in detail.items() if value is not None}
    audit.note(session, now, actor, f"conflict.{DONE[step.action]}", f"conflict {row.id}", told)
    return Done(row.id, True, row.revision, row.status, review.id, withdrawn)


def _read(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in TIMES and value is not None else value
