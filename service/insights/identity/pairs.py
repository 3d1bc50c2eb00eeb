"""Which pairs of people are worth a look: those that share a key that few others have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.insights.identity import common
from service.insights.identity.handles import stems
from service.insights.identity.letters import bones, sound
from service.insights.identity.names import Name, forms, slips
from service.insights.identity.people import Person

# What more members share tells nothing about any two of them: with so many rivals, neither would be
# a clear winner by it, and what else they share is a key of its own.
CROWDS = {"initial": 8, "slip": 8, "bones": 12, "name": 12, "pet": 12, "form": 16}
CROWD = 24
# Marks what somebody's name could be written as; it meets only what somebody did write.
MAYBE = "~"
Key = tuple[str, ...]
Pairs = NDArray[np.int64]


def candidates(everyone: Sequence[Person]) -> Pairs:
    """Return pairs of positions that share a key and no platform, int64 [n, 2], in order.

    Keys that a crowd shares are left out.
    """
    blocks: dict[Key, list[int]] = defaultdict(list)
    initials = {key for person in everyone for key in _initials(person)}
    for position, person in enumerate(everyone):
        for key in {*keys(person), *(_abbreviated(person) & initials)}:
            blocks[key].append(position)
    found: set[tuple[int, int]] = set()
    for key, members in blocks.items():
        others = blocks.get((MAYBE, *key), []) if key[0] in ("nick", "form", "bones") else []
        if key[0] != MAYBE and 1 < len(members) + len(others) <= CROWDS.get(key[0], CROWD):
            found.update(_apart(everyone, members, others))
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


def _apart(
    everyone: Sequence[Person], members: list[int], others: list[int]
) -> Iterator[tuple[int, int]]:
    for at, a in enumerate(members):
        platforms = everyone[a].platforms
        for b in (*members[at + 1 :], *others):
            if platforms.isdisjoint(everyone[b].platforms):
                yield (a, b) if a < b else (b, a)


def keys(person: Person) -> Iterator[Key]:
    """Return what a second account of the same person may share."""
    for email in person.emails:
        yield "email", email
    for account in (*person.owned, *person.claimed, *person.issued):
        yield "account", account.site, account.login
    for link in person.links:
        yield "page", link
    for nick in person.nicks:
        for root in stems(nick):
            yield "nick", root
            yield "form", sound(root)
    for name in person.names:
        yield "name", *name.key
        if name.full:
            yield from _written(name)
            yield from _spelt(name)


def _written(name: Name) -> Iterator[Key]:
    """Return the logins that may be made of a name."""
    for form in forms(name):
        yield MAYBE, "nick", form.login
        if form.sound:
            yield MAYBE, "form", form.sound
    for word in name.words:
        yield MAYBE, "nick", word


def _spelt(name: Name) -> Iterator[Key]:
    """Return what the name has in common with other spellings of it."""
    if all(skeleton := [bones(word) for word in name.words]):
        latin = all(word.isascii() for word in name.words)
        yield (MAYBE, "bones", *sorted(skeleton)) if latin else ("bones", *sorted(skeleton))
    joined = "".join(name.key)
    if len(joined) > 7 and joined.isascii():
        for slip in slips(joined):
            yield "slip", slip
    for at, word in enumerate(name.words):
        rest = tuple(sorted(name.sounds[:at] + name.sounds[at + 1 :]))
        for group in common.PETS.get(word, ()):
            yield "pet", str(group), *rest
    if len(name.words) > 2:
        yield "name", *sorted((name.sounds[0], name.sounds[-1]))


def _initials(person: Person) -> Iterator[Key]:
    """Return a whole word with each initial that stands beside it."""
    for name in person.names:
        for letter in name.words:
            if len(letter) == 1:
                yield from (("initial", letter, key) for key in name.sounds if len(key) > 1)


def _abbreviated(person: Person) -> set[Key]:
    """Return each word of a full name with the first letter of each."""
    return {
        ("initial", word[0], key)
        for name in person.names
        if name.full
        for word in name.words
        for key in name.sounds
        if len(key) > 1
    }


def twins(everyone: Sequence[Person]) -> Counter[Key]:
    """Return how many persons at least stand behind each address, page and name.

    That is the most that one platform shows with it.
    """
    seen: Counter[tuple[str, Key]] = Counter()
    for person in everyone:
        shared: list[Key] = [("email", email) for email in person.emails]
        shared += [("page", link) for link in person.links]
        shared += [("account", a.site, a.login) for a in person.claimed]
        shared += [("name", *name.key) for name in person.names]
        seen.update((place, key) for key in set(shared) for place in person.platforms)
    most: Counter[Key] = Counter()
    for (_, key), count in seen.items():
        most[key] = max(most[key], count)
    return most
