"""Topics, and the posts that are in them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from service.db.models import Member, Post, PostTopic, Thread, Topic, TopicArea
from service.db.queries.posts import hidden, visible


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic. `label` is what it is called: a person's name, else the machine's.

    `retired_at` is set where the newest fit no longer finds it, and where it was merged.
    """

    id: int
    fit_id: int
    label: str
    machine_label: str
    named: bool
    description: str
    words: list[Any]
    phrases: list[Any]
    representatives: list[Any]
    area_id: int | None
    area: str | None
    parent_id: int | None
    merged_into_id: int | None
    born_at: datetime
    retired_at: datetime | None
    pinned_at: datetime | None
    hidden_at: datetime | None


@dataclass(frozen=True, slots=True)
class AreaRow:
    """An area, what it is called, its words, and its topics that are not hidden."""

    id: int
    label: str
    words: list[Any]
    topics: list[int]


@dataclass(frozen=True, slots=True)
class Size:
    """How much was said on a topic: posts, distinct authors, first and last post."""

    posts: int
    authors: int
    first_post_at: datetime | None
    last_post_at: datetime | None


NOTHING = Size(0, 0, None, None)


# What a topic is called: a person's name wins.
CALLED = func.coalesce(Topic.name, Topic.label)
AREA_CALLED = func.coalesce(TopicArea.name, TopicArea.label)


def active(session: Session, *, hidden: bool = False) -> list[TopicRow]:
    """Return the topics that hold posts, by id; with `hidden` those too that people hid."""
    query = _topics().where(Topic.retired_at.is_(None)).order_by(Topic.id)
    return _rows(session, query if hidden else query.where(Topic.hidden_at.is_(None)))


def areas(session: Session) -> list[AreaRow]:
    """Return the areas that have topics to be listed, by id."""
    found: dict[int, AreaRow] = {}
    query = (
        select(TopicArea.id, AREA_CALLED.label("label"), TopicArea.words, Topic.id.label("topic"))
        .join(Topic, Topic.area_id == TopicArea.id)
        .where(Topic.retired_at.is_(None), Topic.hidden_at.is_(None))
        .order_by(TopicArea.id, Topic.id)
    )
    for id_, label, words, topic_id in session.execute(query):
        found.setdefault(id_, AreaRow(id_, label, words, [])).topics.append(topic_id)
    return list(found.values())


def people(
    session: Session, topic_id: int, limit: int, before: datetime | None = None
) -> list[tuple[int, str, int]]:
    """Return (id, name, posts) of the members who wrote most on a topic."""
    posts = func.count()
    query = (
        _joined(select(Post.member_id, Member.name, posts))
        .join(Member, Member.id == Post.member_id)
        .where(PostTopic.topic_id == topic_id)
        .group_by(Post.member_id, Member.name)
        .order_by(posts.desc(), Member.name, Post.member_id)
        .limit(limit)
    )
    if before is not None:
        query = query.where(Post.created_at < before)
    return [(member, name, count) for member, name, count in session.execute(query)]


def topic(session: Session, topic_id: int) -> TopicRow | None:
    """Return one topic, retired or not."""
    found = _rows(session, _topics().where(Topic.id == topic_id))
    return found[0] if found else None


def counts(session: Session, before: datetime | None = None) -> dict[int | None, int]:
    """Return how many posts each topic has; under None, the outlier pool."""
    query = _looked_at(select(PostTopic.topic_id, func.count()), before)
    rows = session.execute(query.group_by(PostTopic.topic_id))
    return {topic_id: int(posts) for topic_id, posts in rows}


def sizes(
    session: Session, topic_ids: Collection[int], before: datetime | None = None
) -> dict[int, Size]:
    """Return the size of each of these topics that has posts."""
    people = func.count(Post.member_id.distinct())
    first, last = func.min(Post.created_at), func.max(Post.created_at)
    columns = select(PostTopic.topic_id, func.count(), people, first, last)
    query = _looked_at(columns, before, PostTopic.topic_id.in_(topic_ids), dated=True)
    rows = session.execute(query.group_by(PostTopic.topic_id))
    return {topic_id: Size(*rest) for topic_id, *rest in rows}


