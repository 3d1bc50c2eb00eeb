"""Who talks with whom in a thread, and how fast: what each turn adds to what is known of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import numpy as np

from nlp.heat.signs import SIGNS, Floats, signs
from nlp.heat.turns import UNKNOWN, Habits, Turn

PEOPLE = ("back_and_forth", "against_one", "haste", "newcomer", "past")
# Turns that are looked back on, and the longest run that is counted.
REACH = 10
LONGEST = 12
# The fewest gaps from which a thread's own pace is told.
GAPS = 4
POINTED = tuple(SIGNS.index(name) for name in ("you", "insult", "accuse"))


def people(turns: Sequence[Turn], habits: Habits, first: int = 0) -> Floats:
    """Return the features PEOPLE after each turn from `first` on, 0 for what is not known."""
    rows = np.zeros((len(turns) - first, len(PEOPLE)))
    base = max(first - REACH - LONGEST, 0)
    pointed = [False] * base + [_pointed(turn) for turn in turns[base:]]
    run = 0
    for place in range(base, len(turns)):
        run = _run(turns, place, run)
        if place >= first:
            rows[place - first] = (
                math.log1p(max(min(run, LONGEST) - 2, 0)),
                _against_one(turns, pointed, place),
                _haste(turns, place, habits.gap),
                _newcomer(turns, place),
                _past(turns, place, habits),
            )
    return rows


def _pointed(turn: Turn) -> bool:
    return bool(signs(turn.text)[list(POINTED)].sum() > 0)


def _run(turns: Sequence[Turn], place: int, run: int) -> int:
    """Return how many turns the same two people have been taking by turns."""
    who = turns[place].who
    before = [turn.who for turn in turns[max(place - 2, 0) : place]]
    if who == UNKNOWN or not before or before[-1] in (who, UNKNOWN):
        return 1
    return run + 1 if len(before) > 1 and before[0] == who else 2


def _against_one(turns: Sequence[Turn], pointed: Sequence[bool], place: int) -> float:
    """Return how many more than one have lately answered one person pointedly."""
    first = max(place - REACH + 1, 0)
    lately = [turn.who for turn in turns[first : place + 1]]
    known = [who for who in lately if who != UNKNOWN]
    target = max(set(known), key=lambda who: (known.count(who), -who), default=UNKNOWN)
    if len(set(known)) < 3 or known.count(target) < 2:
        return 0.0
    others = {
        who
        for step, who in enumerate(lately, start=first)
        if who not in (target, UNKNOWN) and pointed[step]
    }
    return math.log(max(len(others), 1))


def _haste(turns: Sequence[Turn], place: int, habit: float) -> float:
    """Return how much faster the last answers came than is usual, as a logarithm, 0 to 3."""
    times = [turn.at for turn in turns[max(place - REACH, 0) : place + 1]]
    known = [at for at in times if at is not None and math.isfinite(at)]
    gaps = [max(b - a, 1.0) for a, b in pairwise(known)]
    usual = habit if math.isfinite(habit) and habit > 0 else math.nan
    if math.isnan(usual) and len(gaps) >= GAPS:
        usual = median(gaps)
    if math.isnan(usual) or len(gaps) < 2 or len(set(known)) < 2:
        return 0.0
    return min(max(math.log(max(usual, 1.0) / median(gaps[-3:])), 0.0), 3.0)


def _newcomer(turns: Sequence[Turn], place: int) -> float:
    """Return whether a newcomer is among those who wrote lately, and others did too."""
    lately = turns[max(place - REACH + 1, 0) : place + 1]
    return float(any(turn.newcomer for turn in lately) and not all(t.newcomer for t in lately))


def _past(turns: Sequence[Turn], place: int, habits: Habits) -> float:
    """Return the share of earlier exchanges of the last two people that were heated."""
    if place == 0 or not habits.met:
        return 0.0
    pair = sorted((turns[place - 1].who, turns[place].who))
    share = float(habits.met.get((pair[0], pair[1]), 0.0))
    return share if math.isfinite(share) else 0.0
