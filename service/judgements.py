"""Labels that people give posts: which there are, and how one is written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from nlp.judgements.labels import LANGUAGE
from nlp.judgements.labels import TASKS as LABELS
from nlp.judgements.tongues import UNKNOWN
from service.db.queries import audit, corrections, scores
from service.db.queries.corrections import CorrectionRow
from service.db.queries.scores import ScoreRow
from service.errors import InvalidInput

NOTE = 500
DIGITS = 3  # of a probability, as many as a float16 holds
TASKS = (*LABELS, LANGUAGE)
HOSTILITY = "hostility"
_CODE = re.compile("[a-z]{2}")
# ISO 639-1.
_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id
ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu
lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu
rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr
ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
LANGUAGES = frozenset([*_CODE.findall(_CODES), UNKNOWN])


@dataclass(frozen=True, slots=True)
class Given:
    """A label that a person gives a post.

    `sampled` says that the post came from the random sample, so that it counts for accuracy.
    """

    task: str
    label: str
    note: str | None = None
    sampled: bool = False


def check_task(task: str) -> str:
    """Return the name of a task; raise InvalidInput, naming the tasks, for any other."""
    if task not in TASKS:
        raise InvalidInput(f"this is no task: tasks are {', '.join(TASKS)}")
    return task


def check_label(task: str, label: str) -> str:
    """Return a label that posts can have in a task; raise InvalidInput, naming them, for others."""
    if task == LANGUAGE and label not in LANGUAGES:
        raise InvalidInput("this is no language: send a code of ISO 639-1, such as en, or und")
    if task != LANGUAGE and label not in LABELS[task]:
        raise InvalidInput(f"{task} has no such label: labels are {', '.join(LABELS[task])}")
    return label


def hostility(
    task: str, confidence: float | None, shares: Mapping[str, float]
) -> tuple[float | None, float | None]:
    """Return how hostile a model finds a text by its probabilities, 0 to 1, and how surely it means
    a person or group.

    The first is 1 minus the probability of civil, the second that of personal if the post is not
    civil: None where it surely is, and of a model that has no such label. Both are None where the
    model read nothing, and of other tasks.
    """
    if task != HOSTILITY or not confidence or "civil" not in shares:
        return None, None
    rest = sum(share for label, share in shares.items() if label != "civil")
    score = round(1 - shares["civil"], DIGITS)
    told = score > 0 and rest > 0 and "personal" in shares
    return score, round(shares["personal"] / rest, DIGITS) if told else None


def correct(session: Session, post: int, given: Given, now: datetime, actor: str) -> bool:
    """Write down the label that a person gives a post; return False where it was there already.

    The label that the model has confirms it. A post that once came from the random sample stays
    one of it, whoever labels it again. Raise InvalidInput for a task or label that is none, and
    NotFound where the post is gone.
    """
    check_label(check_task(given.task), given.label)
    if given.note is not None and len(given.note) > NOTE:
        raise InvalidInput(f"the note has {len(given.note)} characters: at most {NOTE} are kept")
    rows = [row for row in corrections.history(session, post) if row.task == given.task]
    sampled = given.sampled or any(row.sampled for row in rows)
    held = _held(session, post, given.task)
    if rows and _said(rows[0]) == (given.label, given.note, sampled, actor, *_model(held)):
        return False
    corrections.add(session, post, given.task, given.label, actor, given.note, sampled, now)
    detail = {
        "task": given.task,
        "label": given.label,
        "before": held.label if held else None,
        "sampled": sampled,
    }
    audit.note(session, now, actor, "judgement.correct", f"post {post}", detail)
    return True


def _held(session: Session, post: int, task: str) -> ScoreRow | None:
    rows = scores.of_posts(session, [post]).get(post, [])
    return next((row for row in rows if row.task == task), None)


def _model(held: ScoreRow | None) -> tuple[str | None, ...]:
    return (held.model, held.version, held.model_label) if held else (None, None, None)


def _said(row: CorrectionRow) -> tuple[str | bool | None, ...]:
    facts = (row.label, row.note, row.sampled, row.actor)
    return (*facts, row.model, row.version, row.model_label)
