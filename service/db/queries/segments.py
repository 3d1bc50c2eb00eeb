"""What posts are grouped by: their topics, their channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.db.models import Post, PostTopic, Source, Thread, Topic

Ints = NDArray[np.int64]


def topics(
    session: Session, posts: Ints, since: datetime, until: datetime
) -> tuple[Ints, list[tuple[int, str]]]:
    """Return the place of each post's topic, and the active topics (id, label) that it points to.

    `posts` are ids of posts made from `since` until before `until`; -1 stands for no topic.
    """
    query = (
        select(Post.id, PostTopic.topic_id, func.coalesce(Topic.name, Topic.label))
        .join(PostTopic, PostTopic.post_id == Post.id)
        .join(Topic, Topic.id == PostTopic.topic_id)
        .where(Topic.retired_at.is_(None), Topic.hidden_at.is_(None))
    )
    return _places(posts, session.execute(_between(query, since, until)).all())


def channels(
    session: Session, posts: Ints, since: datetime, until: datetime
) -> tuple[Ints, list[tuple[str, str]]]:
    """Return the place of each post's channel, and the channels (name, name) that it points to.

    `posts` are ids of posts made from `since` until before `until`; -1 stands for no channel.
    A channel is named with its source (`forum · help`) where another source has one of that name.
    """
    query = (
        select(Post.id, Thread.source_id, Thread.channel)
        .join(Thread, Thread.id == Post.thread_id)
        .where(Thread.channel.is_not(None))
    )
    rows = session.execute(_between(query, since, until))
    names = _channel_names(session)
    told = [(post, names.get((source, channel), channel)) for post, source, channel in rows]
    return _places(posts, [(post, name, name) for post, name in told])


def _channel_names(session: Session) -> dict[tuple[int, str], str]:
    """Return what each public channel is called, by (source id, name)."""
    query = (
        select(Source.id, Thread.channel, Source.name)
        .join(Thread, Thread.source_id == Source.id)
        .where(Thread.channel.is_not(None), Thread.visibility == "public")
        .distinct()
    )
    rows: Sequence[Any] = session.execute(query).all()
    sources = Counter(channel for _, channel, _ in rows)
    return {
        (id_, channel): f"{source} · {channel}" if sources[channel] > 1 else channel
        for id_, channel, source in rows
    }


def _between(
    query: Select[*tuple[Any, ...]], since: datetime, until: datetime
) -> Select[*tuple[Any, ...]]:
    return query.where(Post.created_at >= since, Post.created_at < until)


def _places(posts: Ints, rows: Sequence[Any]) -> tuple[Ints, list[tuple[Any, str]]]:
    names = sorted({(key, name) for _, key, name in rows})
    place = {key: number for number, (key, _) in enumerate(names)}
    of_post = {post: place[key] for post, key, _ in rows}
    return np.array([of_post.get(post, -1) for post in posts.tolist()], dtype=np.int64), names
