"""What was done with a flag in words, for pages, the API, the command line and errors alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.db.models import FlagReview
from service.db.queries.flags import WITHDRAW

DONE = {
    "claim": "claimed",
    "release": "released",
    "confirm": "confirmed",
    "dismiss": "dismissed",
    "escalate": "escalated",
    "snooze": "snoozed",
    "reopen": "reopened",
    "undo": "undone",
    "withdraw": "withdrawn",
}
REASON = {
    "technical": "a technical dispute",
    "banter": "banter",
    "quoted": "quoted words",
    "resolved": "settled by themselves",
    "other": "another reason",
}


def undoable(review: FlagReview) -> bool:
    """Return whether a person did this, and nobody has undone it."""
    return review.action != WITHDRAW and review.undone_at is None and review.undoes_id is None


def tell(review: FlagReview) -> str:
    """Return what was done with a flag, by whom and when, in one line without the note."""
    said = DONE[review.action]
    if review.action == WITHDRAW:
        said = "withdrawn as the thread calmed down"
    if review.undoes_id is not None:
        said = f"review {review.undoes_id} undone"
    if review.reason is not None:
        said += f" as {REASON.get(review.reason, review.reason)}"
    if until := review.after.get("snoozed_until") if review.action == "snooze" else None:
        said += f" until {_when(datetime.fromisoformat(until))}"
    if review.evidence.get("withdrawn"):
        said += " after a run had withdrawn it"
    who = "a run" if review.action == WITHDRAW else review.actor
    return f"{said} by {who} on {_when(review.at)}{_shown(review.evidence)}"


def _shown(evidence: Mapping[str, Any]) -> str:
    """Return by which heat a withdrawal shows, beside the threshold; nothing of other steps."""
    figures = [f"{name} {evidence[name]:.2f}" for name in ("heat", "threshold") if name in evidence]
    return f" ({', '.join(figures)})" if figures else ""


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
