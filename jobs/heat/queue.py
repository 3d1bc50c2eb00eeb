"""The moderators' queue after new posts: flags raised, taken back, or brought up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy.orm import Session

from jobs.heat.reading import Talk
from jobs.heat.scorer import Scorer
from nlp.heat import reasons, turning
from nlp.heat.model import Floats
from service.db.models import Flag
from service.db.queries import flags, heat_input
from service.db.queries.flags import OPEN, SNOOZED, Settled
from service.insights.heat import budget
from service.insights.heat.rank import standing
from service.insights.heat.watch import CALM, Beat, Kind, Standing, watch

# Older posts raise no flag: the quarrel is over, or was imported.
NEWS = timedelta(days=3)
# A flag that nobody took up is closed when its thread has been silent for so long.
SILENT = timedelta(days=14)
HOSTILE = 0.5
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Heated:
    """A thread with its features [n, F] and heats [n] after each of its posts."""

    talk: Talk
    rows: Floats
    heats: Floats


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of the queue, and the heat that a flag takes now."""

    raised: int
    withdrawn: int
    threshold: float


def settle(
    session: Session,
    news: Sequence[Heated],
    used: Scorer,
    tick: datetime,
    now: datetime,
    a_day: float,
) -> Settlement:
    """Raise, withdraw and bring up to date the flags of threads with news.

    What a person claimed or escalated is theirs: it is not withdrawn. A thread that was decided on
    is flagged again only by posts that came after that. Flags whose threads fell silent are taken
    back, too.
    """
    limit = _threshold(session, used, tick, a_day)
    held = flags.unresolved(session, held=True)
    before = flags.settled(session, [one.talk.thread for one in news])
    raised = withdrawn = 0
    kept: list[dict[str, Any]] = []
    for one in news:
        flag = held.get(one.talk.thread)
        if flag is None:
            raised += _raised(session, one, used, before, tick, limit)
        elif flag.status in (OPEN, SNOOZED) and _calm(one, flag, used, tick, limit):
            flags.withdraw(session, flag, now, _evidence(one, flag), post_id=max(one.talk.posts))
            withdrawn += 1
        else:
            kept.append({"id": flag.id, **_state(one, used, len(one.heats) - 1, tick)})
    spoken = {one.talk.thread for one in news}
    for flag in held.values():
        silent = flag.thread_id not in spoken and flag.newest_at < tick - SILENT
        if flag.status == OPEN and silent:
            flags.withdraw(session, flag, now, {"silent_days": (tick - flag.newest_at).days})
            withdrawn += 1
    session.flush()
    flags.keep(session, kept)
    return Settlement(raised, withdrawn, limit)


def _threshold(session: Session, used: Scorer, tick: datetime, a_day: float) -> float:
    since = tick - timedelta(days=budget.DAYS)
    start = heat_input.begins_at(session) or tick
    days = (tick - max(since, start)) / timedelta(days=1)
    least = budget.LEAST_LEARNED if used.learned else budget.LEAST_HEAT
    return budget.threshold(heat_input.peaks(session, used.version, since), days, a_day, least)


def _raised(
    session: Session,
    one: Heated,
    used: Scorer,
    before: Mapping[int, Settled],
    tick: datetime,
    limit: float,
) -> bool:
    talk = one.talk
    seen = before[talk.thread].post_id if talk.thread in before else 0
    beats = [
        beat
        for beat, made in zip(_beats(one), talk.made, strict=True)
        if made >= tick - NEWS and beat.post > seen
    ]
    changes, after = watch(beats, {}, limit)
    # What calmed down again before anybody could look is no news.
    if not changes or not after[talk.thread].flagged:
        return False
    by = [change for change in changes if change.kind is Kind.RAISED][-1]
    at = talk.posts.index(by.beat.post)
    names = used.model.names
    features = {name: round(float(x), 6) for name, x in zip(names, one.rows[at], strict=True)}
    values = {
        "thread_id": talk.thread,
        "raised_at": tick,
        "post_id": by.beat.post,
        "threshold": round(limit, DIGITS),
        "version": used.version,
        "features": features,
        **_state(one, used, at, tick),
        "heat": float(one.heats[-1]),
        "newest_at": talk.made[-1],
    }
    return flags.raise_flag(session, values) is not None


