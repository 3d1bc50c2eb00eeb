"""Subjects planted in a real archive: kept from it as if nobody knew them, until one night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jobs.evaluate.topic_nights import Archive, Flags, Ledger
from nlp.topics import clusters, context, model
from nlp.topics.clusters import Labels
from nlp.topics.model import Placed

ROUNDS = 20
SUBJECTS = 4
NIGHTS = 2
# Topics whose centroids are this near are withheld together: half a subject is no subject.
RELATED = 0.75
# A subject was withheld only where what is left lies this much further from its posts than its
# own centre does, in cosine: others may cover it as well as it does itself.
APART = 0.15
MOST_WITHHELD = 0.4
FIRST = (0.5, 0.8)
NIGHT = 1_000
FEWEST, MOST = 15, 60
FEWEST_AUTHORS = 5
# A planted thread gives at most this share of a night's posts.
BUSIEST = 1 / 3
PATIENCE = 3


@dataclass(frozen=True, slots=True)
class Planted:
    """What became of a subject: the night of its birth, from 1, None: never; purity of the group.

    `found` is the share of the planted posts that are in the group; `apart` tells whether the rest
    of the archive leaves the subject uncovered.
    """

    apart: bool
    posts: int
    night: int | None
    purity: float
    found: float


@dataclass(frozen=True, slots=True)
class Births:
    """Every planted subject, and how many topics were born in how many nights without any."""

    planted: list[Planted]
    unplanted: int
    nights: int


@dataclass(slots=True)
class _Plant:
    """A subject on its way: its posts thread by thread, how many a night, what was given so far."""

    own: Labels
    apart: bool
    posts: int
    given: Labels
    nights: int = 0


def births(archive: Archive, seed: int, log: Callable[[str], None]) -> Births:
    """Plant subjects, some a round, each on every night of the round but without the others.

    What is planted are the subject's own posts, 15 to 60 a night by at least five authors, thread
    by thread from a random one on; a subject that is not born goes on for up to three nights. The
    nights are of a thousand real posts each, and what is born of those alone is counted as well.
    """
    whole = model.placed(archive.posts)
    told = Births([], 0, 0)
    for number in range(ROUNDS):
        chance = np.random.default_rng([seed, number])
        subjects, withheld = _withheld(archive, whole, chance)
        left = archive.order[~withheld[archive.order]]
        first = int(len(left) * chance.uniform(*FIRST))
        log(f"births: round {number + 1} of {ROUNDS}, {int(withheld.sum()):,} posts withheld")
        ledger = Ledger(archive, left[:first])
        of = [(own, _apart(archive, whole, own, ledger)) for own in subjects]
        more = _round(ledger, of, left[first:], chance)
        told = Births(
            told.planted + more.planted,
            told.unplanted + more.unplanted,
            told.nights + more.nights,
        )
    return told


def _withheld(
    archive: Archive, whole: Placed, chance: np.random.Generator
) -> tuple[list[Labels], Flags]:
    """Return the posts of some subjects, and which posts of the archive are kept from it with them.

    A thread is about the subject that most of its posts are nearest to.
    """
    found, threads = whole.found, archive.posts.threads
    label = clusters.nearest(whole.rows, found.centroids)[0]
    names, thread = np.unique(threads, return_inverse=True)
    table = np.zeros((len(names), len(found.centroids)), dtype=np.int64)
    np.add.at(table, (thread, label), 1)
    about = table.argmax(axis=1)[thread]
    related = found.centroids @ found.centroids.T >= RELATED
    subjects: list[Labels] = []
    withheld = np.zeros(len(threads), dtype=np.bool_)
    for subject in chance.permutation(len(found.centroids)).tolist():
        more = withheld | np.isin(about, np.flatnonzero(related[subject]))
        own = np.flatnonzero((about == subject) & (found.labels == subject))
        if more.mean() <= MOST_WITHHELD and len(subjects) < SUBJECTS and len(own) >= MOST:
            subjects.append(own)
            withheld = more
    return subjects, withheld


def _apart(archive: Archive, whole: Placed, own: Labels, ledger: Ledger) -> bool:
    """Return whether the rest of the archive leaves the subject uncovered."""
    posts = archive.posts
    rows = context.in_context(posts.vectors[own], posts.threads[own])
    itself = whole.found.centroids[whole.found.labels[own[0]]]
    covered = clusters.nearest(rows, ledger.known.centroids)[1]
    return float((rows @ itself).mean() - covered.mean()) >= APART


def _round(
    ledger: Ledger,
    subjects: list[tuple[Labels, bool]],
    left: Labels,
    chance: np.random.Generator,
) -> Births:
    planted: list[Planted] = []
    growing: list[_Plant] = []
    unplanted = 0
    size = min(NIGHT, len(left) // (NIGHTS + PATIENCE))
    for number in range(NIGHTS + PATIENCE - 1):
        new = left[number * size : (number + 1) * size]
        if number < NIGHTS:
            growing += [_plant(ledger.archive, own, apart, chance) for own, apart in subjects]
        for plant in growing:
            enough = _grow(ledger.archive, plant)
            if not enough and plant.nights == 1:  # No subject of that many posts and people.
                plant.nights = PATIENCE
                continue
            seen = _seen(plant, ledger.tonight(np.concatenate([new, plant.given])).born)
            if seen.night is not None or not enough or plant.nights == PATIENCE:
                planted.append(seen)
                plant.nights = PATIENCE
        growing = [plant for plant in growing if plant.nights < PATIENCE]
        real = ledger.tonight(new)
        unplanted += len(real.born)
        ledger.settle(real)
    return Births(planted, unplanted, NIGHTS + PATIENCE - 1)


def _plant(archive: Archive, own: Labels, apart: bool, chance: np.random.Generator) -> _Plant:
    """Return a subject that begins with a random one of its threads, in the order of time."""
    rank = np.empty(len(archive.order), dtype=np.int64)
    rank[archive.order] = np.arange(len(rank))
    own = own[np.argsort(rank[own])]
    _, start, thread = np.unique(archive.posts.threads[own], return_index=True, return_inverse=True)
    turn = chance.integers(len(start))
    by_start = (np.argsort(np.argsort(start)) - turn) % len(start)
    own = own[np.argsort(by_start[thread], kind="stable")]
    count = int(chance.integers(FEWEST, MOST + 1))
    return _Plant(own, apart, count, np.empty(0, dtype=np.int64))


def _grow(archive: Archive, plant: _Plant) -> bool:
    """Give the plant its posts of one more night; return whether it had enough of them."""
    left = plant.own[~np.isin(plant.own, plant.given)]
    threads = archive.posts.threads[left]
    chosen: list[int] = []
    of: dict[int, int] = {}
    for place, thread in zip(left.tolist(), threads.tolist(), strict=True):
        if len(chosen) < plant.posts and of.get(thread, 0) < max(3, int(plant.posts * BUSIEST)):
            of[thread] = of.get(thread, 0) + 1
            chosen.append(place)
    authors = len(np.unique(archive.posts.authors[chosen]))
    plant.given = np.concatenate([plant.given, np.array(chosen, dtype=np.int64)])
    plant.nights += 1
    return len(chosen) == plant.posts and authors >= FEWEST_AUTHORS


def _seen(plant: _Plant, born: list[Labels]) -> Planted:
    """Return the plant as born where most posts of a group are planted."""
    found = [(int(np.isin(group, plant.given).sum()), len(group)) for group in born]
    mostly = [(inside, size) for inside, size in found if 2 * inside >= size]
    if not mostly:
        return Planted(plant.apart, plant.posts, None, 0.0, 0.0)
    inside, size = max(mostly)
    purity, share = inside / size, inside / len(plant.given)
    return Planted(plant.apart, plant.posts, plant.nights, purity, share)
