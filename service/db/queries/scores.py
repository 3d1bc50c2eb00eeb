"""Reads and writes what models say of posts.

A post has at most one score a task: `models` are therefore always ids of different tasks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, case, delete, func, select, tuple_
from sqlalchemy.orm import Session

from service.db.models import Post, Score, ScoreModel
from service.db.queries import corrections, heat
from service.db.queries.corrections import Correcting
from service.db.queries.embeddings import PendingText, unchanged
from service.db.queries.ids import parts, put

__all__ = ["PendingText", "unchanged"]

# Label (None: abstained), confidence, probabilities in the order of the model's labels.
Said = tuple[str | None, float, NDArray[np.float16]]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """What is held of one task on a post.

    `label` counts: that of the newest correction, else the model's; it is None where the model
    abstained. `probabilities` go by label. Without a model (`model` is None) only the correction
    is there. `used_since` is when the model was taken up.
    """

    task: str
    label: str | None
    model_label: str | None
    confidence: float | None
    probabilities: dict[str, float]
    model: str | None
    version: str | None
    used_since: datetime | None
    correction: Correcting | None


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """How many posts a model has scored, and on how many of these it abstained."""

    task: str
    model: str
    version: str
    posts: int
    abstained: int


def model_id(session: Session, task: str, name: str, version: str) -> int | None:
    """Return the id of a model of a task at a version; None where it has never been used."""
    found = _model(session, task, name, version)
    return None if found is None else found.id


def newest_model(session: Session, task: str) -> ScoreModel | None:
    """Return the model of a task that was taken up last; None where there is none."""
    query = select(ScoreModel).where(ScoreModel.task == task)
    newest = query.order_by(ScoreModel.created_at.desc(), ScoreModel.id.desc())
    return session.scalar(newest.limit(1))


def add_model(
    session: Session,
    task: str,
    name: str,
    version: str,
    labels: Sequence[str],
    now: datetime,
    prior: Sequence[float] = (),
) -> int:
    """Return the id of a model of a task at a version, made where it is not there.

    It is the task's newest model from then on, also where another came between.
    """
    newest = newest_model(session, task)
    row = _model(session, task, name, version)
    if row is None:
        row = ScoreModel(
            task=task,
            name=name,
            version=version,
            labels=list(labels),
            prior=list(prior),
            created_at=now,
        )
        session.add(row)
    elif newest is not None and newest.id != row.id:
        row.created_at = max(now, newest.created_at)
    if prior and row.prior != list(prior):
        # An import of an export knows the model by its name only.
        row.labels, row.prior = list(labels), list(prior)
    session.flush()
    return row.id


def pending_count(session: Session, models: Sequence[int]) -> int:
    """Return how many posts that are still there lack a score by any of the models."""
    if not models:
        return 0
    every = session.scalar(select(func.count()).select_from(Post)) or 0
    gone = session.scalar(select(func.count(Post.id)).where(Post.deleted_at.is_not(None))) or 0
    whole = _whole(models).subquery()
    done = session.scalar(select(func.count()).select_from(whole)) or 0
    both = select(func.count(Post.id)).where(
        Post.deleted_at.is_not(None), _held(models) == _bits(models, models)
    )
    return every - gone - done + (session.scalar(both) or 0)


def pending_sets(session: Session, models: Sequence[int]) -> list[frozenset[int]]:
    """Return by which of the models together posts that are still there lack a score, few first."""
    query = select(_held(models)).where(Post.deleted_at.is_(None)).distinct()
    found = [
        frozenset(model for place, model in enumerate(models) if not held >> place & 1)
        for held in session.scalars(query)
    ]
    return sorted(filter(None, found), key=lambda lacking: (len(lacking), sorted(lacking)))


def pending_texts(
    session: Session,
    models: Sequence[int],
    lacking: Collection[int],
    limit: int,
    after: PendingText | None = None,
) -> list[PendingText]:
    """Return posts that lack a score by just those of the models, in the order of content hashes.

    That order is the same whatever order posts came in, and brings equal texts together.
    """
    start = (b"", 0) if after is None else (after.content_hash, after.post_id)
    rest = _bits(models, set(models) - set(lacking))
    query = (
        select(Post.id, Post.plain, Post.content_hash)
        .where(Post.deleted_at.is_(None), _held(models) == rest)
        .where(tuple_(Post.content_hash, Post.id) > start)
        .order_by(Post.content_hash, Post.id)
        .limit(limit)
    )
    return [PendingText(*row) for row in session.execute(query)]


def known_scores(
    session: Session, models: Sequence[int], hashes: Collection[bytes]
) -> dict[bytes, dict[int, Said]]:
    """Return scores that posts with these content hashes have already, by hash and model id."""
    found: defaultdict[bytes, dict[int, Said]] = defaultdict(dict)
    for some in parts(sorted(set(hashes))):
        # Of a text that many wrote, one post is enough.
        first = (
            select(Post.content_hash, Score.model_id, func.min(Score.post_id).label("post_id"))
            .join(Score, Score.post_id == Post.id)
            .where(Post.content_hash.in_(some), Score.model_id.in_(models))
            .group_by(Post.content_hash, Score.model_id)
            .subquery()
        )
        query = select(
            first.c.content_hash, Score.model_id, Score.label, Score.confidence, Score.probabilities
        ).join(first, (Score.post_id == first.c.post_id) & (Score.model_id == first.c.model_id))
        for row in session.execute(query):
            found[row.content_hash][row.model_id] = (row.label, row.confidence, row.probabilities)
    return dict(found)


def put_scores(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write scores, in the place of what the posts have of the same tasks.

    A row has `post_id`, `task`, `model_id`, `label` (None: abstained), `confidence` and
    `probabilities`, and no two have the same post and task.
    """
    # In the order of the keys: pages that lie together are then written together.
    rows = sorted(rows, key=itemgetter("post_id", "task"))
    by_task: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        by_task[row["task"]].append(row["post_id"])
    for task, posts in by_task.items():
        for some in parts(posts):
            replaced = delete(Score).where(Score.task == task, Score.post_id.in_(some))
            session.execute(replaced, execution_options={"synchronize_session": False})
    put(session, Score, rows)
    heat.unsettle(session, {row["post_id"] for row in rows})


