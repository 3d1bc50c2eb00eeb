"""Trending topics: the posts of nine weeks in, rises with their evidence out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from service.db.models import Member, Post, PostTopic, Thread, Topic, Trend
from service.db.queries import topic_fit
from service.db.queries.posts import newest_at, visible
from service.errors import NothingRun
from service.insights import trends as insights
from service.insights.trends import DAY, DAYS, Surprise

POSTS = 3
PEOPLE = 10
SERIES_DAYS = 56
QUOTE_CHARS = 40


@dataclass(frozen=True, slots=True)
class TrendingTopic:
    """A topic that rises: people observed and expected in the last day, how sure, and who.

    `series` is (the day on which a 24-hour window ends, distinct authors), oldest first, eight
    weeks; `posts` are ids of posts of the last two days by different authors; `people` are
    (member id, name, posts) and `channels` (name, posts) in the same days.
    """

    topic_id: int
    label: str
    words: list[str]
    observed: int
    expected: float
    ratio: float
    p: float
    q: float
    verdict: str
    series: list[tuple[datetime, int]]
    posts: list[int]
    people: list[tuple[int, str, int]]
    channels: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Trending:
    """What rises at `as_of`, by falling surprise.

    `data_as_of` is the newest post before it. Topics are today's: those that the fit at
    `topics_fitted_at` found, also for an earlier `as_of`. `history_days` are the days of the
    baseline that the archive covers; below 28 nothing is called rising.
    """

    as_of: datetime
    data_as_of: datetime | None
    topics_fitted_at: datetime
    history_days: int
    version: str
    topics_tested: int
    trends: list[TrendingTopic]


@dataclass(frozen=True, slots=True)
class Activity:
    """Posts of the window: topic (-1: none), member, day number and post id, int64 [n]."""

    topics: NDArray[np.int64]
    members: NDArray[np.int64]
    days: NDArray[np.int64]
    posts: NDArray[np.int64]


def default_as_of(session: Session, now: datetime, stale_after_days: int) -> datetime:
    """Return this hour, or right after the newest post where the archive is older.

    Raise NothingRun where there is no post.
    """
    newest = newest_at(session)
    if newest is None:
        raise NothingRun("there are no posts yet: run `groundswell import KIND PATH`")
    if now - newest <= timedelta(days=stale_after_days):
        return now.replace(minute=0, second=0, microsecond=0)
    # Half-open windows leave out their end: one second on, the newest post is seen.
    return newest.replace(microsecond=0) + timedelta(seconds=1)


def trending(
    session: Session,
    *,
    as_of: datetime | None,
    now: datetime,
    stale_after_days: int,
    limit: int,
) -> Trending:
    """Return what rises; raise NothingRun where no post is there or no topic has been fitted."""
    moment = as_of or default_as_of(session, now, stale_after_days)
    topics, activity, surprise = tested(session, moment)
    rising = np.flatnonzero(surprise.rising)
    order = rising[np.lexsort((-surprise.observed[rising], surprise.p[rising]))][:limit]
    fit = topic_fit.newest_fit(session)
    return Trending(
        as_of=moment,
        data_as_of=newest_at(session, moment),
        topics_fitted_at=fit.fitted_at if fit else moment,
        history_days=surprise.history,
        version=insights.VERSION,
        topics_tested=len(topics),
        trends=[_describe(session, topics, activity, surprise, place, moment) for place in order],
    )


def tested(session: Session, as_of: datetime) -> tuple[Sequence[Topic], Activity, Surprise]:
    """Return the active topics, the posts of the window, and each topic's test."""
    topics = topic_fit.active_topics(session)
    if not topics:
        raise NothingRun("no topics yet: run `groundswell run`")
    activity = _activity(session, np.array([topic.id for topic in topics]), as_of)
    shape = (len(topics), DAYS)
    counts = insights.distinct_authors(activity.topics, activity.members, activity.days, shape)
    whole = np.zeros_like(activity.topics)
    community = insights.distinct_authors(whole, activity.members, activity.days, (1, DAYS))[0]
    active = len(np.unique(activity.members[activity.days >= DAYS - insights.TESTED_DAYS]))
    return topics, activity, insights.surprise(counts, community, active)


def stored_topics(session: Session, tick: datetime) -> set[int]:
    """Return the topics whose test at a tick is stored."""
    return set(session.scalars(select(Trend.topic_id).where(Trend.tick == tick)))


