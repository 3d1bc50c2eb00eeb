"""How runs of words are used: as things or deeds, by themselves or in longer runs, as names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlp.topics.clusters import Labels
from nlp.topics.wording.pieces import (
    ACTOR,
    DETERMINER,
    ONE,
    PREPOSITION,
    STATE,
    Pieces,
    after,
    before,
    capitals,
)

LONGEST = 3
# Uses of a run that its last word counts for.
PRIOR = 3.0
# A run that "of" follows this often is a quantity of something else: "infinite number of".
QUANTITY = 0.6
# Names of people and products have fewer articles than this share of their uses.
ARTICLE = 0.03

Sizes = NDArray[np.int8]
Floats = NDArray[np.float64]


def noun(
    read: Pieces, gram: Labels, place: Labels, size: NDArray[np.int8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how often the last word of each run is a noun among its uses that tell, and how often
    that noun is one of many: "a graph".

    A noun stands at the end of what an article or a preposition begins; what follows a person, a
    modal verb or a form of "be" is done or said of something.
    """
    prior = before(read)
    ends = ~after(read, read.term)
    starts = prior & (DETERMINER | PREPOSITION) > 0
    done = prior & (ACTOR | STATE) > 0
    yes = np.bincount(read.word, starts & ends, len(read.names))
    no = np.bincount(read.word, done, len(read.names))
    share = (yes + 1) / (yes + no + 2)
    last = place + size[gram] - 1
    word = np.empty(len(size))
    word[gram] = share[read.word[last]]
    yes = np.bincount(gram, starts[place] & ends[last], len(size))
    no = np.bincount(gram, done[place], len(size))
    noun: NDArray[np.float64] = (yes + PRIOR * word) / (yes + no + PRIOR)
    single = np.bincount(gram, (prior[place] & ONE > 0) & ends[last], len(size))
    return noun, single / np.maximum(yes, 1)


def act(read: Pieces, gram: Labels, place: Labels, v: int) -> NDArray[np.float64]:
    """Return how often the first word of each run follows someone or something that acts."""
    acts = before(read) & ACTOR > 0
    share = np.bincount(read.word, acts, len(read.names)) / np.maximum(
        np.bincount(read.word, minlength=len(read.names)), 1
    )
    act = np.empty(v)
    act[gram] = share[read.word[place]]
    return act


def whole(read: Pieces, gram: Labels, place: Labels, size: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return 1 less the greatest share of a run's uses that lie in one longer run."""
    uses = np.bincount(gram, minlength=len(size)).astype(np.float64)
    most = np.zeros(len(size))
    at = {n: np.full(len(read.word) + LONGEST, -1, dtype=np.int64) for n in range(1, LONGEST + 1)}
    for n in at:
        of = size[gram] == n
        at[n][place[of]] = gram[of]
    for long in range(2, LONGEST + 1):
        here = np.flatnonzero(at[long] >= 0)
        outer = at[long][here]
        for short in range(1, long):
            for step in range(long - short + 1):
                inner = at[short][here + step]
                inside = inner >= 0
                pair, counts = np.unique(
                    inner[inside] * len(size) + outer[inside], return_counts=True
                )
                part = pair // len(size)
                np.maximum.at(most, part, counts / uses[part])
    last = place + size[gram] - 1
    of = after(read, read.word == _number(read, "of"))[last]
    share = np.bincount(gram, of, len(size)) / np.maximum(uses, 1)
    return 1 - np.maximum(most, np.where(share > QUANTITY, share, 0))


def _number(read: Pieces, name: str) -> int:
    return read.names.index(name) if name in read.names else -1


def joined(read: Pieces, gram: Labels, place: Labels, size: NDArray[np.int8]) -> NDArray[np.bool_]:
    joined = np.zeros(len(size), dtype=bool)
    of = size[gram] == LONGEST
    joined[gram[of]] = ~read.term[place[of] + 1]
    return joined


def proper(read: Pieces, gram: Labels, place: Labels, size: NDArray[np.int8]) -> NDArray[np.bool_]:
    capital = capitals(read)
    steps = np.minimum(np.arange(LONGEST), size[gram][:, None] - 1)
    every = capital[place[:, None] + steps].all(axis=1)
    named = before(read)[place] & DETERMINER > 0
    uses = np.maximum(np.bincount(gram, minlength=len(size)), 1)
    written = np.bincount(gram, every, len(size)) / uses
    proper: NDArray[np.bool_] = (written > 0.9) & (
        np.bincount(gram, named, len(size)) / uses < ARTICLE
    )
    return proper
