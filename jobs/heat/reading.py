"""Threads as the model of heat sees them: turns in order, with what judges said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import nan

from sqlalchemy.orm import Session

from nlp.heat import Habits, Turn
from nlp.heat.turns import READ
from nlp.text import plain
from service.db.queries import heat_input
from service.db.queries.heat_input import Judged, Said

# Whoever has posted for less than this is new; at the archive's beginning everybody would be.
NEW = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Talk:
    """A thread: the ids and times of its posts, and what the model sees of them.

    `keys` are the hashes of what the posts say, by post.
    """

    thread: int
    posts: list[int]
    keys: dict[int, bytes]
    made: list[datetime]
    turns: list[Turn]
    habits: Habits


def talks(
    session: Session,
    threads: Sequence[int],
    gaps: Mapping[str | None, float],
    start: datetime,
) -> list[Talk]:
    """Return some threads; one without a post by a person that may be read is left out.

    `gaps` are the usual seconds between posts by channel, `start` is when the archive begins.
    """
    said = heat_input.said(session, threads)
    judged = heat_input.judged(session, [one.id for one in said], tuple(READ))
    first = heat_input.first_posts(session, sorted({one.member_id for one in said}))
    channel = heat_input.channels(session, threads)
    found = []
    for thread, own in groupby(said, key=lambda one: one.thread_id):
        posts = list(own)
        numbers: dict[int, int] = {}
        who = [numbers.setdefault(one.member_id, len(numbers)) for one in posts]
        new = [_new(one, first, start) for one in posts]
        turns = [_turn(*parts, judged) for parts in zip(posts, who, new, strict=True)]
        habits = Habits(gap=gaps.get(channel.get(thread), nan))
        made = [one.made for one in posts]
        keys = {one.id: one.key for one in posts}
        found.append(Talk(thread, list(keys), keys, made, turns, habits))
    return found


def _new(post: Said, first: Mapping[int, datetime], start: datetime) -> bool:
    began = first.get(post.member_id, post.made)
    return began - start >= NEW and post.made - began < NEW


def _turn(post: Said, who: int, new: bool, judged: Judged) -> Turn:
    hostility, negative, anger = (
        _share(judged.get((post.id, task)), labels) for task, labels in READ.items()
    )
    # Of the words of the post only: what it quotes is another's.
    text = plain(post.text)
    return Turn(
        who=who,
        text=post.plain,
        at=post.made.timestamp(),
        hostility=hostility,
        newcomer=new,
        negative=negative,
        anger=anger,
        mentions=len(text.mentions),
        quoted=len(text.quoted),
    )


def _share(shares: Mapping[str, float] | None, labels: Sequence[str]) -> float:
    """Return the probability of some labels; nan where no judge has read the post."""
    return nan if shares is None else sum(shares.get(label, 0.0) for label in labels)
