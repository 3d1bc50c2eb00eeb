"""Who makes topics rise, where, and in which posts: of all of them by as few reads as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, func, select, type_coerce
from sqlalchemy.orm import Session

from service.db.models import Member, Post, PostTopic, Score, Thread, Topic
from service.db.queries import corrections
from service.db.queries.ids import parts
from service.db.queries.scores import newest_model

POSTS = 3
PEOPLE = 10
QUOTE_CHARS = 40


@dataclass(frozen=True, slots=True)
class Detail:
    """Of some posts: ids of three by different authors that lie nearest to the topic and say
    something; people (member id, name, posts) and channels (name, posts), the most first.
    """

    posts: list[int]
    people: list[tuple[int, str, int]]
    channels: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Judged:
    """Posts that a model judged: ids, probabilities float32 [n, K], labels and usual shares.

    `corrected` [n] is the place of the label that a person gave, -1 where nobody did; `model` the
    model's name and version.
    """

    posts: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    labels: tuple[str, ...]
    prior: tuple[float, ...]
    corrected: NDArray[np.int64]
    model: tuple[str, str]


def details(session: Session, posts: Mapping[int, Sequence[int]]) -> dict[int, Detail]:
    """Return the details of each topic's posts, by topic id."""
    wanted = sorted({post for some in posts.values() for post in some})
    rows: dict[int, Any] = {}
    for some in parts(wanted):
        query = (
            select(
                Post.id,
                Post.member_id,
                Member.name,
                Thread.channel,
                func.length(Post.plain).label("length"),
                func.coalesce(PostTopic.similarity, 0.0).label("similarity"),
                Post.created_at,
            )
            .join(Thread, Thread.id == Post.thread_id)
            .join(Member, Member.id == Post.member_id)
            .outerjoin(PostTopic, PostTopic.post_id == Post.id)
            .where(Post.id.in_(some))
        )
        rows |= {row.id: row for row in session.execute(query)}
    return {
        topic: _detail([rows[post] for post in some if post in rows])
        for topic, some in posts.items()
    }


def names(session: Session, members: Sequence[int]) -> dict[int, str]:
    """Return the names of members."""
    query = select(Member.id, Member.name).where(Member.id.in_(members))
    return {row.id: row.name for row in session.execute(query)}


def labels(session: Session, topics: Sequence[int]) -> dict[int, str]:
    """Return what topics are called, retired ones too."""
    query = select(Topic.id, func.coalesce(Topic.name, Topic.label)).where(Topic.id.in_(topics))
    return {row[0]: row[1] for row in session.execute(query)}


def judged(session: Session, task: str, posts: Sequence[int]) -> Judged | None:
    """Return what the task's newest model said of posts, of those it read; None without one."""
    model = newest_model(session, task)
    if model is None:
        return None
    ids: list[int] = []
    data: list[bytes] = []
    for some in parts(posts):
        query = select(Score.post_id, type_coerce(Score.probabilities, LargeBinary)).where(
            Score.post_id.in_(some), Score.task == task, Score.model_id == model.id
        )
        for post, vector in session.execute(query.where(Score.confidence > 0)):
            ids.append(post)
            data.append(vector)
    k = len(model.labels)
    found = np.frombuffer(b"".join(data), dtype="<f2").reshape(len(ids), k).astype(np.float32)
    prior = tuple(model.prior) or (1 / k,) * k
    told = corrections.labels(session, task)
    place = {label: number for number, label in enumerate(model.labels)}
    return Judged(
        posts=np.array(ids, dtype=np.int64),
        probabilities=found,
        labels=tuple(model.labels),
        prior=prior,
        corrected=np.array([place.get(told.get(id, ""), -1) for id in ids], dtype=np.int64),
        model=(model.name, model.version),
    )


def _detail(rows: Sequence[Any]) -> Detail:
    ranked = sorted(
        rows, key=lambda row: (row.length < QUOTE_CHARS, -row.similarity, row.created_at, row.id)
    )
    quoted: dict[int, int] = {}
    for row in ranked:
        quoted.setdefault(row.member_id, row.id)
    counts = Counter(row.member_id for row in rows)
    called = {row.member_id: row.name for row in rows}
    people = sorted(counts, key=lambda member: (-counts[member], called[member], member))
    channels = Counter(row.channel for row in rows if row.channel is not None)
    return Detail(
        posts=list(quoted.values())[:POSTS],
        people=[(member, called[member], counts[member]) for member in people[:PEOPLE]],
        channels=sorted(channels.items(), key=lambda pair: (-pair[1], pair[0])),
    )
