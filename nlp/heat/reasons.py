"""Why a thread is hot: the features that add most, in words, each with the sentence it shows in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlp.heat.features import FADE, JUDGED, SHARP
from nlp.heat.model import Floats, HeatModel
from nlp.heat.signs import SIGNS, spotted
from nlp.heat.turns import Turn
from nlp.heat.words import OPENING, told

# Turns that a sentence is looked for in.
REACH = 8
# On the logit scale: what adds less is no reason. A thread turns where its heat rises by so much.
LEAST = 0.05
RISE = 0.05
_BY_TURN = {"named": "mentions", "quoted": "quoted", "worst": "hostility", "hostile": "hostility",
            "hostile_rise": "hostility", "negative": "negative", "anger": "anger"}  # fmt: skip

Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of the heat: `words` is a sentence for a moderator, `weight` on the logit scale.

    `start` and `end` are offsets into the text of `turn`, of the sentence that shows it; both are
    0 where no sentence does.
    """

    name: str
    words: str
    weight: float
    turn: int
    start: int
    end: int


def reasons(
    model: HeatModel, turns: Sequence[Turn], rows: Floats, at: int, *, most: int = 3
) -> list[Reason]:
    """Return what adds most to the heat after turn `at`, strongest first; `rows` as `prefixes`.

    Raises IndexError where there is no such turn.
    """
    parts = model.parts(rows[[at]])[0]
    found = []
    for number in np.argsort(-parts, kind="stable").tolist()[:most]:
        if parts[number] < LEAST:
            break
        name = model.names[number]
        high = bool(rows[at, number] > model.mean[number])
        turn, start, end = _place(name, turns, at) if high else (at, 0, 0)
        if name.startswith(OPENING):
            turn, start, end = _place(name.removeprefix(OPENING), turns, _first(turns))
        found.append(Reason(name, told(name, high), float(parts[number]), turn, start, end))
    return found


def turning(heats: Floats | Sequence[float]) -> int:
    """Return the turn at which a thread turned hot, 0 where it never did.

    That is the split of the turns up to the hottest one whose two halves differ most, by squares.
    """
    curve = np.asarray(heats, dtype=np.float64)
    if len(curve) < 2:
        return 0
    curve = curve[: int(curve.argmax()) + 1]
    best, place = 0.0, 0
    for split in range(1, len(curve)):
        rise = float(curve[split:].mean() - curve[:split].mean())
        gain = rise * rise * split * (len(curve) - split) / len(curve)
        if rise >= RISE and gain > best:
            best, place = gain, split
    return place


def _first(turns: Sequence[Turn]) -> int:
    """Return the first turn that is left."""
    return next((number for number, turn in enumerate(turns) if turn.text.strip()), 0)


def _place(name: str, turns: Sequence[Turn], at: int) -> Place:
    """Return the turn, and the offsets in it, of the sentence that shows a feature best."""
    lately = [n for n in range(max(at - REACH + 1, 0), at + 1) if turns[n].text.strip()]
    if name in SIGNS or name in ("sharp_rise", *JUDGED, "worst", "hostile_rise"):
        columns = (SIGNS.index(name),) if name in SIGNS else SHARP
        if name in _BY_TURN:
            lately = _strongest(name, turns, lately)
        return _sentence(turns, lately, columns, at)
    if name in _BY_TURN:
        return (_strongest(name, turns, lately) or [at])[-1], 0, 0
    return at, 0, 0


def _strongest(name: str, turns: Sequence[Turn], lately: Sequence[int]) -> list[int]:
    """Return the turn, as a list, that has most of what a feature is made of."""
    values = {n: float(getattr(turns[n], _BY_TURN[name])) for n in lately}
    known = {n: value * FADE ** (lately[-1] - n) for n, value in values.items() if value > 0}
    return [max(known, key=lambda n: (known[n], n))] if known else []


def _sentence(
    turns: Sequence[Turn], lately: Sequence[int], columns: tuple[int, ...], at: int
) -> Place:
    best, place = 0.0, (lately[-1] if lately else at, 0, 0)
    for n in lately:
        rows, spans = spotted(turns[n].text)
        for row, (start, end) in zip(rows, spans, strict=True):
            strength = float(row[list(columns)].sum()) * FADE ** (at - n)
            if strength > 0 and strength >= best:
                best, place = strength, (n, start, end)
    return place
