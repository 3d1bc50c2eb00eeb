"""Near-duplicate posts by a few accounts: spam, one text carried everywhere, small brigades.

Likeness is that of trends (service.insights.trends.trust): of two near-copies, half of the distinct
pairs of neighbouring words are shared, with numbers, links and names masked. Pairs are found by
their rare word pairs first (prefix filtering: Bayardo, Ma and Srikant 2007, Scaling up all pairs
similarity search), so that thousands of posts are compared without a table of all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from service.insights.trends.brigades import FEW_ACCOUNTS
from service.insights.trends.trust import ALIKE, COPY_WORDS, MASKED, SHINGLE, WORD

# How often one account says a thing before it is told, and in how many threads; so often do two or
# three. What is said once in each of two threads is a person who asks again.
TIMES = 3
THREADS = 3
# Texts of fewer different words are formulas ("thanks, that works for me now") or names of files:
# they count where the very same is said so often.
FORMULA = 10
LOUD = 8
# Copies that lie further apart than this are habits, not a wave.
APART = timedelta(days=7)

Pairs = frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Said:
    """What of a post counts: who wrote it, in which thread, when, and its text without markup."""

    author: Hashable
    thread: Hashable
    made: datetime
    text: str


def groups(posts: Sequence[Said]) -> list[list[int]]:
    """Return groups of near-copies that a few accounts made: places of posts, in order of time.

    The group of most posts comes first. Each post is in one group at most, and a near-copy of the
    post of its group that most others are like.
    """
    waves = [
        wave
        for group in _alike([post.text for post in posts])
        for wave in _waves(sorted(group, key=lambda place: (posts[place].made, place)), posts)
    ]
    return sorted((wave for wave in waves if _told(posts, wave)), key=lambda one: (-len(one), one))


def word_pairs(text: str) -> Pairs:
    """Return the distinct pairs of neighbouring words of a text; none of a text of few words."""
    words = WORD.findall(MASKED.sub(" 0 ", text.lower()))
    if len(words) < COPY_WORDS:
        return frozenset()
    return frozenset(zip(*(words[at:] for at in range(SHINGLE)), strict=False))


def near(sets: Sequence[Pairs]) -> list[tuple[int, int]]:
    """Return which of some sets, none of them empty, are near-copies: pairs of places."""
    often = Counter(pair for one in sets for pair in one)
    index: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    found = []
    for place in sorted(range(len(sets)), key=lambda place: len(sets[place])):
        own = sets[place]
        # Two sets that share half of their union share one of so many of the rarest pairs, and
        # those that are in one set only are the rarest.
        shared = [pair for pair in own if often[pair] > 1]
        room = len(shared) - ceil(ALIKE * len(own)) + 1
        rare = sorted(shared, key=lambda pair: (often[pair], pair))[: max(room, 0)]
        for other in sorted({other for pair in rare for other in index[pair]}):
            if len(sets[other]) >= ALIKE * len(own) and _copies(own, sets[other]):
                found.append((other, place))
        for pair in rare:
            index[pair].append(place)
    return found


def _copies(one: Pairs, other: Pairs) -> bool:
    shared = len(one & other)
    return shared >= ALIKE * (len(one) + len(other) - shared)


def _alike(texts: Sequence[str]) -> list[list[int]]:
    """Return groups of places, each around the text that most others are like."""
    same: defaultdict[Pairs, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        same[word_pairs(text)].append(place)
    same.pop(frozenset(), None)
    formulas = {pairs for pairs in same if _formula(pairs)}
    held = [pairs for pairs in same if pairs not in formulas]
    beside: defaultdict[int, set[int]] = defaultdict(set)
    for one, other in near(held):
        beside[one].add(other)
        beside[other].add(one)
    loud = [same[pairs] for pairs in same if pairs in formulas and len(same[pairs]) >= LOUD]
    return loud + _stars([same[pairs] for pairs in held], beside)


def _stars(held: Sequence[Sequence[int]], beside: Mapping[int, set[int]]) -> list[list[int]]:
    """Return groups of what is held at each place, around the place with most beside it."""
    none: set[int] = set()
    weight = {
        at: len(own) + sum(len(held[other]) for other in beside.get(at, none))
        for at, own in enumerate(held)
    }
    found, left = [], set(weight)
    for at in sorted(weight, key=lambda at: (-weight[at], held[at][0])):
        if at in left:
            mine = ({at} | beside.get(at, none)) & left
            left -= mine
            found.append([place for one in mine for place in held[one]])
    return found


def _formula(pairs: Pairs) -> bool:
    words: set[str] = set()
    for pair in pairs:
        words.update(word for word in pair if word.isalpha())
        if len(words) >= FORMULA:
            return False
    return True


def _waves(group: Sequence[int], posts: Sequence[Said]) -> list[list[int]]:
    """Return the parts of a group, in order of time, between which nothing came for long."""
    found: list[list[int]] = []
    for place in group:
        if found and posts[place].made - posts[found[-1][-1]].made <= APART:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _told(posts: Sequence[Said], group: Sequence[int]) -> bool:
    accounts = {posts[place].author for place in group}
    threads = {posts[place].thread for place in group}
    if len(accounts) > FEW_ACCOUNTS or len(group) < TIMES:
        return False
    if len(group) < LOUD and _formula(word_pairs(posts[group[0]].text)):
        return False
    return len(accounts) > 1 or len(threads) >= THREADS or len(group) >= LOUD
