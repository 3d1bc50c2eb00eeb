"""How far an author counts: newcomers and those who repeat what others post count less."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.insights.trends.windows import TESTED, Counts, Floats

# An account counts fully after so long; on its first day, as much as the least.
TRUSTED_AFTER = np.timedelta64(14 * 24 * 3600, "s")
LEAST_TRUST = 0.5
# Four weeks of habits, the week that is left out, and the days that are tested.
HABIT = np.timedelta64((28 + 7 + TESTED) * 24 * 3600, "s")
# Shorter posts are alike by nature ("thanks!").
COPY_WORDS = 5
ALIKE = 0.5
SHINGLE = 2
MASKED = re.compile(r"https?://\S+|www\.\S+|[@#]\S+|\d+")
WORD = re.compile(r"\w+")


def trust(
    times: NDArray[np.datetime64], first: NDArray[np.datetime64], start: np.datetime64
) -> Floats:
    """Return how far the author of each post counts, 0.5 to 1, by the account's age then.

    `first` is the time of each author's first post in the archive, whose own first post was at
    `start`: who first posted in its first fortnight was there before, as far as anybody knows.
    """
    age = (times - first) / TRUSTED_AFTER
    old = first - start < TRUSTED_AFTER
    return np.asarray(np.where(old, 1.0, np.clip(age, LEAST_TRUST, 1.0)), dtype=np.float64)


def copies(texts: Sequence[str], authors: Counts) -> Counts:
    """Return how many posts of other authors each text is a near-copy of, int64 [n].

    Numbers, links and names are masked; of two near-copies, half of the distinct pairs of
    neighbouring words are shared.
    """
    table = _shingles(texts)
    size = table.sum(axis=1)
    shared = table @ table.T
    union = size[:, None] + size[None, :] - shared
    alike = (shared >= ALIKE * np.maximum(union, 1)) & (authors[:, None] != authors[None, :])
    return np.asarray(alike.sum(axis=1), dtype=np.int64)


def original(texts: Sequence[str], authors: Counts) -> Floats:
    """Return the part of each post that counts, float64 [n]: 1 over 1 and its copies by others."""
    return np.asarray(1.0 / (1.0 + copies(texts, authors)))


def _shingles(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return which pairs of words are in which text; a text of few words has none."""
    known: dict[tuple[str, ...], int] = {}
    places: list[tuple[int, int]] = []
    for number, text in enumerate(texts):
        words = WORD.findall(MASKED.sub(" 0 ", text.lower()))
        if len(words) >= COPY_WORDS:
            pairs = {tuple(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}
            places += [(number, known.setdefault(pair, len(known))) for pair in sorted(pairs)]
    table = np.zeros((len(texts), len(known)), dtype=np.float32)
    if places:
        rows, columns = np.array(places).T
        table[rows, columns] = 1.0
    return table


def settled(
    sources: Counts, times: NDArray[np.datetime64], as_of: np.datetime64
) -> NDArray[np.bool_]:
    """Return which posts count: those of sources that have habits, bool [n].

    A source that was connected lately brings posts where there were none: nothing of it is news
    until four weeks of it lie before the week that comes before what is tested. Where no source
    is as old, all count.
    """
    found, place = np.unique(sources, return_inverse=True)
    if len(found) < 2:
        return np.ones(len(sources), dtype=np.bool_)
    first = np.full(len(found), as_of)
    np.minimum.at(first, place, times)
    old = as_of - first >= HABIT
    return np.asarray(old[place] if old.any() else np.ones(len(sources), dtype=np.bool_))
