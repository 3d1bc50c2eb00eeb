"""What is known of a thread after each of its turns: one row of features per turn.

Most are averages of signs that fade from turn to turn, drawn to the usual while there are few
turns: one post is no proof, and a thread that calms down cools.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nlp.heat.people import PEOPLE, people
from nlp.heat.signs import SIGNS, Floats, signs
from nlp.heat.turns import Habits, Turn

WINDOW = 60
# What is left of a turn's weight after the next one, and how many usual turns stand before it all.
FADE = 0.7
USUAL_TURNS = 3.0
# Turns over which the worst is remembered, and which the last ones are compared with.
RECENT = 5
EARLIER = 12
# Of usual posts, so that a post that no judge has read is one of them.
USUAL = {"hostile": 0.04, "negative": 0.07, "anger": 0.02}

JUDGED = ("hostile", "negative", "anger")
FADING = (*JUDGED, *SIGNS, "named", "quoted")
OPENING = tuple(f"opening_{name}" for name in FADING)
LENGTH = ("posts", "words")
NAMES: tuple[str, ...] = (
    *FADING,
    "worst",
    "hostile_rise",
    "sharp_rise",
    "warmth_fall",
    *PEOPLE,
    *OPENING,
    *LENGTH,
)
SHARP = tuple(SIGNS.index(name) for name in ("bitter", "demand", "accuse", "insult", "you_not"))
WARM = tuple(SIGNS.index(name) for name in ("hedge", "courtesy"))
_HABITS = Habits()


def prefixes(turns: Sequence[Turn], habits: Habits = _HABITS, start: int = 0) -> Floats:
    """Return float64 [turns from `start` on, features]: row i is what is known after turn i.

    The WINDOW turns before a turn are all that matters to its row: for what is new in a long
    thread pass those turns too, and `start` to say where the new ones begin. Missing inputs give
    the value of a usual thread, deleted (empty) posts change nothing.
    """
    kept = [number for number, turn in enumerate(turns) if turn.text.strip()]
    said = [turns[number] for number in kept]
    # The row of a deleted post is that of the last one that is left before it, 0 where none is.
    last = np.searchsorted(kept, np.arange(start, len(turns)), side="right")
    found = np.zeros((len(last), len(NAMES)))
    if len(last) and last[-1]:
        first = max(int(last[0]) - 1, 0)
        some = last > 0
        found[some] = _rows(said, habits, first)[last[some] - 1 - first]
    return found


def _rows(turns: Sequence[Turn], habits: Habits, first: int) -> Floats:
    """Return the rows of turns that all say something, from the first wanted one on."""
    # What is out of sight is never looked at: zeros stand for it.
    base = max(first - WINDOW, 0)
    seen = np.concatenate([np.zeros((base, len(FADING))), _seen(turns[base:])])
    parts = [
        _faded(seen, first),
        _recent(seen, first),
        people(turns, habits, first),
        _opening(seen)[first:],
        _length(turns, first),
    ]
    found: Floats = np.concatenate(parts, axis=1)
    return found


def _seen(turns: Sequence[Turn]) -> Floats:
    """Return the features of each turn by itself, zero where they are as usual, [n, FADING]."""
    rows = np.empty((len(turns), len(FADING)))
    for row, turn in zip(rows, turns, strict=True):
        row[0] = _above(turn.hostility, USUAL["hostile"])
        row[1] = _above(turn.negative, USUAL["negative"])
        row[2] = _above(turn.anger, USUAL["anger"])
        row[3:-2] = signs(turn.text)
        row[-2] = math.log1p(turn.mentions)
        row[-1] = turn.quoted > 0
    return rows


def usual_or(hostility: float) -> float:
    """Return hostility, or the usual one where no judge has read the post."""
    return hostility if math.isfinite(hostility) else USUAL["hostile"]


def _above(value: float, usual: float) -> float:
    return value - usual if math.isfinite(value) else 0.0


def _faded(seen: Floats, first: int) -> Floats:
    """Return averages in which a turn weighs FADE times as much as the next."""
    found = np.empty((len(seen) - first, seen.shape[1]))
    weights = FADE ** np.arange(WINDOW + 1)[::-1]
    for place, row in enumerate(found, start=first):
        lately = seen[max(place - WINDOW, 0) : place + 1]
        weight = weights[len(weights) - len(lately) :]
        row[:] = weight @ lately / (weight.sum() + USUAL_TURNS)
    return found


def _opening(seen: Floats) -> Floats:
    """Return the features of the first turn after every turn, until it is out of sight."""
    found = np.zeros_like(seen)
    found[:WINDOW] = seen[0]
    return found


def _recent(seen: Floats, first: int) -> Floats:
    """Return the worst of the last turns, and how these differ from those before."""
    signs_of = seen[:, len(JUDGED) :]
    sharp, warm = signs_of[:, SHARP].sum(axis=1), signs_of[:, WARM].sum(axis=1)
    found = np.empty((len(seen) - first, 4))
    for place, row in enumerate(found, start=first):
        late = slice(max(place - RECENT + 1, 0), place + 1)
        row[0] = max(float(seen[late, 0].max()), 0.0)
        row[1:] = [_rise(seen[:, 0], place), _rise(sharp, place), -_rise(warm, place)]
    return found


def _rise(values: Floats, place: int) -> float:
    """Return by how much the last three turns are above the ones before; 0 for a short thread."""
    late = values[max(place - 2, 0) : place + 1]
    early = values[max(place - EARLIER, 0) : max(place - 2, 0)]
    if not len(early):
        return 0.0
    return float(late.sum() / (len(late) + 1) - early.sum() / (len(early) + 1))


def _length(turns: Sequence[Turn], first: int) -> Floats:
    """Return how many posts there are, and how many words in one of the last, as logarithms."""
    base = max(first - RECENT, 0)
    words = np.log1p([float(turn.text.count(" ") + 1) for turn in turns[base:]])
    rows = np.empty((len(turns) - first, 2))
    for place, row in enumerate(rows, start=first):
        row[0] = math.log(min(place + 1, WINDOW))
        row[1] = words[max(place - RECENT + 1, 0) - base : place + 1 - base].mean()
    return rows
