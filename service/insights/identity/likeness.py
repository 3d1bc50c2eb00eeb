"""How alike two display names are, in any order of their words and in most spellings."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from service.insights.identity.letters import bones
from service.insights.identity.names import Name, close, han, pets
from service.insights.identity.pairs import Key
from service.insights.identity.people import Person
from service.insights.identity.rarity import CULTURE, Rarity

NAME = 4.5
SAME, SOUND, PET, SLIP, INITIAL = 0.7, 0.5, 0.03, 0.03, 0.08
P_INITIAL = 0.07
CLASH, STRANGE = -4.0, -3.0
# One word, or one with an initial, is not enough to name a person.
SINGLE, SHORT = -2.5, 0.5


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two names are: log-odds, the keys of the words that agree, whether others clash."""

    weight: float
    agreed: tuple[str, ...] = ()
    clash: bool = False


class Names:
    """Compares names; `base` is the log of how many strangers there are, `twins` as counted."""

    def __init__(self, rarity: Rarity, base: float, twins: Counter[Key]):
        self._rarity = rarity
        self._base = base
        self._twins = twins
        self.compare = lru_cache(maxsize=65_536)(self._compare)

    def alike(self, a: Person, b: Person) -> Likeness:
        """Return how alike the two names are that are most alike."""
        pairs = (self.compare(one, other) for one in a.names for other in b.names)
        return max(pairs, key=lambda found: found.weight, default=Likeness(0.0))

    def _compare(self, a: Name, b: Name) -> Likeness:
        """Return how alike two names are; words may stand in any order."""
        left, right = list(range(len(a.words))), list(range(len(b.words)))
        weight, agreed, whole, initials = 0.0, [], 0, 0
        for level in (0, 1, 2, 3, 5, 4):
            for i in tuple(left):
                j = next((j for j in right if _agree(level, a, i, b, j)), None)
                if j is None:
                    continue
                left.remove(i)
                right.remove(j)
                gain = self._gain(level, a.sounds[i], b.sounds[j], a.foreign != b.foreign)
                weight += gain - (math.log(CULTURE) if whole and level != 4 else 0.0)
                agreed += [a.sounds[i], b.sounds[j]] if level != 4 else []
                whole += level != 4
                initials += level == 4
        weight, clash = self._clashed(a, left, b, right, weight, whole)
        if initials and any(_taken(n, rest) for n, rest in ((a, left), (b, right))):
            weight, clash = min(weight, CLASH / 2), a.full and b.full
        ceiling = min(self._namesakes(a), self._namesakes(b))
        if whole < 2 and not any(han(word) for word in a.words):
            ceiling = min(
                ceiling, self._base + (SHORT if initials and a.full and b.full else SINGLE)
            )
        return Likeness(min(weight, ceiling), tuple(dict.fromkeys(agreed)), clash)

    def _clashed(
        self, a: Name, left: list[int], b: Name, right: list[int], weight: float, whole: int
    ) -> tuple[float, bool]:
        """Return the weight with what words bring that found no partner, and if they clash.

        Words of scripts that spell nothing in Latin letters cannot clash with Latin ones, and
        those that are nearly alike neither agree nor clash.
        """
        against = [
            (i, j)
            for i in left
            for j in right
            if a.words[i].isascii() == b.words[j].isascii() and not _kin(a.sounds[i], b.sounds[j])
        ]
        if not against:
            return (weight if whole else min(weight, 0.0)), False
        if not (a.full and b.full):
            known = all(self._rarity.known(n.words[0]) for n in (a, b))
            return (STRANGE if known and not whole else min(weight, 0.0)), False
        if not whole:
            return CLASH, True
        return (weight + CLASH if whole > 1 else min(weight + CLASH, CLASH / 2)), True

    def _gain(self, level: int, one: str, other: str, spelt: bool) -> float:
        odds = self._rarity.word(one)
        if level == 2:
            odds = max(0.003, odds + self._rarity.word(other))
        elif level == 3:
            most = max(odds, self._rarity.word(other))
            odds = 4 * most + 0.0005 if len(one) < 6 else 0.5 * most + 0.0002
        elif level == 5:
            odds = 3 * odds + 0.002
        elif level == 4:
            odds = P_INITIAL
        agree = SAME if level == 1 and spelt else (SAME, SOUND, PET, SLIP, INITIAL, SOUND)[level]
        return math.log(agree / min(odds, agree))

    def _namesakes(self, name: Name) -> float:
        """Return what a name brings at most where one platform shows several people with it."""
        others = self._twins[("name", *name.key)] - 1
        return self._base - math.log(others) if others > 0 else self._base + NAME


def _agree(level: int, a: Name, i: int, b: Name, j: int) -> bool:
    one, other = a.words[i], b.words[j]
    if level == 0:
        return one == other and (len(one) > 1 or not one.isascii())
    if level == 4:
        return 1 in (len(one), len(other)) and one[0] == other[0]
    if min(len(one), len(other)) < 2:
        return False
    if level == 5:
        return (
            one.isascii() != other.isascii() and len(bones(one)) > 1 and bones(one) == bones(other)
        )
    if level == 1:
        # Keys of two letters are of too many names.
        return a.sounds[i] == b.sounds[j] and len(a.sounds[i]) > 2
    if level == 2:
        return pets(one, other)
    return min(len(one), len(other)) > 3 and one.isascii() and close(one, other)


def _taken(name: Name, rest: list[int]) -> bool:
    """Return whether a whole word of a name found no partner while its initial took one."""
    return any(len(word) == 1 for word in name.words) and any(len(name.words[i]) > 1 for i in rest)


def _kin(one: str, other: str) -> bool:
    """Return whether two words may be spellings of one name, though not by any rule."""
    longer = max(len(one), len(other))
    return longer > 3 and SequenceMatcher(None, one, other, autojunk=False).ratio() > 0.75
