"""Reads the threads that changed, says how heated they are, and brings the queue up to that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from jobs.heat.queue import NEWS, Heated, settle
from jobs.heat.reading import Talk, talks
from jobs.heat.scorer import Scorer, scorer, vectors
from nlp.encoders import Card
from nlp.heat import HeatModel, prefixes, turning
from nlp.heat.model import Floats
from service.db.queries import embeddings, flags, heat, heat_input
from service.db.queries.posts import newest_at
from service.db.session import Database
from service.insights.heat.budget import DAYS

CHUNK = 400
CURVE = 200
# How fast people answer in a channel, by its last so many days.
GAP_DAYS = 14
CALM: Mapping[str, Any] = {"heat": 0.0, "peak": 0.0, "turning_post_id": None, "curve": []}
DIGITS = 4
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class HeatResult:
    """Threads that were read, flags raised and withdrawn, and the heat that a flag takes."""

    threads: int
    raised: int
    withdrawn: int
    threshold: float
    version: str


def update_heat(
    database: Database,
    card: Card,
    load_model: Callable[[], HeatModel],
    *,
    now: datetime,
    a_day: float,
    stale_after_days: int,
    progress: Progress | None = None,
) -> HeatResult:
    """Bring the heat of public threads, and the queue, up to the posts; repeating it is safe.

    `a_day` is how many threads a day moderators can read. Read are the threads of the last eight
    weeks in which posts came, went, were edited or judged otherwise, and those with a flag; each
    chunk of threads is a transaction. Flags are raised by posts of the
    last three days only, before the newest post of an archive that is older: what is imported from
    long ago raises none.
    """
    model = load_model()
    with database.read() as session:
        newest = newest_at(session)
        encoder = embeddings.encoder_id(session, card.name, card.revision)
        used = scorer(session, model, encoder)
        if newest is None:
            return HeatResult(0, 0, 0, 0.0, used.version)
        tick = now if now - newest <= timedelta(days=stale_after_days) else newest
        todo = heat_input.stale(session, used.version, tick - timedelta(days=DAYS))
    news = _heat(database, todo, used, encoder, tick, now, progress)
    with database.write() as session:
        heat.drop_others(session, used.version)
        done = settle(session, news, used, tick, now, a_day)
        # Only now: a run that was stopped before this reads these threads again.
        heat.settle(session, used.version, _unchanged(session, news))
    limit = round(done.threshold, DIGITS)
    return HeatResult(len(todo), done.raised, done.withdrawn, limit, used.version)


def _heat(
    database: Database,
    todo: Sequence[int],
    used: Scorer,
    encoder: int | None,
    tick: datetime,
    now: datetime,
    progress: Progress | None,
) -> list[Heated]:
    """Write the heat of threads, and return those that may be flagged or are."""
    if not todo:
        return []
    with database.read() as session:
        channels = sorted({*heat_input.channels(session, todo).values()}, key=str)
        gaps = heat_input.gaps(session, tick - timedelta(days=GAP_DAYS), channels)
        start = heat_input.begins_at(session) or tick
        waiting = flags.unresolved(session).keys()
    since = tick - timedelta(days=DAYS)
    news: list[Heated] = []
    for place in range(0, len(todo), CHUNK):
        some = todo[place : place + CHUNK]
        with database.read() as session:
            counts = heat_input.counts(session, some)
            read = talks(session, some, gaps, start)
            about = vectors(session, encoder, dict.fromkeys(some)) if used.learned else {}
        found = [_heated(talk, used, about.get(talk.thread)) for talk in read]
        fresh = [
            one for one in found if one.talk.made[-1] >= tick - NEWS or one.talk.thread in waiting
        ]
        open_ = {one.talk.thread for one in fresh}
        with database.write() as session:
            _store(session, some, found, open_, counts, used, since, now)
        news += fresh
        if progress is not None:
            progress(place + len(some), len(todo))
    return news


def _heated(talk: Talk, used: Scorer, about: Floats | None) -> Heated:
    rows = prefixes(talk.turns, talk.habits)
    # As it is stored, so that what is compared with stored peaks is alike.
    return Heated(talk, rows, np.round(used.heat(rows, about), DIGITS))


def _unchanged(session: Session, news: Sequence[Heated]) -> dict[int, str]:
    """Return the digests of the threads that nobody edited since they were read."""
    present = heat_input.keys(session, [one.talk.thread for one in news])
    states = {one.talk.thread: _digest(one.talk.keys) for one in news}
    return {
        thread: state
        for thread, state in states.items()
        if state == _digest(present.get(thread, {}))
    }


def _digest(keys: Mapping[int, bytes]) -> str:
    """Return what tells the posts of a thread, and their words, from others."""
    said = b"".join(post.to_bytes(8, "big") + keys[post] for post in sorted(keys))
    return blake2b(said, digest_size=16).hexdigest()


def _store(
    session: Session,
    some: Sequence[int],
    found: Sequence[Heated],
    unsettled: Collection[int],
    counts: Mapping[int, tuple[int, int]],
    used: Scorer,
    since: datetime,
    now: datetime,
) -> None:
    """Write a row for each thread that is still there: one of bots alone is calm.

    What was edited since it was read, or is yet to be settled, is to be read again.
    """
    by_thread = {one.talk.thread: one for one in found}
    present = heat_input.keys(session, some)
    rows = []
    for thread in some:
        if thread not in counts:
            continue
        posts, newest = counts[thread]
        one = by_thread.get(thread)
        state = _digest(one.talk.keys if one else {})
        if thread in unsettled or state != _digest(present.get(thread, {})):
            state = ""
        key = {"thread_id": thread, "version": used.version, "posts": posts, "at": now}
        own = _told(one, since) if one else CALM
        rows.append({**key, "newest_post_id": newest, "state": state, **own})
    heat.put_heats(session, rows)


def _told(one: Heated, since: datetime) -> dict[str, Any]:
    heats = one.heats.tolist()
    late = [heat for heat, made in zip(heats, one.talk.made, strict=True) if made >= since]
    turned = turning(one.heats)
    return {
        "heat": heats[-1],
        "peak": max(late, default=0.0),
        "turning_post_id": one.talk.posts[turned] if turned else None,
        "curve": [list(pair) for pair in zip(one.talk.posts, heats, strict=True)][-CURVE:],
    }