def _calm(one: Heated, flag: Flag, used: Scorer, tick: datetime, limit: float) -> bool:
    """Return whether the thread calmed down by later posts, or nothing hot is left of it."""
    # Heat by other weights is compared with the threshold of those.
    bar = flag.threshold if flag.version == used.version else limit
    posts = one.talk.posts
    start = posts.index(flag.post_id) + 1 if flag.post_id in posts else 0
    late = [
        heat
        for heat, post, made in zip(one.heats.tolist(), posts, one.talk.made, strict=True)
        if made >= tick - NEWS or post == flag.post_id
    ]
    if late and max(late) < CALM * bar:
        return True
    standing = {flag.thread_id: Standing(flagged=True, threshold=bar)}
    _, after = watch(_beats(one)[start:], standing, limit)
    return not after.get(flag.thread_id, Standing(flagged=True)).flagged


def _beats(one: Heated) -> list[Beat]:
    thread = one.talk.thread
    pairs = zip(one.talk.posts, one.heats.tolist(), strict=True)
    return [Beat(thread, post, heat) for post, heat in pairs]


def _state(one: Heated, used: Scorer, at: int, tick: datetime) -> dict[str, Any]:
    """Return what a flag shows of its thread; the reasons are as of the turn `at`.

    A quarrel of long ago is not this one: what was hostile, how hot it was and where it turned is
    looked for in the posts that are news.
    """
    talk = one.talk
    start = min(sum(made < tick - NEWS for made in talk.made), at)
    heat, heats = float(one.heats[-1]), one.heats[start:]
    hostile = sum(turn.hostility >= HOSTILE for turn in talk.turns[start:])
    newcomer = _at_newcomer(talk, start)
    turned = turning(heats)
    return {
        "heat": heat,
        "peak": float(heats.max()),
        "hostile": hostile,
        "newcomer": newcomer,
        "newest_at": talk.made[-1],
        "rank": standing(heat, hostile, newcomer, talk.made[-1]),
        "reasons": told(one, used, at),
        "turning_post_id": talk.posts[start + turned] if turned else None,
    }


def _at_newcomer(talk: Talk, start: int) -> bool:
    """Return whether a post from a turn on was hostile after a newcomer, not its author, posted."""
    new: set[int] = set()
    for place, turn in enumerate(talk.turns):
        if place >= start and turn.hostility >= HOSTILE and new - {turn.who}:
            return True
        if turn.newcomer:
            new.add(turn.who)
    return False


def told(one: Heated, used: Scorer, at: int) -> list[dict[str, Any]]:
    """Return why a thread was hot after a turn, each reason with its post and offsets."""
    return [
        {
            "name": reason.name,
            "words": reason.words,
            "weight": round(reason.weight, DIGITS),
            "post_id": one.talk.posts[reason.turn],
            "start": reason.start,
            "end": reason.end,
            "hash": _sentence(one.talk.turns[reason.turn].text[reason.start : reason.end]),
        }
        for reason in reasons(used.told, one.talk.turns, one.rows, at)
    ]


def _sentence(text: str) -> str:
    """Return by what a sentence is known again: an edited post shows no other in its place."""
    return blake2b(text.encode(), digest_size=8).hexdigest() if text else ""


def _evidence(one: Heated, flag: Flag) -> dict[str, Any]:
    return {
        "heat": float(one.heats[-1]),
        "threshold": flag.threshold,
        "posts": sum(post > flag.post_id for post in one.talk.posts),
        "post_id": one.talk.posts[-1],
    }
