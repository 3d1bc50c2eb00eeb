"""What people corrected in the store, as labels to learn from."""

from __future__ import annotations

from sqlalchemy.orm import Session

from jobs.evaluate.labelled import Labelled
from nlp.judgements.labels import TASKS
from service.db.queries import corrections


def corrections_of(session: Session, task: str) -> Labelled | None:
    """Return the newest label that people gave each post; None where they gave none.

    What they labelled of the random sample is kept for measuring, and teaches nothing.
    """
    labels = TASKS[task]
    rows = [row for row in corrections.latest(session, task) if row.label in labels]
    if not rows:
        return None
    return Labelled(
        task,
        [row.plain for row in rows],
        tuple((label,) for label in labels),
        [labels.index(row.label) for row in rows],
        [""] * len(rows),
    )


def kept_for_measuring(session: Session, task: str) -> int:
    """Return how many posts people labelled for the random sample: these do not teach."""
    return corrections.sampled_count(session, task)
