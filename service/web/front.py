"""What the front page shows, gathered and put in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from service.api.excerpts import excerpt
from service.api.topics import share
from service.db.queries import members, posts, threads, topics, trends
from service.db.queries.posts import PostRow
from service.db.queries.trends import Trending, TrendingTopic
from service.errors import NothingRun
from service.insights.trends import LEAST_HISTORY
from service.search import IndexStatus
from service.web import charts, words

QUOTES = 3
QUOTE = 280  # characters
SHOWN = 10  # trends, and people of one


@dataclass(frozen=True, slots=True)
class Quote:
    """What one person wrote, cut out of the post itself."""

    post_id: int
    thread_id: int
    author: str
    channel: str | None
    created_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Rise:
    """One trend, ready to be shown."""

    topic_id: int
    label: str
    surprise: str
    chance: str
    chart: Markup
    days: list[tuple[str, int]]
    channels: list[tuple[str, int]]
    people: list[str]
    quotes: list[Quote]


@dataclass(frozen=True, slots=True)
class Front:
    """The front page. `rises` is None where no run has looked at the posts.

    `asked` is what links add to a path to keep the time that was asked for; `young` is how many
    days of habit there are where they are too few to judge by.
    """

    sources: list[str]
    data_as_of: datetime | None
    numbers: list[tuple[str, str]]
    rises: list[Rise] | None
    as_of: datetime | None
    asked: str
    topics_tested: int
    young: int | None
    stale: bool


def front(
    session: Session,
    index: IndexStatus,
    *,
    as_of: datetime | None,
    now: datetime,
    stale_after_days: int,
) -> Front:
    """Return what the front page shows."""
    newest = posts.newest_at(session)
    found = _trending(session, as_of, now, stale_after_days)
    return Front(
        sources=members.sources(session),
        data_as_of=newest,
        numbers=_numbers(session, index),
        rises=None if found is None else _rises(session, found),
        as_of=found.as_of if found else None,
        asked=f"?as_of={as_of.replace(tzinfo=None).isoformat()}Z" if as_of else "",
        topics_tested=found.topics_tested if found else 0,
        young=found.history_days if found and found.history_days < LEAST_HISTORY else None,
        stale=as_of is None
        and newest is not None
        and (now - newest).days >= max(stale_after_days, 1),
    )


def quote(row: PostRow) -> Quote:
    """Return the beginning of a post as a quote."""
    text = excerpt(row.plain, QUOTE)
    return Quote(row.id, row.thread_id, row.author, row.channel, row.created_at, text)


def _trending(
    session: Session, as_of: datetime | None, now: datetime, stale_after_days: int
) -> Trending | None:
    try:
        return trends.trending(
            session, as_of=as_of, now=now, stale_after_days=stale_after_days, limit=SHOWN
        )
    except NothingRun:
        return None


def _numbers(session: Session, index: IndexStatus) -> list[tuple[str, str]]:
    looked_at, outliers = topics.coverage(session)
    found = [
        ("posts", f"{posts.total(session):,}"),
        ("members", f"{members.total(session):,}"),
        ("threads", f"{threads.total(session):,}"),
        ("topics", f"{topics.count(session):,}"),
        ("of posts in no topic", words.percent(share(outliers, looked_at))),
    ]
    if index.ready:
        found.append(("posts not yet in the index", f"{index.behind:,}"))
    return found


def _rises(session: Session, found: Trending) -> list[Rise]:
    rows = posts.by_ids(session, {id for trend in found.trends for id in trend.posts})
    return [_rise(trend, rows) for trend in found.trends]


def _rise(trend: TrendingTopic, rows: dict[int, PostRow]) -> Rise:
    counts = [count for _, count in trend.series]
    said = ""
    if counts:
        said = f"Most in a day: {max(counts)}. Last day: {counts[-1]}. Median: {_median(counts)}."
    return Rise(
        topic_id=trend.topic_id,
        label=trend.label,
        surprise=words.surprise(trend.observed, trend.expected),
        chance=words.chance(trend.q),
        chart=charts.sparkline(
            counts, key=f"rise-{trend.topic_id}", title="People a day, the last 8 weeks", text=said
        ),
        days=[(f"{day:%Y-%m-%d}", count) for day, count in trend.series],
        channels=trend.channels[:SHOWN],
        people=[name for _, name, _ in trend.people[:SHOWN]],
        quotes=_quotes(trend.posts, rows),
    )


def _quotes(ids: list[int], rows: dict[int, PostRow]) -> list[Quote]:
    by_author: dict[int, PostRow] = {}
    for row in (rows[id] for id in ids if id in rows):
        by_author.setdefault(row.author_id, row)
    return [quote(row) for row in list(by_author.values())[:QUOTES]]


def _median(counts: list[int]) -> int:
    return sorted(counts)[len(counts) // 2]
