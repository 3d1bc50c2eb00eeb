"""Which members to show as one person, so that all that is shown could be accepted together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from service.insights.identity.pairs import candidates
from service.insights.identity.people import Person, people
from service.insights.identity.records import Handle, Part, Suggestion
from service.insights.identity.weigh import Scale

LEAST = 0.87
# What is surer than this is settled first, and frees the rest of its rivals.
SURE = 0.95
# A pair below these log-odds is not even a rival.
HOPELESS = -5.0
# From evidence to confidence, fitted on planted sets 0 to 9: parts are not independent of another,
# and what brings two handles into one place at all speaks for them.
SLOPE, SHIFT = 0.6, 1.6


@dataclass(frozen=True, slots=True)
class Pair:
    """Two positions among the people, the log-odds of the evidence, and its parts."""

    a: int
    b: int
    evidence: float
    parts: tuple[Part, ...]


def suggest(
    handles: Sequence[Handle],
    *,
    least: float = LEAST,
    dismissed: Collection[frozenset[int]] = (),
) -> list[Suggestion]:
    """Return pairs of members that are one person with a confidence of at least `least`.

    The surest come first. All of them can be accepted: no merged member then has two handles of one
    platform, a machine's or a deleted account's handle beside a person's, or two members of a
    `dismissed` pair. The result does not depend on the order of the handles.
    """
    everyone = people(handles)
    scale = Scale(everyone)
    pairs = _weighed(everyone, scale)
    return _Merging(everyone, scale, pairs, {frozenset(pair) for pair in dismissed}).run(least)


def _weighed(everyone: Sequence[Person], scale: Scale) -> list[Pair]:
    found = []
    for a, b in candidates(everyone).tolist():
        parts = scale.parts(everyone[a], everyone[b])
        evidence = sum(part.weight for part in parts) - scale.base
        if evidence > HOPELESS:
            found.append(Pair(a, b, evidence, tuple(parts)))
    return found


class _Merging:
    """Groups of people that grow by the surest pair; no group has two handles of a platform."""

    def __init__(
        self,
        everyone: Sequence[Person],
        scale: Scale,
        pairs: list[Pair],
        dismissed: set[frozenset[int]],
    ):
        self.everyone = everyone
        self.scale = scale
        self.pairs = pairs
        self.dismissed = dismissed
        self.group = {i: [i] for pair in pairs for i in (pair.a, pair.b)}

    def run(self, least: float) -> list[Suggestion]:
        """Return what was joined, the surest first."""
        found: list[Suggestion] = []
        for bar in (max(least, SURE), least):
            while joined := self._round(bar):
                found += joined
        return sorted(found, key=lambda s: (-s.confidence, s.members))

    def _round(self, bar: float) -> list[Suggestion]:
        # What a rule forbids once stays forbidden: groups only grow.
        self.pairs = [pair for pair in self.pairs if self._allowed(pair)]
        sure = (one for one in _confident(self.everyone, self.pairs) if one[0] >= bar)
        found = []
        for confidence, pair in sorted(sure, key=lambda one: (-one[0], one[1].a, one[1].b)):
            if self._allowed(pair) and (rest := self._doubted(confidence, pair)) >= bar:
                self._join(pair)
                found.append(self._suggestion(rest, pair))
        return found

    def _allowed(self, pair: Pair) -> bool:
        ours, theirs = self.group[pair.a], self.group[pair.b]
        if ours is theirs:
            return False
        platforms = frozenset[str]().union(*(self.everyone[i].platforms for i in ours))
        if any(not platforms.isdisjoint(self.everyone[i].platforms) for i in theirs):
            return False
        return not self.dismissed or not any(
            frozenset((self.everyone[i].member, self.everyone[j].member)) in self.dismissed
            for i in ours
            for j in theirs
        )

    def _doubted(self, confidence: float, pair: Pair) -> float:
        """Return the confidence after a look at whom else the two groups bring together."""
        doubt = 0.0
        for i in self.group[pair.a]:
            for j in self.group[pair.b]:
                likeness = self.scale.likeness(self.everyone[i], self.everyone[j])
                if (i, j) != (pair.a, pair.b) and likeness.clash:
                    doubt = min(doubt, likeness.weight)
        if not doubt:
            return confidence
        rest = max(1e-12, 1.0 - confidence)
        return 1.0 / (1.0 + rest / confidence * math.exp(-doubt))

    def _join(self, pair: Pair) -> None:
        merged = self.group[pair.a] + self.group[pair.b]
        for i in merged:
            self.group[i] = merged

    def _suggestion(self, confidence: float, pair: Pair) -> Suggestion:
        one, other = self.everyone[pair.a], self.everyone[pair.b]
        kept, lost = sorted((one, other), key=lambda p: (-p.posts, p.first))
        parts = sorted(pair.parts, key=lambda part: (-part.weight, part.name))
        return Suggestion((kept.member, lost.member), round(confidence, 4), tuple(parts))


def _confident(everyone: Sequence[Person], pairs: Sequence[Pair]) -> list[tuple[float, Pair]]:
    """Return each pair with the odds that it, and none of its rivals, is right.

    Rivals would put somebody else of the same platform in the place of one of the two; they count
    by how their evidence compares with the pair's own.
    """
    places: dict[tuple[int, str], float] = defaultdict(float)
    for pair in pairs:
        for one, other in ((pair.a, pair.b), (pair.b, pair.a)):
            for platform in everyone[other].platforms:
                places[one, platform] += math.exp(pair.evidence)
    found = []
    for pair in pairs:
        own, odds = math.exp(pair.evidence), math.exp(SLOPE * pair.evidence + SHIFT)
        rivals = sum(
            max((places[one, p] / own - 1.0 for p in everyone[other].platforms), default=0.0)
            for one, other in ((pair.a, pair.b), (pair.b, pair.a))
        )
        found.append((odds / (1.0 + odds + odds * max(0.0, rivals)), pair))
    return found
