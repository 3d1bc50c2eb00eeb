"""Labels of topics: a noun phrase or two in the community's own words, no two topics alike."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.topics.clusters import Labels, Rows

UNNAMED = "Unnamed"
LONGEST_LABEL = 48
# A phrase around the best word is taken from this share of its score on.
PHRASE = 0.55
# A second subject is named from this share of the first one's score on.
SECOND = 0.2
# What a phrase is worth that stands second in another label, that says more than another label
# says, or less.
SAID, NARROWER, WIDER = 0.3, 0.85, 0.6
# Phrases this near say the same.
TWINS = 0.8
AND = " and "
# Where no phrase is in more than this share of a topic's threads, people talk of this and that.
MIXED_SHARE = 0.05
MIXED = "Mixed: "
PARTS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\s_./’'-]+")
ENDING = re.compile(r"(?<=\w{3})(?:ings?|ed|ies|es?|s|y|\d+)$|(?<=\w{4})ers?$")
STEM = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A phrase that could name a topic, as people write it.

    `stems` are its words without endings. `units` are the places of the topic's pairs of author
    and thread that use it, `share` that of the topic's threads in which it stands.
    """

    text: str
    stems: frozenset[str]
    score: float
    share: float
    vector: Rows
    units: Labels


class Lent:
    """What labels say already: first and second subjects by their stems, and whole labels."""

    def __init__(self, taken: Collection[str]) -> None:
        self.labels = {name.casefold() for name in taken}
        self.heads: set[frozenset[str]] = set()
        self.seconds: set[frozenset[str]] = set()
        self._by_stem: dict[str, list[frozenset[str]]] = {}
        for name in taken:
            first, *others = name.removeprefix(MIXED).split(AND)
            self.add_head(stems(first))
            self.seconds.update(stems(other) for other in others)

    def add_head(self, said: frozenset[str]) -> None:
        """Take stems as the first subject of a label."""
        self.heads.add(said)
        for stem in said:
            self._by_stem.setdefault(stem, []).append(said)

    def near(self, said: frozenset[str]) -> list[frozenset[str]]:
        """Return first subjects that share a stem with these."""
        return [head for stem in said for head in self._by_stem.get(stem, ())]


def stems(text: str) -> frozenset[str]:
    """Return the beginnings of the words of a phrase, also of those run together in code."""
    parts = [part.lower() for part in PARTS.split(text) if part and len(part) > 1]
    return frozenset(ENDING.sub("", part)[:STEM] for part in parts if part != "and")


def labels(
    candidates: Mapping[int, Sequence[Candidate]], taken: Collection[str] = ()
) -> dict[int, str]:
    """Return the label of each topic by its candidates; no label is one of `taken`.

    A phrase goes to the topic that it tells most of: first subjects are given before second ones,
    the surest first.
    """
    lent = Lent(taken)
    heads = _heads(candidates, lent)
    return {topic: _label(heads[topic], candidates[topic], lent) for topic in heads}


def _heads(
    candidates: Mapping[int, Sequence[Candidate]], lent: Lent
) -> dict[int, Candidate | None]:
    """Return the first subject of each topic, the surest topic first."""
    waiting = set(candidates)
    heads: dict[int, Candidate | None] = {}
    best = {topic: _head(candidates[topic], lent) for topic in waiting}
    while waiting:
        topic = max(waiting, key=lambda one: (_worth(best[one], lent), -one))
        head = heads[topic] = best[topic]
        waiting.remove(topic)
        if head is not None:
            lent.add_head(head.stems)
            for other in waiting:
                rival = best[other]
                if rival is not None and rival.stems & head.stems:
                    best[other] = _head(candidates[other], lent)
    return heads


def _worth(candidate: Candidate | None, lent: Lent) -> float:
    """Return a candidate's score, less where another label says something like it, 0 the same."""
    if candidate is None:
        return -1.0
    said = candidate.stems
    if not said or said in lent.heads:
        return 0.0
    worth = candidate.score * (SAID if said in lent.seconds else 1.0)
    near = lent.near(said)
    if any(said < words for words in near):
        return worth * WIDER
    return worth * (NARROWER if any(words < said for words in near) else 1.0)


def _head(those: Sequence[Candidate], lent: Lent) -> Candidate | None:
    """Return what a label begins with: the best candidate, or a phrase around it."""
    if not those:
        return None
    worth = {one.text: _worth(one, lent) for one in those}
    best = max(those, key=lambda one: worth[one.text])
    around = [
        one
        for one in those
        if best.stems < one.stems and worth[one.text] >= PHRASE * worth[best.text]
    ]
    if len(best.text.split()) > 1 or not around:
        return best
    return max(around, key=lambda one: worth[one.text])


def _label(head: Candidate | None, those: Sequence[Candidate], lent: Lent) -> str:
    label = UNNAMED if head is None else headed(head.text)
    if head is not None and mixed(those):
        label = f"{MIXED}{head.text}"
    if head is not None and (AND not in head.text or label.casefold() in lent.labels):
        label = _with_second(head, label, those, lent)
    label = numbered(label, lent.labels)
    lent.labels.add(label.casefold())
    return label


def _with_second(head: Candidate, label: str, those: Sequence[Candidate], lent: Lent) -> str:
    """Return the label with a second subject, where there is one that adds to the first."""
    pairs = sorted(_seconds(head, those, lent), key=lambda pair: -pair[0])
    for worth, second in pairs:
        both = f"{label}{AND}{second.text}"
        enough = worth >= SECOND * head.score or label.casefold() in lent.labels
        if enough and len(both) <= LONGEST_LABEL and both.casefold() not in lent.labels:
            lent.seconds.add(second.stems)
            return both
    return label


def _seconds(
    head: Candidate, those: Sequence[Candidate], lent: Lent
) -> list[tuple[float, Candidate]]:
    """Return candidates for a second subject, worth more the more of the topic they add."""
    pairs = []
    for one in those:
        apart = not one.stems & head.stems and float(one.vector @ head.vector) < TWINS
        if apart and AND not in one.text:
            new = 1 - float(np.isin(one.units, head.units).mean()) if len(one.units) else 0.0
            pairs.append((_worth(one, lent) * (1 + new) / 2, one))
    return pairs


def mixed(those: Sequence[Candidate]) -> bool:
    """Return whether no candidate is in a fair part of a topic's threads."""
    return bool(those) and max(one.share for one in those) <= MIXED_SHARE


def headed(text: str) -> str:
    """Return a phrase with a capital, unless its first word is written in a way of its own."""
    first = text.split()[0].rstrip(",;")
    plain = first.islower() and first.replace("-", "").isalpha() and re.search("[aeiouy]", first)
    return text[0].upper() + text[1:] if plain else text


def numbered(label: str, names: Collection[str]) -> str:
    """Return a label with a number where another topic has it."""
    name, number = label, 2
    while name.casefold() in names:
        name, number = f"{label} ({number})", number + 1
    return name
