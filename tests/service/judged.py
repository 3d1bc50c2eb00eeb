"""What made-up models say of the community of `http_store`, in even numbers.

Sentiment: of sync negative at .8 (each fifth post by id: abstained, at .4), of the editor neutral
at .7, of themes positive at .9, of the rest neutral at .6.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from nlp.judgements.labels import TASKS
from service.db.models import Post
from service.db.queries import corrections
from service.db.queries.scores import add_model, put_scores

LANGUAGES = ("de", "en", "fr", "und")
LABELS = {**TASKS, "language": LANGUAGES}
# By subject: what is said of sync, the editor, themes and nothing in particular.
SAID = {
    "sentiment": (("negative", 0.8), ("neutral", 0.7), ("positive", 0.9), ("neutral", 0.6)),
    "emotion": (("frustration", 0.7), ("none", 0.8), ("joy", 0.6), ("none", 0.9)),
    "hostility": (("civil", 0.9),) * 4,
    "intent": (
        ("bug_report", 0.9),
        ("question", 0.9),
        ("announcement", 0.5),
        ("other", 0.8),
    ),
    "language": (("en", 0.75),) * 4,
}


def judge(session: Session, now: datetime, version: str = "1") -> None:
    """Add a model for each task, and its scores of every post that is not deleted."""
    models = {task: model(session, task, now, version) for task in LABELS}
    for post in session.query(Post).where(Post.deleted_at.is_(None)).order_by(Post.id):
        subject = _subject(post.plain)
        for task in LABELS:
            label, sure = SAID[task][subject]
            unsure = task == "sentiment" and subject == 0 and post.id % 5 == 0
            score(session, post.id, models[task], task, label, 0.4 if unsure else sure, unsure)


def review(session: Session, now: datetime) -> None:
    """Add what a person said of a post from the random sample: that it is no frustration."""
    corrections.add(session, 125, "emotion", "confusion", "local", "Asks, is not cross.", True, now)


def model(session: Session, task: str, now: datetime, version: str) -> int:
    """Add a model and return its id."""
    return add_model(session, task, f"test-{task}", version, LABELS[task], now)


def score(
    session: Session, post: int, model: int, task: str, label: str, sure: float, unsure: bool
) -> None:
    """Write one score: `sure` for the label, the rest for all others alike."""
    labels = LABELS[task]
    rest = 0.0 if task == "language" else (1 - sure) / (len(labels) - 1)
    shares = [sure if name == label else rest for name in labels]
    row = {
        "post_id": post,
        "task": task,
        "model_id": model,
        "label": None if unsure else label,
        "confidence": sure,
        "probabilities": np.array(shares, dtype=np.float16),
    }
    put_scores(session, [row])


def _subject(text: str) -> int:
    starts = ("The phone app", "Which shortcut", "My theme")
    return next((number for number, start in enumerate(starts) if text.startswith(start)), 3)
