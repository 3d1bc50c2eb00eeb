"""Bursts, brigades and seasons planted in a real archive by moving and adding its own posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.insights.trends import DAYS, Counts, Floats, distinct_authors

Chance = np.random.Generator
DAY = np.timedelta64(1, "D")

BURST_FACTORS = (3.0, 10.0)
BURST_AUTHORS = 8
BURST_DAYS = (1, 3)
# No two things are planted in one subject within so many days.
APART = 12
BRIGADE_ACCOUNTS = 3
BRIGADE_POSTS = (12, 40)
BRIGADE_WORDS = 12
WEEKLY_FACTOR = 3.0
RELEASE_FACTOR = 2.0
LULL_DAYS, LULL_KEPT = 7, 0.35
FILLERS = ("really", "please", "again", "now", "folks", "honestly", "team", "everyone")


@dataclass(frozen=True, slots=True)
class Stream:
    """n posts of an archive of whole weeks: subject, author, thread, day, time of day, and more.

    `first` and `age` (days) tell of the author as of when the post was really made; `text` is a
    row of the archive's texts, and negative one of the planted texts.
    """

    topics: Counts
    members: Counts
    threads: Counts
    days: Counts
    clock: NDArray[np.timedelta64]
    trust: Floats
    text: Counts


@dataclass(frozen=True, slots=True)
class Planted:
    """Something planted in a subject on `days` days from `day` on; `factor` times its rate."""

    kind: str
    topic: int
    day: int
    days: int
    factor: float
    authors: int


def shuffled(stream: Stream, chance: Chance) -> Stream:
    """Return the posts with whole days changed for others of the same weekday.

    Habits of subjects, weekdays and hours stay, and so does what a day holds, threads and lively
    days included; rises over several days, trends over months and holidays are broken up.
    """
    days = np.arange(int(stream.days.max()) + 1)
    for weekday in range(7):
        same = days[weekday::7]
        days[weekday::7] = chance.permutation(same)
    return replace(stream, days=days[stream.days])


def rates(stream: Stream, k: int) -> Floats:
    """Return the authors a day of each subject, float64 [k]."""
    shape = (k, int(stream.days.max()) + 1)
    counts = distinct_authors(stream.topics, stream.members, stream.days, shape)
    return np.asarray(counts.mean(axis=1))


def plant_bursts(
    stream: Stream, k: int, count: int, chance: Chance, taken: list[Planted], *, places: int = 0
) -> tuple[Stream, list[Planted]]:
    """Return the posts with bursts of people, each in a subject of its own time.

    A burst lasts one to three days with 3 to 10 times the subject's authors a day, 8 at least.
    Posts by others of the same subject are moved there from days far off, one an author and day;
    their threads stay theirs, or are so many new ones where `places` is not 0.
    """
    rate, days, threads = rates(stream, k), stream.days.copy(), stream.threads.copy()
    found: list[Planted] = []
    for _ in range(200 * count):
        if len(found) == count:
            break
        topic, length = (
            int(chance.integers(k)),
            int(chance.integers(BURST_DAYS[0], 1 + BURST_DAYS[1])),
        )
        day = int(chance.integers(DAYS + 1, int(days.max()) - length - 3))
        authors = max(BURST_AUTHORS, round(chance.uniform(*BURST_FACTORS) * rate[topic]))
        if not _free(topic, day, length, [*taken, *found]):
            continue
        rows = _crowd(stream, days, topic, (day, length, authors), chance)
        if rows is None or authors > BURST_FACTORS[1] * rate[topic]:
            continue
        for number, inside in enumerate(rows):
            days[inside] = day + number
            if places:
                threads[inside] = -1 - len(found) * 10 - chance.integers(places, size=len(inside))
        factor = authors / float(rate[topic])
        found.append(Planted("burst", topic, day, length, factor, authors))
    return replace(stream, days=days, threads=threads), found


def plant_brigades(
    stream: Stream,
    k: int,
    count: int,
    chance: Chance,
    taken: list[Planted],
    texts: Sequence[str],
) -> tuple[Stream, list[Planted], list[str]]:
    """Return the posts with brigades, these, and the texts planted.

    At most three accounts, real members, post 12 to 40 near-copies of one real post on one day:
    other numbers, other links and a word more or less, in a thread each or all in one.
    """
    found: list[Planted] = []
    added: list[Stream] = []
    said: list[str] = []
    for _ in range(200 * count):
        if len(found) == count:
            break
        topic = int(chance.integers(k))
        day = int(chance.integers(DAYS + 1, int(stream.days.max()) - 3))
        rows = np.flatnonzero(stream.topics == topic)
        long = [row for row in rows.tolist() if len(texts[row].split()) >= BRIGADE_WORDS]
        if not long or not _free(topic, day, 1, [*taken, *found]):
            continue
        accounts = chance.choice(
            np.unique(stream.members), int(chance.integers(1, 1 + BRIGADE_ACCOUNTS)), False
        )
        posts = int(chance.integers(BRIGADE_POSTS[0], BRIGADE_POSTS[1] + 1))
        template = texts[int(chance.choice(long))]
        numbers = -1 - len(said) - np.arange(posts)
        said += [_varied(template, chance) for _ in range(posts)]
        added.append(_noise(topic, day, accounts, numbers, stream, chance))
        found.append(Planted("brigade", topic, day, 1, float(posts), len(accounts)))
    return joined([stream, *added]), found, said


def plant_seasons(stream: Stream, k: int, count: int, chance: Chance) -> Stream:
    """Return the posts with `count` subjects that have a busy weekday, a release day and a lull.

    The busy weekday has three times the posts, by posts of the subject moved there from the same
    week; on the release day every subject has twice its posts; in the lull week a third is left.
    """
    days = stream.days.copy()
    weeks = (int(days.max()) + 1) // 7
    for topic in chance.choice(k, count, replace=False):
        weekday = int(chance.integers(7))
        rows = np.flatnonzero(stream.topics == topic)
        other = rows[days[rows] % 7 != weekday]
        moved = other[chance.random(len(other)) < (WEEKLY_FACTOR - 1) / 6]
        days[moved] = days[moved] // 7 * 7 + weekday
    first = DAYS // 7 + 2
    release = 7 * int(chance.integers(first, weeks - 1)) + int(chance.integers(1, 5))
    lull = 7 * int(chance.integers(first, weeks - 2))
    share = (RELEASE_FACTOR - 1) / int(days.max())
    days[chance.random(len(days)) < share] = release
    gone = (days >= lull) & (days < lull + LULL_DAYS) & (chance.random(len(days)) > LULL_KEPT)
    return kept(replace(stream, days=days), ~gone)


def kept(stream: Stream, rows: NDArray[np.bool_] | Counts) -> Stream:
    """Return some of the posts."""
    return Stream(
        stream.topics[rows],
        stream.members[rows],
        stream.threads[rows],
        stream.days[rows],
        stream.clock[rows],
        stream.trust[rows],
        stream.text[rows],
    )


def joined(streams: Sequence[Stream]) -> Stream:
    """Return the posts of several streams."""
    return Stream(
        np.concatenate([one.topics for one in streams]),
        np.concatenate([one.members for one in streams]),
        np.concatenate([one.threads for one in streams]),
        np.concatenate([one.days for one in streams]),
        np.concatenate([one.clock for one in streams]),
        np.concatenate([one.trust for one in streams]),
        np.concatenate([one.text for one in streams]),
    )


def _free(topic: int, day: int, length: int, taken: Sequence[Planted]) -> bool:
    return not any(
        one.topic == topic and one.day - APART < day + length and day < one.day + one.days + APART
        for one in taken
    )


def _crowd(
    stream: Stream, days: Counts, topic: int, burst: tuple[int, int, int], chance: Chance
) -> list[Counts] | None:
    """Return the rows to move to each day of a burst; None where there are too few people."""
    day, length, authors = burst
    own = np.flatnonzero(stream.topics == topic)
    far = own[(days[own] < day - APART) | (days[own] > day + length + APART)]
    free = chance.permutation(far)
    found: list[Counts] = []
    for number in range(length):
        there = np.unique(stream.members[own[days[own] == day + number]])
        new = free[~np.isin(stream.members[free], there)]
        _, first = np.unique(stream.members[new], return_index=True)
        rows = new[np.sort(first)][: max(authors - len(there), 0)]
        if len(rows) + len(there) < authors:
            return None
        found.append(rows)
        free = free[~np.isin(free, rows)]
    return found


def _noise(
    topic: int, day: int, accounts: Counts, texts: Counts, stream: Stream, chance: Chance
) -> Stream:
    posts = len(texts)
    members = chance.choice(accounts, posts)
    trust = {int(one): float(stream.trust[stream.members == one].max()) for one in accounts}
    spread = chance.random() < 0.5
    return Stream(
        np.full(posts, topic),
        members,
        -(10**6) - (np.abs(texts) if spread else np.full(posts, abs(int(texts[0])))),
        np.full(posts, day),
        chance.integers(0, 86_400, posts).astype("timedelta64[s]"),
        np.array([trust[int(one)] for one in members]),
        texts,
    )


def _varied(text: str, chance: Chance) -> str:
    words = text.split()[:80]
    words.insert(int(chance.integers(len(words) + 1)), str(chance.choice(FILLERS)))
    words.pop(int(chance.integers(len(words))))
    return f"{' '.join(words)} https://example.org/{chance.integers(10**6)}"
