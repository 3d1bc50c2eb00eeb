"""The labels of posts, as a page shows them: in words, with where each comes from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from nlp.judgements.labels import LANGUAGE
from nlp.judgements.labels import TASKS as LABELS
from service.db.queries import scores
from service.db.queries.scores import ScoreRow
from service.judgements import TASKS
from service.web import words

# What goes without saying.
USUAL = {
    "sentiment": {"neutral"},
    "emotion": {"none"},
    "hostility": {"civil"},
    "intent": {"other"},
    LANGUAGE: {"en", "und"},
}
# What a person chooses from, in the order of a form; of languages there are too many to list.
CHOICES = {task: [(label, words.label(label)) for label in LABELS.get(task, ())] for task in TASKS}


@dataclass(frozen=True, slots=True)
class Label:
    """A label in force, in words: `why` says whose it is, `told` whether it stands on its own."""

    task: str
    text: str
    why: str
    told: bool


def labels_of(session: Session, posts: Collection[int]) -> dict[int, list[Label]]:
    """Return the labels of each post, by task; of a post that was not judged, none."""
    found = scores.of_posts(session, posts)
    return {post: _labels(found.get(post, [])) for post in posts}


def _labels(rows: list[ScoreRow]) -> list[Label]:
    by_task = {row.task: row for row in rows}
    return [_label(by_task[task]) for task in TASKS if task in by_task]


def _label(row: ScoreRow) -> Label:
    told = row.label is not None and row.label not in USUAL[row.task]
    text = words.label(row.label) if row.label else "not sure enough to say"
    if row.correction is None:
        return Label(row.task, text, _model(row), told)
    same = row.correction.label == row.model_label
    verb = "confirmed" if same else "corrected" if row.model else "given"
    by = f"{verb} by {row.correction.actor} on {words.moment(row.correction.created_at)}"
    said = words.label(row.model_label) if row.model_label else "nothing"
    why = by if row.model is None else f"{by}; the model said {said}, {_model(row)}"
    return Label(row.task, f"{text} ({verb})", why, told)


def _model(row: ScoreRow) -> str:
    return f"{row.confidence or 0:.2f} sure, by {row.model} {row.version}"
