"""What a candidate's conversation adds, by the links of a first look: size, people, freshness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlp.threads.features import WINDOW, Block, positions
from nlp.threads.names import PLAIN
from nlp.threads.words import Floats, Ints

# Pointers doubled so often reach over the whole window.
DOUBLINGS = 7
SHARED = 0.3
STEPS = np.arange(1, WINDOW + 1)

Bools = NDArray[np.bool_]


def roots(parents: Ints, queries: Ints) -> Ints:
    """Return where the conversation of each message of a query's window begins.

    [queries, WINDOW]: column d - 1 is the message d before, its value a position in the block,
    as far back as the window shows.
    """
    before = queries[:, None] - STEPS
    up = np.where(before >= 0, parents[np.maximum(before, 0)], before)
    up = np.where(up < queries[:, None] - WINDOW, before, up)
    for _ in range(DOUBLINGS):
        up = np.take_along_axis(up, queries[:, None] - up - 1, axis=1)
    return up


def talk(b: Block, queries: Ints, steps: Ints, parents: Ints, odds: Floats) -> Floats:
    """Return features of the conversations of candidates, [queries, candidates, features].

    `steps` [queries, candidates] says how far before its query each stands, 0 being the query.
    `parents` are the first look's, by position in the block (its own where none), and `odds`
    [queries, WINDOW + 1] the logarithms of its probabilities.
    """
    chosen = np.take_along_axis(odds, steps, axis=1)
    beside = _company(b, queries, steps, parents, odds)
    rank = (odds[:, None, :] > chosen[..., None]).sum(axis=2)
    own = odds[:, :1] * (steps > 0)
    looks = [chosen / 10, np.exp(chosen), own / 10, np.log1p(rank) / 4]
    return np.concatenate([np.stack(looks, axis=-1), beside * (steps > 0)[..., None]], axis=-1)


def _company(b: Block, queries: Ints, steps: Ints, parents: Ints, odds: Floats) -> Floats:
    """Return what the messages of each candidate's conversation show, and those after it."""
    i, window = positions(queries, STEPS)
    _, j = positions(queries, steps)
    there = queries[:, None] - STEPS >= 0
    root = roots(parents, queries)
    begins = np.take_along_axis(root, np.maximum(steps - 1, 0), axis=1)
    same = (begins[:, :, None] == root[:, None, :]) & there[:, None, :]
    later = same & (steps[..., None] > STEPS)
    marks = _marks(b, i, window, there, odds)
    whole, after = (kind.astype(np.float64) @ marks for kind in (same, later))
    child = later & (parents[window][:, None, :] == j[:, :, None])
    mine = (b.author[window] == b.author[i])[:, None, :]
    theirs = b.author[window][:, None, :] == b.author[j][:, :, None]
    newest = _nearest(same)
    newest_at = np.maximum(queries[:, None] - newest, 0)
    quiet = np.maximum(b.minute[queries][:, None] - b.minute[newest_at], 0)
    columns = [
        *_sums(whole, after),
        (later & theirs).any(axis=2),
        child.any(axis=2),
        (child & mine).any(axis=2),
        np.log1p(newest) / 5,
        np.log1p(quiet) / 5,
        np.log1p(_nearest(same & mine)) / 5,
        parents[j] == j,
        begins == j,
    ]
    return np.stack(columns, axis=-1).astype(np.float64)


def _marks(b: Block, i: Ints, window: Ints, there: Bools, odds: Floats) -> Floats:
    """Return what is added up over a conversation, [queries, WINDOW, marks]."""
    mine, theirs = b.author[i], b.author[window]
    common = b.common[i, window]
    marks = [
        there,
        theirs == mine,
        b.named[i, theirs] >= PLAIN,
        b.named[window, mine] >= PLAIN,
        np.exp(odds[:, 1:]),
        common,
        common > SHARED,
    ]
    return np.stack(marks, axis=-1).astype(np.float64)


def _sums(whole: Floats, after: Floats) -> list[Floats]:
    sizes, mine = whole[..., 0], whole[..., 1]
    return [
        whole[..., 4],
        after[..., 4],
        np.log1p(sizes) / 4,
        np.log1p(after[..., 0]) / 4,
        (after[..., 0] == 0).astype(np.float64),
        *(
            (kind[..., mark] > 0).astype(np.float64)
            for mark in (1, 2, 3)
            for kind in (whole, after)
        ),
        np.log1p(mine) / 3,
        mine / np.maximum(sizes, 1),
        np.log1p(whole[..., 5]),
        np.log1p(after[..., 5]),
        np.log1p(whole[..., 6]),
    ]


def _nearest(mask: Bools) -> Ints:
    """Return how far before its query the last message of each mask stands, WINDOW for none."""
    return np.where(mask.any(axis=2), mask.argmax(axis=2) + 1, WINDOW)
