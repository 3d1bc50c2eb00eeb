"""How likely two strangers share a word, a name or a nick: the data's counts over a background.

A name that nobody else here bears says much, "alex" says little, in a community of ten as in one
of ten thousand: counts are drawn towards what is common anywhere, and the person that is asked
about does not count.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from service.insights.identity import common, kinds
from service.insights.identity.letters import sound
from service.insights.identity.names import han
from service.insights.identity.people import Person

# Members that the background weighs as much as.
WEIGHT = 300.0
P_COMMONEST, P_COMMON, P_OTHER = 0.012, 0.002, 0.0003
P_HAN_FAMILY, P_HAN = 0.03, 0.004
P_NICK = 0.002
# That a nick has the given or the family name of its bearer in it.
P_OWN = 0.3
# Given and family name go together: both tell the same land.
CULTURE = 12.0
_COMMONEST = frozenset(sound(word) for word in common.COMMONEST)
_COMMON = frozenset(sound(word) for word in common.GIVEN | common.FAMILY)
_LETTER = math.log(26)


class Rarity:
    """Frequencies of name words and of letters of nicks among the people given."""

    def __init__(self, everyone: Sequence[Person]):
        """Count each platform for itself: there, two accounts are two people."""
        self._sounds: Counter[str] = Counter()
        self._words: set[str] = set(common.GIVEN | common.FAMILY)
        self._heard: set[str] = set(_COMMON)
        self._chars: Counter[str] = Counter()
        self._pairs: Counter[str] = Counter()
        seen: Counter[tuple[str, str]] = Counter()
        self._named = 0
        for person in everyone:
            units = {unit for name in person.names for unit in _units(name.sounds)}
            seen.update((place, unit) for unit in units for place in person.platforms)
            self._named += len(person.platforms) if units else 0
            full = [name for name in person.names if name.full]
            self._words.update(word for name in full for word in name.words)
            self._heard.update(key for name in full for key in name.sounds)
            for nick in person.nicks:
                self._chars.update(nick)
                self._pairs.update(a + b for a, b in zip("^" + nick, nick, strict=False))
        for (_, unit), count in seen.items():
            # One on each platform is who is asked about.
            self._sounds[unit] += count - 1
        self._nicked = sum(len(person.nicks) for person in everyone)
        self.word = lru_cache(maxsize=None)(self._word)
        self.nick = lru_cache(maxsize=None)(self._nick)
        self._part = lru_cache(maxsize=None)(self._piece)

    def known(self, word: str) -> bool:
        """Return whether a word is a name: a common one, or one in a full name of the data."""
        return sound(word) in self._heard

    def _word(self, key: str) -> float:
        """Return the odds that a stranger's name has a word that sounds like this one."""
        if han(key):
            return math.prod(self._unit(unit) for unit in _units((key,)))
        return self._unit(key)

    def _unit(self, key: str) -> float:
        if han(key):
            base = P_HAN_FAMILY if key in common.HAN_FAMILY else P_HAN
        elif key in _COMMONEST:
            base = P_COMMONEST
        else:
            base = P_COMMON if key in _COMMON else P_OTHER
        return min(0.5, (self._sounds[key] + WEIGHT * base) / (self._named + WEIGHT))

    def name(self, sounds: Iterable[str]) -> float:
        """Return the odds that a stranger's name has all of these words."""
        odds = [self.word(key) for key in sounds]
        together = math.prod(odds) * CULTURE ** (len(odds) - 1)
        return min(together, *odds) if odds else 1.0

    def _nick(self, nick: str, agreed: tuple[str, ...] = ()) -> float:
        """Return the odds that a stranger would take this nick: its most likely division.

        Known words cost what they are rare, numbers and other letters what they surprise. Words
        that sound like the `agreed` ones, which the stranger is called by as well, cost little.
        """
        # The names in one nick go together, as those of one person do: the second costs less.
        best = [[0.0, math.inf], *([math.inf, math.inf] for _ in nick)]
        for end in range(1, len(nick) + 1):
            letter = self._letter(nick[max(0, end - 2) : end])
            best[end] = [cost + letter for cost in best[end - 1]]
            for start in range(max(0, end - 12), end - 1):
                cost, name = self._part(nick[start:end])
                if agreed and end - start > 2 and _begins(nick[start:end], agreed):
                    cost, name = min((cost, name), (-math.log(P_OWN), 0))
                if cost == math.inf:
                    continue
                for named, before in enumerate(best[start]):
                    after = before + cost - (math.log(CULTURE) if named and name else 0.0)
                    best[end][named or name] = min(best[end][named or name], after)
        return min(0.3, max(math.exp(-min(best[-1])), self._bare(nick)))

    def _bare(self, nick: str) -> float:
        """Return the odds of a nick that is one name or word, with a number or without.

        A given name that few here bear is still one that many bear elsewhere.
        """
        word = nick.rstrip("0123456789")
        if not (self.known(word) or word in common.NICKS or word in kinds.ROLES):
            return 0.0
        number = nick[len(word) :]
        odds = max(P_NICK, self.word(sound(word))) * 1.5
        return odds * math.exp(-self._piece(number)[0]) if number else odds

    def _piece(self, text: str) -> tuple[float, int]:
        """Return what a part of a nick costs in nats, and 1 where it is a name."""
        if text.isdigit():
            year = len(text) == 4 and text[:2] in ("19", "20")
            return math.log(100.0 if year else 3.0 * 7 ** (len(text) - 1)) + 0.5, 0
        name = self.word(sound(text)) if text in self._words else 0.0
        word = P_NICK if text in common.NICKS or text in kinds.ROLES else 0.0
        return (-math.log(max(name, word)) if name or word else math.inf), int(name > word)

    def _letter(self, pair: str) -> float:
        """Return how much a letter surprises after the one before it, in nats."""
        before = self._chars[pair[0]] if len(pair) == 2 else self._nicked
        count = self._pairs[pair if len(pair) == 2 else "^" + pair]
        odds = (count + 20 / 26) / (before + 20)
        # Words are less surprising than their pairs of letters.
        return 0.8 * min(_LETTER, -math.log(odds))


def _begins(text: str, agreed: tuple[str, ...]) -> bool:
    key = sound(text)
    return any(word.startswith(key) for word in agreed)


def _units(sounds: Iterable[str]) -> list[str]:
    """Return words, and the characters of Han ones, which have no spaces between names."""
    return [unit for key in sounds for unit in (key if han(key) else (key,))]