def of_posts(session: Session, post_ids: Collection[int]) -> dict[int, list[ScoreRow]]:
    """Return what is held of each post, by task; posts of which nothing is held are left out."""
    found: dict[tuple[int, str], Any] = {}
    for some in parts(list(post_ids)):
        query = select(Score, ScoreModel).join(ScoreModel, ScoreModel.id == Score.model_id)
        for score, model in session.execute(query.where(Score.post_id.in_(some))):
            found[score.post_id, score.task] = score, model
    won = corrections.winning(session, post_ids)
    rows: defaultdict[int, list[ScoreRow]] = defaultdict(list)
    for post, task in sorted(found.keys() | won.keys()):
        rows[post].append(_row(task, found.get((post, task)), won.get((post, task))))
    return dict(rows)


def counts(session: Session) -> list[ScoreCount]:
    """Return how many posts each model has scored, of those models that any score is by."""
    told = (
        select(
            Score.model_id,
            func.count().label("posts"),
            (func.count() - func.count(Score.label)).label("abstained"),
        )
        .group_by(Score.model_id)
        .subquery()
    )
    query = (
        select(ScoreModel.task, ScoreModel.name, ScoreModel.version, told.c.posts, told.c.abstained)
        .join(told, told.c.model_id == ScoreModel.id)
        .order_by(ScoreModel.task, ScoreModel.id)
    )
    return [ScoreCount(*row) for row in session.execute(query)]


def _model(session: Session, task: str, name: str, version: str) -> ScoreModel | None:
    same = (ScoreModel.task == task, ScoreModel.name == name, ScoreModel.version == version)
    return session.scalar(select(ScoreModel).where(*same))


def _held(models: Sequence[int]) -> ColumnElement[int]:
    """Return which of the models have scored a post, a bit for each: a look into its few rows."""
    bits = {model: _bits(models, [model]) for model in models}
    query = select(func.coalesce(func.sum(case(bits, value=Score.model_id)), 0))
    query = query.where(Score.post_id == Post.id, Score.model_id.in_(models))
    return query.correlate(Post).scalar_subquery()


def _bits(models: Sequence[int], some: Collection[int]) -> int:
    return sum(1 << place for place, model in enumerate(models) if model in some)


def _whole(models: Sequence[int]) -> Select[int]:
    """Return the query for the posts that all models have scored."""
    query = select(Score.post_id).where(Score.model_id.in_(models)).group_by(Score.post_id)
    return query.having(func.count() == len(set(models)))


def _row(task: str, held: tuple[Score, ScoreModel] | None, won: Correcting | None) -> ScoreRow:
    if held is None:
        label = won.label if won else None
        return ScoreRow(task, label, None, None, {}, None, None, None, won)
    score, model = held
    return ScoreRow(
        task=task,
        label=won.label if won else score.label,
        model_label=score.label,
        confidence=score.confidence,
        probabilities=dict(zip(model.labels, score.probabilities.tolist(), strict=True)),
        model=model.name,
        version=model.version,
        used_since=model.created_at,
        correction=won,
    )