def coverage(session: Session, before: datetime | None = None) -> tuple[int, int]:
    """Return how many readable posts a run has looked at, and how many of them are in no topic."""
    query = _looked_at(select(func.count(), func.count(PostTopic.topic_id)), before)
    whole, inside = session.execute(query).one()
    return whole, whole - inside


def count(session: Session) -> int:
    """Return how many topics there are to be listed."""
    shown = (Topic.retired_at.is_(None), Topic.hidden_at.is_(None))
    query = select(func.count()).select_from(Topic).where(*shown)
    return session.scalar(query) or 0


def authors(
    session: Session, topic_id: int, start: datetime, end: datetime
) -> list[tuple[datetime, int]]:
    """Return (time, author id) of each post on a topic from `start` until before `end`."""
    query = (
        _joined(select(Post.created_at, Post.member_id))
        .where(PostTopic.topic_id == topic_id, Post.created_at >= start, Post.created_at < end)
        .order_by(Post.created_at, Post.id)
    )
    return [(made, member) for made, member in session.execute(query)]


def channels(
    session: Session, topic_id: int, limit: int, before: datetime | None = None
) -> list[tuple[str, int]]:
    """Return the channels with the most posts on a topic, and how many each has."""
    posts = func.count()
    query = (
        _joined(select(Thread.channel, posts))
        .where(PostTopic.topic_id == topic_id, Thread.channel.is_not(None))
        .group_by(Thread.channel)
        .order_by(posts.desc(), Thread.channel)
        .limit(limit)
    )
    if before is not None:
        query = query.where(Post.created_at < before)
    return [(channel, count) for channel, count in session.execute(query)]


def related(session: Session, topic_id: int, limit: int) -> list[tuple[int, str, float]]:
    """Return (id, label, cosine) of the active topics nearest to this one, nearest first."""
    own = session.scalar(select(Topic.centroid).where(Topic.id == topic_id))
    query = select(Topic.id, CALLED, Topic.centroid).where(Topic.id != topic_id)
    query = query.where(Topic.retired_at.is_(None), Topic.hidden_at.is_(None))
    found = [
        (other, label, _cosine(own, centroid))
        for other, label, centroid in session.execute(query)
        if own is not None and len(centroid) == len(own)
    ]
    return sorted(found, key=lambda row: (-row[2], row[0]))[:limit]


def _cosine(one: NDArray[np.float16], other: NDArray[np.float16]) -> float:
    first, second = one.astype(np.float64), other.astype(np.float64)
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / length if length else 0.0


def _topics() -> Select[*tuple[Any, ...]]:
    return select(
        Topic.id,
        Topic.fit_id,
        CALLED.label("label"),
        Topic.label.label("machine_label"),
        Topic.name.is_not(None).label("named"),
        Topic.description,
        Topic.words,
        Topic.phrases,
        Topic.representatives,
        Topic.area_id,
        AREA_CALLED.label("area"),
        Topic.parent_id,
        Topic.merged_into_id,
        Topic.born_at,
        Topic.retired_at,
        Topic.pinned_at,
        Topic.hidden_at,
    ).outerjoin(TopicArea, TopicArea.id == Topic.area_id)


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> list[TopicRow]:
    return [TopicRow(**row) for row in session.execute(query).mappings()]


def _looked_at(
    query: Select[*tuple[Any, ...]],
    before: datetime | None,
    *conditions: ColumnElement[bool],
    dated: bool = False,
) -> Select[*tuple[Any, ...]]:
    query = query.select_from(PostTopic).where(PostTopic.post_id.not_in(hidden()), *conditions)
    if dated:
        query = query.join(Post, Post.id == PostTopic.post_id)
        return query if before is None else query.where(Post.created_at < before)
    if before is None:
        return query
    # Without a join, which would read every post: an index has the ids.
    return query.where(PostTopic.post_id.in_(select(Post.id).where(Post.created_at < before)))


def _joined(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    query = query.select_from(PostTopic).join(Post, Post.id == PostTopic.post_id)
    return query.join(Thread, Thread.id == Post.thread_id).where(*visible())
