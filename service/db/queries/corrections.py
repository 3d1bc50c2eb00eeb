"""Labels that people gave posts. Rows are only added; the newest of a post and task wins.

A correction is of the words that a person read: where these change or go, it goes with them
(`load.drop_judgements`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from service.db.models import Correction, Post, Score, ScoreModel, Thread
from service.db.queries import heat
from service.db.queries.ids import parts
from service.db.queries.posts import visible
from service.errors import NotFound

# A prime and two multipliers: ids times these stay below 2^63 on every database.
_PRIME = 2_147_483_647
_SPREAD, _SEEDS = 1_540_483_477, 1_812_433_253


@dataclass(frozen=True, slots=True)
class Correcting:
    """The correction that wins: what it says, who says so, and since when."""

    label: str
    actor: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One correction, and what the model said when it was made (`model` is None: nothing)."""

    id: int
    task: str
    label: str
    actor: str
    note: str | None
    sampled: bool
    model: str | None
    version: str | None
    model_label: str | None
    model_confidence: float | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Lesson:
    """A post that a person labelled, to learn from."""

    post_id: int
    plain: str
    label: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many posts a model called `model_label` (None: abstained) and a person `label`.

    `model` and `version` are None where no model had scored the posts. Only what is `sampled`
    tells how often a model is right: people correct what they see to be wrong.
    """

    sampled: bool
    model: str | None
    version: str | None
    model_label: str | None
    label: str
    posts: int


def add(
    session: Session,
    post_id: int,
    task: str,
    label: str,
    actor: str,
    note: str | None,
    sampled: bool,
    now: datetime,
) -> int:
    """Add a correction with what the model says now; return its id.

    Raise NotFound where the post is not there or deleted.
    """
    there = select(Post.id).where(Post.id == post_id, Post.deleted_at.is_(None))
    if session.scalar(there) is None:
        raise NotFound(f"there is no post {post_id}")
    heat.unsettle(session, [post_id])
    said = session.get(Score, (post_id, task))
    row = Correction(
        post_id=post_id,
        task=task,
        label=label,
        actor=actor,
        note=note,
        sampled=sampled,
        model_id=said.model_id if said else None,
        model_label=said.label if said else None,
        model_confidence=said.confidence if said else None,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def history(session: Session, post_id: int) -> list[CorrectionRow]:
    """Return every correction of a post, newest first."""
    query = (
        select(
            Correction.id,
            Correction.task,
            Correction.label,
            Correction.actor,
            Correction.note,
            Correction.sampled,
            ScoreModel.name,
            ScoreModel.version,
            Correction.model_label,
            Correction.model_confidence,
            Correction.created_at,
        )
        .outerjoin(ScoreModel, ScoreModel.id == Correction.model_id)
        .where(Correction.post_id == post_id)
        .order_by(Correction.id.desc())
    )
    return [CorrectionRow(*row) for row in session.execute(query)]


def winning(session: Session, post_ids: Collection[int]) -> dict[tuple[int, str], Correcting]:
    """Return the correction that wins of each (post, task) of the posts that has any."""
    found = {}
    for some in parts(list(post_ids)):
        query = select(Correction).where(Correction.id.in_(_newest(Correction.post_id.in_(some))))
        for row in session.scalars(query):
            found[row.post_id, row.task] = Correcting(row.label, row.actor, row.created_at)
    return found


def labels(session: Session, task: str) -> dict[int, str]:
    """Return the label that people gave each post that they corrected, by post id."""
    query = select(Correction.post_id, Correction.label)
    return {row.post_id: row.label for row in session.execute(_winning(query, task))}


def latest(session: Session, task: str) -> list[Lesson]:
    """Return the posts that people labelled and that are still there, by id.

    Those of the random sample are left out: they tell how often a judge is right, which posts
    cannot that it has learned from.
    """
    query = select(Post.id, Post.plain, Correction.label).order_by(Post.id)
    return [Lesson(*row) for row in session.execute(_there(query, task, sampled=False))]


def sampled_count(session: Session, task: str) -> int:
    """Return how many posts of the random sample people labelled, of those still there."""
    return session.scalar(_there(select(func.count(Post.id)), task, sampled=True)) or 0


def agreement(session: Session, task: str) -> list[Agreement]:
    """Return what models said of the posts beside what people say now, counted."""
    group = (
        Correction.sampled,
        ScoreModel.name,
        ScoreModel.version,
        Correction.model_label,
        Correction.label,
    )
    query = (
        select(*group, func.count())
        .select_from(Correction)
        .outerjoin(ScoreModel, ScoreModel.id == Correction.model_id)
        .group_by(*group)
    )
    found = [Agreement(*row) for row in session.execute(_winning(query, task))]
    return sorted(found, key=_in_order)


def sample(session: Session, task: str, limit: int, seed: int) -> list[int]:
    """Return ids of scored posts that no sample has had labelled, as good as at random.

    The same seed gives the same order, whatever has been corrected since. Posts without words and
    those that not everybody may read are left out.
    """
    scored = select(Score.post_id).where(Score.post_id == Post.id, Score.task == task)
    # Those that people corrected on their own stay: without them the rest would look too good.
    judged = select(Correction.id).where(
        Correction.post_id == Post.id, Correction.task == task, Correction.sampled.is_(True)
    )
    query = (
        select(Post.id)
        .join(Thread, Thread.id == Post.thread_id)
        .where(*visible(), Post.plain != "", scored.exists(), ~judged.exists())
        .order_by(_shuffled(seed), Post.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def _shuffled(seed: int) -> ColumnElement[int]:
    """Return a number of a post by which its place hangs on nothing but its id and the seed.

    Squared, as multiples alone would lie evenly spaced, and every seed would only turn them.
    """
    spread = (Post.id % _PRIME * _SPREAD + seed * _SEEDS % _PRIME) % _PRIME
    return spread * spread % _PRIME


def _newest(*which: ColumnElement[bool]) -> Select[int]:
    """Return the query for the ids of the corrections that win, of some."""
    query = select(func.max(Correction.id)).where(*which)
    return query.group_by(Correction.post_id, Correction.task)


def _winning(query: Select[*tuple[Any, ...]], task: str) -> Select[*tuple[Any, ...]]:
    return query.where(Correction.id.in_(_newest(Correction.task == task)))


def _there(
    query: Select[*tuple[Any, ...]], task: str, *, sampled: bool
) -> Select[*tuple[Any, ...]]:
    joined = _winning(query.join(Correction, Correction.post_id == Post.id), task)
    return joined.where(Post.deleted_at.is_(None), Correction.sampled.is_(sampled))


def _in_order(row: Agreement) -> tuple[str | bool, ...]:
    told = (row.model, row.version, row.model_label, row.label)
    return (not row.sampled, *(value or "" for value in told))
