"""Runs of words in posts, read once: which posts hold them, who uses them, how.

Everything is counted on arrays of numbered pieces, so that a hundred thousand posts take seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.topics.clusters import Labels
from nlp.topics.wording import usage
from nlp.topics.wording.pieces import JOIN, NUMERAL, Pieces, pieces
from nlp.topics.wording.usage import LONGEST, Floats, Sizes
from nlp.topics.wording.words import LEAST_AUTHORS, VOCABULARY

__all__ = ["LONGEST", "Grams", "grams"]


@dataclass(frozen=True, slots=True)
class Grams:
    """v runs of one to three words that three authors use.

    `size` is their number of words, `holds` [n, v] counts them in each text. `noun` is how often a
    run is a noun among its uses that tell, 0 to 1, `one` how often then one of many ("a graph"),
    `act` how often its first word is done rather than named, and `whole` how often it is not a
    part of one longer run. `joined` are runs with a small word between two, `proper` those whose
    words all begin with capitals and that no article precedes. `gram` and `place` are of each use:
    its run and the piece that it begins with.
    """

    names: list[str]
    size: Sizes
    holds: Any
    noun: Floats
    one: Floats
    act: Floats
    whole: Floats
    joined: NDArray[np.bool_]
    proper: NDArray[np.bool_]
    gram: Labels
    place: Labels
    pieces: Pieces


def grams(texts: Sequence[str], authors: Labels, people: Collection[str] = ()) -> Grams:
    """Return the runs of words of texts that three of their authors use.

    A run is words of a subject that stand beside each other, or two of them that one of a few
    small words joins: "proof of concept".
    """
    read = pieces(texts, people)
    gram, place, size, names = _runs(read, authors)
    noun, one = usage.noun(read, gram, place, size)
    return Grams(
        names=names,
        size=size,
        holds=_holds(read.text[place].astype(np.int64), gram, len(texts), len(names)),
        noun=noun,
        one=one,
        act=usage.act(read, gram, place, len(names)),
        whole=usage.whole(read, gram, place, size),
        joined=usage.joined(read, gram, place, size),
        proper=usage.proper(read, gram, place, size),
        gram=gram,
        place=place,
        pieces=read,
    )


def _runs(read: Pieces, authors: Labels) -> tuple[Labels, Labels, Sizes, list[str]]:
    """Return each use's run and first piece, and each run's length and name."""
    _, people = np.unique(authors, return_inverse=True)
    who = people[read.text] if len(read.text) else np.zeros(0, dtype=np.int64)
    runs = [(np.flatnonzero(read.term), read.word[read.term].astype(np.int64)[:, None])]
    same = read.text[:-1] == read.text[1:]
    numbered = read.term[1:] | (read.kind[1:] & NUMERAL > 0)  # "Windows 11"
    here = np.flatnonzero(read.term[:-1] & numbered & same)
    runs.append((here, _take(read, here, (0, 1))))
    far = read.text[:-2] == read.text[2:]
    between = read.term[1:-1] | (read.kind[1:-1] & JOIN > 0)
    here = np.flatnonzero(read.term[:-2] & between & read.term[2:] & far)
    runs.append((here, _take(read, here, (0, 1, 2))))
    gram, place, size, names = [], [], [], list[str]()
    alone = np.zeros(0, dtype=bool)
    for first, spelt in runs:
        if len(alone):  # a run's words are themselves used by three authors
            small = read.kind[first[:, None] + np.arange(spelt.shape[1])]
            fits = alone[spelt] | (small & (JOIN | NUMERAL) > 0)
            first, spelt = first[fits.all(axis=1)], spelt[fits.all(axis=1)]
        number, kept = _shared(spelt, who[first], len(read.names))
        if not len(alone):
            alone = np.zeros(len(read.names), dtype=bool)
            alone[kept[:, 0]] = True
        used = number >= 0
        gram.append(number[used] + len(names))
        place.append(first[used])
        names.extend(" ".join(read.names[word] for word in row) for row in kept.tolist())
        size.append(np.full(len(kept), spelt.shape[1], dtype=np.int8))
    return np.concatenate(gram), np.concatenate(place), np.concatenate(size), names


def _take(read: Pieces, first: Labels, steps: Sequence[int]) -> Labels:
    return np.stack([read.word[first + step].astype(np.int64) for step in steps], axis=1)


def _shared(spelt: Labels, who: Labels, words: int) -> tuple[Labels, Labels]:
    """Return each row's number among those that three authors use (-1: fewer), and those rows."""
    key = spelt[:, 0].copy()
    for column in range(1, spelt.shape[1]):
        _, key = np.unique(key, return_inverse=True)
        key = key * words + spelt[:, column]
    kinds, first, code, uses = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    often = uses[code] >= LEAST_AUTHORS
    people = int(who.max(initial=0)) + 1
    pairs = np.unique(code[often] * people + who[often]) // people
    support = np.bincount(pairs, minlength=len(kinds))
    keep = np.flatnonzero(support >= LEAST_AUTHORS)
    if len(keep) > VOCABULARY:
        keep = np.sort(keep[np.lexsort((keep, -support[keep]))[:VOCABULARY]])
    number = np.full(len(kinds), -1, dtype=np.int64)
    number[keep] = np.arange(len(keep))
    return number[code], spelt[first[keep]]


def _holds(text: Labels, gram: Labels, n: int, v: int) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(gram), dtype=np.int32), (text, gram)), (n, v))
