"""What posts are grouped by: their topics, their channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from service.db.models import Post, PostTopic, Thread, Topic

Ints = NDArray[np.int64]


def topics(
    session: Session, posts: Ints, since: datetime, until: datetime
) -> tuple[Ints, list[tuple[int, str]]]:
    """Return the place of each post's topic, and the active topics (id, label) that it points to.

    `posts` are ids of posts made from `since` until before `until`; -1 stands for no topic.
    """
    query = (
        select(Post.id, PostTopic.topic_id, Topic.label)
        .join(PostTopic, PostTopic.post_id == Post.id)
        .join(Topic, Topic.id == PostTopic.topic_id)
        .where(Topic.retired_at.is_(None))
    )
    return _places(session, posts, _between(query, since, until))


def channels(
    session: Session, posts: Ints, since: datetime, until: datetime
) -> tuple[Ints, list[tuple[str, str]]]:
    """Return the place of each post's channel, and the channels (name, name) that it points to.

    `posts` are ids of posts made from `since` until before `until`; -1 stands for no channel.
    """
    query = (
        select(Post.id, Thread.channel, Thread.channel)
        .join(Thread, Thread.id == Post.thread_id)
        .where(Thread.channel.is_not(None))
    )
    return _places(session, posts, _between(query, since, until))


def _between(
    query: Select[*tuple[Any, ...]], since: datetime, until: datetime
) -> Select[*tuple[Any, ...]]:
    return query.where(Post.created_at >= since, Post.created_at < until)


def _places(
    session: Session, posts: Ints, query: Select[*tuple[Any, ...]]
) -> tuple[Ints, list[tuple[Any, str]]]:
    rows: Sequence[Any] = session.execute(query).all()
    names = sorted({(key, name) for _, key, name in rows})
    place = {key: number for number, (key, _) in enumerate(names)}
    of_post = {post: place[key] for post, key, _ in rows}
    return np.array([of_post.get(post, -1) for post in posts.tolist()], dtype=np.int64), names
