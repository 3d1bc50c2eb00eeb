"""The mood of a community: shares of labels by topic, channel or week, and what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from nlp.errors import NlpError
from nlp.judgements.head import read_card
from nlp.judgements.panel import card_of
from nlp.judgements.shelf import PACKAGED
from service.db.models import ScoreModel
from service.db.queries import segments
from service.db.queries.moods import Probabilities, probabilities
from service.db.queries.posts import newest_at
from service.db.queries.scores import newest_model
from service.db.queries.trends import default_as_of
from service.errors import NothingRun
from service.insights import mood as insights
from service.insights.mood import LEAST_POSTS, Prevalence, Quantifier
from service.insights.trends import day_numbers

TASK = "sentiment"
WEEK = timedelta(days=7)

Ints = NDArray[np.int64]


class By(StrEnum):
    """What mood is told by."""

    TOPIC = "topic"
    CHANNEL = "channel"
    WEEK = "week"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Share:
    """The share of a label with its interval, and how it differs from the span before.

    `difference` is this share less the one before, None where there was no post before;
    `direction` is "up" or "down" only where the difference is more than chance explains.
    """

    label: str
    share: float
    low: float
    high: float
    difference: float | None
    direction: str | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A topic (by id), channel (by name) or week (by its end), or everything: its mood.

    `posts` were judged in the span, `posts_before` in the equal span before.
    """

    id: int | str
    name: str
    posts: int
    posts_before: int
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Mood:
    """The mood in the `weeks` before `as_of`: of topics and channels, the largest first.

    `judged` posts count in the span; `corrected` of them have a person's label. In `unread`
    more no judge could read anything (no words, another language): shares are of the others, those
    that a judge was unsure of included.
    `too_small` segments have posts, but fewer than 20, and are left out. `level` is what the
    intervals are made to hold by.
    """

    as_of: datetime
    data_as_of: datetime | None
    task: str
    model: str
    model_version: str
    version: str
    level: float
    by: str
    weeks: int
    judged: int
    corrected: int
    unread: int
    too_small: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A segment's id and name, and where its two spans stand among the prevalences."""

    id: int | str
    name: str
    before: int
    after: int


def mood(
    session: Session,
    *,
    by: By,
    weeks: int,
    as_of: datetime | None,
    now: datetime,
    stale_after_days: int,
    limit: int | None = None,
    only: int | str | None = None,
    task: str = TASK,
) -> Mood:
    """Return the mood of the last weeks against the equal span before; a week's, the week before.

    Left out, `as_of` is this hour, or the newest post where the archive is older. `limit` cuts
    topics and channels, `only` leaves out all but the one with this id, which is told as it is
    among all. Raise NothingRun where no post is there or none has been judged.
    """
    moment = as_of or default_as_of(session, now, stale_after_days)
    spans = weeks + 1 if by is By.WEEK else 2 * weeks
    since = moment - spans * WEEK
    found = probabilities(session, task, since=since, until=moment)
    model = newest_model(session, task)
    if found is None or model is None:
        raise NothingRun(f"no {task} of any post is known yet: run `groundswell run`")
    week = day_numbers(found.created_at, moment, 7 * spans) // 7
    where, places = _grouped(session, by, found, week, weeks, (since, moment))
    counts, corrected = ~found.unread | (found.corrected >= 0), found.corrected >= 0
    rows = _rows(found, model, np.where(counts, where, -1), places, only)
    shown = [row for row in rows if row.posts >= LEAST_POSTS]
    if by in (By.TOPIC, By.CHANNEL):
        shown = sorted(shown, key=lambda row: (-row.posts, row.name, row.id))[:limit]
    recent = week >= spans - weeks
    return Mood(
        as_of=moment,
        data_as_of=newest_at(session, moment),
        task=task,
        model=model.name,
        model_version=model.version,
        version=insights.VERSION,
        level=insights.LEVEL,
        by=by.value,
        weeks=weeks,
        judged=int((counts & recent).sum()),
        corrected=int((corrected & recent).sum()),
        unread=int((~counts & recent).sum()),
        too_small=sum(0 < row.posts < LEAST_POSTS for row in rows),
        segments=tuple(shown),
    )


def errors_of(task: str, name: str, version: str) -> NDArray[np.float64] | None:
    """Return posts judged by hand, by their true label (row) and that which a packaged head gave.

    float64 [K, K]; None for other models and other versions, of whose errors nobody knows.
    """
    try:
        card = read_card(PACKAGED, task)
    except NlpError:
        return None
    judge = card_of(card)
    counts = card.about.get("confusion")
    known = counts and (name, version) == (judge.name, judge.version)
    return np.array(counts, dtype=np.float64) if known else None


def _grouped(
    session: Session,
    by: By,
    found: Probabilities,
    week: Ints,
    weeks: int,
    span: tuple[datetime, datetime],
) -> tuple[Ints, list[_Place]]:
    """Return the place of each post among the prevalences (-1: none), and what stands where."""
    since, until = span
    if by is By.WEEK:
        ends = [since + (number + 1) * WEEK for number in range(weeks + 1)]
        names = [f"{end - WEEK:%Y-%m-%d} to {end:%Y-%m-%d}" for end in ends]
        return week, [
            _Place(ends[number].isoformat(), names[number], number - 1, number)
            for number in range(1, weeks + 1)
        ]
    inside, named = _segments(session, by, found, since, until)
    where = np.where(inside < 0, -1, 2 * inside + (week >= weeks))
    return where, [
        _Place(key, name, 2 * number, 2 * number + 1) for number, (key, name) in enumerate(named)
    ]


def _segments(
    session: Session, by: By, found: Probabilities, since: datetime, until: datetime
) -> tuple[Ints, Sequence[tuple[int | str, str]]]:
    if by is By.TOPIC:
        return segments.topics(session, found.posts, since, until)
    if by is By.CHANNEL:
        return segments.channels(session, found.posts, since, until)
    return np.zeros(len(found.posts), dtype=np.int64), [("all", "all posts")]


def _rows(
    found: Probabilities,
    model: ScoreModel,
    where: Ints,
    places: Sequence[_Place],
    only: int | str | None,
) -> list[Segment]:
    count = 1 + max((place.after for place in places), default=-1)
    places = [place for place in places if only in (None, place.id)]
    wanted = sorted({number for place in places for number in (place.before, place.after)})
    confusion = errors_of(model.task, model.name, model.version)
    quantifier = Quantifier(np.array(found.prior), confusion=confusion)
    shares = insights.prevalences(
        where, count, found.probabilities, quantifier, found.corrected, wanted
    )
    told = dict(zip(wanted, shares, strict=True))
    return [_segment(place, told, found.labels) for place in places]


def _segment(place: _Place, told: Mapping[int, Prevalence], labels: Sequence[str]) -> Segment:
    before, after = told[place.before], told[place.after]
    change = insights.change(before, after)
    return Segment(
        id=place.id,
        name=place.name,
        posts=after.n,
        posts_before=before.n,
        shares=tuple(
            Share(
                label=label,
                share=_short(after.shares[number]),
                low=_short(after.low[number]),
                high=_short(after.high[number]),
                difference=_short(change.difference[number]) if before.n else None,
                direction=change.direction[number],
            )
            for number, label in enumerate(labels)
        ),
    )


def _short(value: float) -> float:
    return round(float(value), 4)
