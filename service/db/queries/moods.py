"""What mood is estimated from: the probabilities of a task over the posts of a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, Select, select, type_coerce
from sqlalchemy.orm import Session

from service.db.models import Member, Post, PostTopic, Score, ScoreModel, Thread
from service.db.queries import corrections
from service.db.queries.posts import visible
from service.db.queries.scores import newest_model

# With a start, and the task not asked for, SQLite begins with the time, not with every score.
EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Scored posts, oldest first, and what their task's newest model is.

    `created_at` is UTC, datetime64[us] [n]; `posts` are ids, int64 [n]; `probabilities` float32
    [n, labels]; `unread` bool [n], where the judge could read nothing (no words, or a language that
    it has not learned); `corrected` is the place among `labels` of what a person said, -1 where
    nobody did, int64 [n]. A label that a judge was too unsure of to name is among the
    probabilities like any other: to leave those posts out would bend every share.
    """

    created_at: NDArray[np.datetime64]
    posts: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    unread: NDArray[np.bool_]
    corrected: NDArray[np.int64]
    labels: tuple[str, ...]
    model_id: int
    prior: tuple[float, ...]


def probabilities(
    session: Session,
    task: str,
    *,
    since: datetime | None,
    until: datetime | None,
    channel: str | None = None,
    topic: int | None = None,
) -> Probabilities | None:
    """Return what the task's newest model says of posts that anyone may read, by people.

    Times are half-open. Posts that an earlier model scored are among them where its labels are
    the same. None where the task has no model.
    """
    newest = newest_model(session, task)
    if newest is None:
        return None
    named: tuple[str, ...] = tuple(newest.labels)
    query = _scored(_models(session, newest)).where(Post.created_at >= (since or EARLIEST))
    if until is not None:
        query = query.where(Post.created_at < until)
    if channel is not None:
        query = query.where(Thread.channel == channel)
    if topic is not None:
        query = query.join(PostTopic, PostTopic.post_id == Post.id)
        query = query.where(PostTopic.topic_id == topic)
    rows = session.execute(query.order_by(Post.created_at, Post.id)).all()
    return _arrays(rows, corrections.labels(session, task), named, newest)


def _models(session: Session, newest: ScoreModel) -> list[int]:
    """Return the models of a task that have the labels of its newest one."""
    query = select(ScoreModel).where(ScoreModel.task == newest.task)
    return [model.id for model in session.scalars(query) if model.labels == newest.labels]


def _scored(models: Sequence[int]) -> Select[*tuple[Any, ...]]:
    # The bytes as they are: of many posts they become one array at once.
    data = type_coerce(Score.probabilities, LargeBinary).label("data")
    return (
        select(Post.id, Post.created_at, Score.confidence, data)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .join(Score, Score.post_id == Post.id)
        .where(*visible(), Member.is_bot.is_(False), Score.model_id.in_(models))
    )


def _arrays(
    rows: Sequence[Any], corrected: dict[int, str], labels: tuple[str, ...], newest: ScoreModel
) -> Probabilities:
    place = {label: number for number, label in enumerate(labels)}
    data = np.frombuffer(b"".join(row.data for row in rows), dtype="<f2")
    told = [place.get(corrected.get(row.id, ""), -1) for row in rows]
    times = [row.created_at.replace(tzinfo=None) for row in rows]
    return Probabilities(
        created_at=np.array(times, dtype="datetime64[us]"),
        posts=np.array([row.id for row in rows], dtype=np.int64),
        probabilities=data.reshape(len(rows), len(labels)).astype(np.float32),
        unread=np.array([row.confidence == 0 for row in rows], dtype=np.bool_),
        corrected=np.array(told, dtype=np.int64),
        labels=labels,
        model_id=newest.id,
        prior=tuple(newest.prior) or (1 / len(labels),) * len(labels),
    )
