"""Near-duplicate posts by a few accounts, as people are shown them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.db.queries import copies as queries
from service.db.queries.copies import CopyRow
from service.insights.heat.copies import Said, groups

DAYS = 14
# A longer time is a search of the archive: the cost grows with the posts of the time.
MOST_DAYS = 31
# So many posts of a group are named.
NAMED = 20


@dataclass(frozen=True, slots=True)
class Teller:
    """Who wrote some of the copies, and how many."""

    id: int
    name: str
    posts: int


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """Near-copies: who wrote how many, in how many threads, where, from when to when.

    `post_ids` are the first of them, at most NAMED; `text` is the first without markup.
    """

    posts: int
    threads: int
    accounts: list[Teller]
    channels: list[str]
    first_at: datetime
    last_at: datetime
    post_ids: list[int]
    text: str


@dataclass(frozen=True, slots=True)
class CopyGroups:
    """Groups of [since, as_of), those of most posts first, out of so many posts `read`."""

    since: datetime
    as_of: datetime
    read: int
    rows: list[CopyGroup]


def copies(
    session: Session, as_of: datetime, days: int = DAYS, channel: str | None = None
) -> CopyGroups:
    """Return what at most three accounts posted again and again in the last days."""
    since = as_of - timedelta(days=days)
    rows = queries.said(session, since, as_of, channel)
    found = groups([Said(row.member_id, row.thread_id, row.made, row.plain) for row in rows])
    return CopyGroups(
        since, as_of, len(rows), [_group([rows[place] for place in group]) for group in found]
    )


def _group(rows: Sequence[CopyRow]) -> CopyGroup:
    names = {row.member_id: row.author for row in rows}
    counts = Counter(row.member_id for row in rows)
    return CopyGroup(
        posts=len(rows),
        threads=len({row.thread_id for row in rows}),
        accounts=[Teller(id_, names[id_], posts) for id_, posts in counts.most_common()],
        channels=sorted({row.channel for row in rows if row.channel is not None}),
        first_at=rows[0].made,
        last_at=rows[-1].made,
        post_ids=[row.id for row in rows[:NAMED]],
        text=rows[0].plain,
    )