def store_tick(session: Session, tick: datetime, rows: list[dict[str, Any]]) -> None:
    """Write the tests of a tick, in the place of those that are there."""
    session.execute(delete(Trend).where(Trend.tick == tick))
    session.execute(insert(Trend), rows)


def _activity(session: Session, topic_ids: NDArray[np.int64], as_of: datetime) -> Activity:
    query = (
        select(Post.id, Post.member_id, Post.created_at, PostTopic.topic_id)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .outerjoin(PostTopic, PostTopic.post_id == Post.id)
        .where(Post.created_at >= as_of - DAYS * DAY, Post.created_at < as_of)
        .where(*visible(), Member.is_bot.is_(False))
        .order_by(Post.id)
    )
    rows = session.execute(query).all()
    times = np.array([row.created_at.replace(tzinfo=None) for row in rows], dtype="datetime64[us]")
    found = np.array([row.topic_id or -1 for row in rows], dtype=np.int64)
    place = np.searchsorted(topic_ids, found)
    place = np.where(np.isin(found, topic_ids), place, -1)
    return Activity(
        topics=place,
        members=np.array([row.member_id for row in rows], dtype=np.int64),
        days=insights.day_numbers(times, as_of),
        posts=np.array([row.id for row in rows], dtype=np.int64),
    )


def _describe(
    session: Session,
    topics: Sequence[Topic],
    activity: Activity,
    surprise: Surprise,
    place: int,
    as_of: datetime,
) -> TrendingTopic:
    inside = activity.topics == place
    recent = inside & (activity.days >= DAYS - insights.TESTED_DAYS)
    observed, expected = int(surprise.observed[place]), float(surprise.expected[place])
    return TrendingTopic(
        topic_id=topics[place].id,
        label=topics[place].label,
        words=[str(word) for word in topics[place].words],
        observed=observed,
        expected=round(expected, 2),
        ratio=round(observed / expected, 1),
        p=float(surprise.p[place]),
        q=float(surprise.q[place]),
        verdict="rising",
        series=_series(activity, inside, as_of),
        posts=_quotes(session, activity.posts[recent]),
        people=_people(session, activity.members[recent]),
        channels=_channels(session, activity.posts[recent]),
    )


def _series(
    activity: Activity, inside: NDArray[np.bool_], as_of: datetime
) -> list[tuple[datetime, int]]:
    pairs = np.unique(np.stack([activity.days[inside], activity.members[inside]]), axis=1)
    counts = np.bincount(pairs[0][pairs[0] >= 0], minlength=DAYS)[-SERIES_DAYS:]
    return [(as_of - (SERIES_DAYS - place) * DAY, int(count)) for place, count in enumerate(counts)]


def _quotes(session: Session, posts: NDArray[np.int64]) -> list[int]:
    """Return ids of the posts nearest to the topic by different authors, with something to say."""
    query = (
        select(Post.id, Post.member_id)
        .join(PostTopic, PostTopic.post_id == Post.id)
        .where(Post.id.in_(posts.tolist()))
        .order_by(
            (func.length(Post.plain) >= QUOTE_CHARS).desc(),
            PostTopic.similarity.desc(),
            Post.created_at,
        )
    )
    taken: dict[int, int] = {}
    for post, member in session.execute(query):
        taken.setdefault(member, post)
        if len(taken) == POSTS:
            break
    return list(taken.values())


def _people(session: Session, members: NDArray[np.int64]) -> list[tuple[int, str, int]]:
    counts = Counter(members.tolist())
    query = select(Member.id, Member.name).where(Member.id.in_(list(counts)))
    names = {row.id: row.name for row in session.execute(query)}
    ranked = sorted(counts, key=lambda member: (-counts[member], names[member]))
    return [(member, names[member], counts[member]) for member in ranked[:PEOPLE]]


def _channels(session: Session, posts: NDArray[np.int64]) -> list[tuple[str, int]]:
    query = (
        select(Thread.channel, func.count(Post.id))
        .join(Post, Post.thread_id == Thread.id)
        .where(Post.id.in_(posts.tolist()), Thread.channel.is_not(None))
        .group_by(Thread.channel)
        .order_by(func.count(Post.id).desc(), Thread.channel)
    )
    return [(str(channel), count) for channel, count in session.execute(query)]
