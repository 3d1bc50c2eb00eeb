"""First posts that met a cold shoulder: nobody answered them, or curtly only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import isnan, nan

from sqlalchemy.orm import Session

from nlp.text import plain
from service.db.queries import first_posts as queries
from service.db.queries import heat_input
from service.db.queries.first_posts import FirstPost, Following
from service.db.queries.heat_input import Judged
from service.insights.heat.welcome import FEW_WORDS, Answer, Kind, Opening, shoulder, told

DAYS = 14
# A post answers what others wrote so shortly before it in its thread.
QUIET = timedelta(days=7)
TASKS = ("hostility", "sentiment")
DIGITS = 3


@dataclass(frozen=True, slots=True)
class Curt:
    """A curt answer; the judges' probabilities are None where they said nothing."""

    post_id: int
    hostile: float | None
    negative: float | None


@dataclass(frozen=True, slots=True)
class ColdPost:
    """A first post, what became of it, how many hours ago it was made, and the same in words.

    `asks` says that it has a question; `more` is how many posts its author added in the thread
    since; `answers` are those of a curt one.
    """

    post_id: int
    kind: Kind
    why: str
    hours: float
    asks: bool
    more: int
    answers: list[Curt]


@dataclass(frozen=True, slots=True)
class ColdPosts:
    """First posts of [since, as_of): `arrived` in all, and those that were left cold."""

    since: datetime
    as_of: datetime
    arrived: int
    rows: list[ColdPost]


@dataclass(frozen=True, slots=True)
class _Followed:
    """A first post with what came before and after it in its thread."""

    post: FirstPost
    quiet: bool
    later: list[Following]

    def answers(self) -> list[Following]:
        return [one for one in self.later if one.member_id != self.post.member_id]


def first_posts(
    session: Session, as_of: datetime, days: int = DAYS, channel: str | None = None
) -> ColdPosts:
    """Return the first posts of the last days that nobody answered, or curtly only.

    Who has waited longest comes first. Answers from `as_of` on are not seen.
    """
    since = as_of - timedelta(days=days)
    came = queries.arrivals(session, since, as_of, channel)
    talk = queries.following(session, {post.thread_id for post in came}, since - QUIET, as_of)
    talk.sort(key=lambda post: post.thread_id)
    threads = {key: list(own) for key, own in groupby(talk, key=lambda post: post.thread_id)}
    found = [_followed(post, threads[post.thread_id]) for post in came]
    judged = heat_input.judged(session, _short(found), TASKS)
    rows = [row for one in found if (row := _row(one, judged, as_of)) is not None]
    return ColdPosts(since, as_of, len(came), rows)


def _followed(post: FirstPost, talk: Sequence[Following]) -> _Followed:
    at = (post.made, post.id)
    before = [one for one in talk if (one.made, one.id) < at and one.made >= post.made - QUIET]
    quiet = all(one.member_id == post.member_id for one in before)
    return _Followed(post, quiet, [one for one in talk if (one.made, one.id) > at])


def _short(found: Sequence[_Followed]) -> list[int]:
    """Return the answers that judges decide on: where one is long, the others do not matter."""
    short = []
    for one in found:
        answers = one.answers()
        if all(len(answer.plain.split()) <= FEW_WORDS for answer in answers):
            short += [answer.id for answer in answers]
    return sorted(short)


def _row(one: _Followed, judged: Judged, as_of: datetime) -> ColdPost | None:
    answers = one.answers()
    read = [_answer(answer, judged) for answer in answers]
    text = plain(one.post.text)
    opening = Opening(
        made=one.post.made,
        words=len(one.post.plain.split()),
        begins=one.post.begins,
        quiet=one.quiet,
        asks="?" in text.text,
        calls=one.post.answers or bool(text.mentions),
        resolved=one.post.resolved,
        answers=read,
    )
    kind = shoulder(opening, as_of)
    if kind is None:
        return None
    return ColdPost(
        post_id=one.post.id,
        kind=kind,
        why=told(kind, as_of - one.post.made, len(answers)),
        hours=round((as_of - one.post.made) / timedelta(hours=1), 1),
        asks=opening.asks,
        more=len(one.later) - len(answers),
        answers=[
            Curt(answer.id, _told(said.hostile), _told(said.negative))
            for answer, said in zip(answers, read, strict=True)
        ],
    )


def _answer(post: Following, judged: Judged) -> Answer:
    text = plain(post.text)
    hostility, sentiment = (judged.get((post.id, task), {}) for task in TASKS)
    return Answer(
        words=len(post.plain.split()),
        hostile=1.0 - hostility.get("civil", 0.0) if hostility else nan,
        negative=sentiment.get("negative", 0.0) if sentiment else nan,
        asks="?" in text.text,
        helps=bool(text.code or text.links),
    )


def _told(share: float) -> float | None:
    return None if isnan(share) else round(share, DIGITS)
