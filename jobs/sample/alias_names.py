"""The humans of the planted set: names as they are written at home and abroad, nicks, addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

from jobs.sample import words

NAMESAKES = 0.03
GROUPS = 4
SIBLINGS = 0.05


@dataclass(frozen=True, slots=True)
class Human:
    """One person: spellings of both names (the home one first), a nick, addresses and habits."""

    number: int
    given: tuple[str, ...]
    family: tuple[str, ...]
    middle: str
    native: bool
    family_first: bool
    nick: str
    login: str
    work: str
    home: str
    old: str
    page: str
    bynick: float
    style: int


@cache
def book() -> dict[str, Any]:
    """Return the word lists of the planted set."""
    return words.book("aliases")


def pool(name: str) -> list[str]:
    """Return a list of words by its name."""
    return str(book()[name]).split()


def pick(rng: Random, entries: Sequence[str]) -> tuple[str, ...]:
    """Return the spellings of a name; those at the head of a list are met more often (Zipf)."""
    weights = [1 / (rank + 25) for rank in range(len(entries))]
    return tuple(rng.choices(entries, weights)[0].split("|"))


def crowd(rng: Random, people: int) -> list[Human]:
    """Return persons, some of whom share a full name or a family name with one before them."""
    cultures = book()["culture"]
    shares = [culture["share"] for culture in cultures]
    found: list[Human] = []
    known: set[tuple[str, str]] = set()
    frequent = [_frequent(rng, culture) for culture in rng.choices(cultures, shares, k=GROUPS)]
    for number in range(people):
        human = _human(rng, number, rng.choices(cultures, shares)[0])
        if (human.given[0], human.family[0]) in known and rng.random() < 0.9:
            human = _human(rng, number, rng.choices(cultures, shares)[0])
        known.add((human.given[0], human.family[0]))
        luck = rng.random()
        if luck < NAMESAKES:
            human = _called(rng, human, rng.choice(frequent))
        elif found and luck < NAMESAKES + SIBLINGS:
            human = _sibling(rng, human, rng.choice(found[-60:]))
        found.append(human)
    return _settled(found)


def _human(rng: Random, number: int, culture: dict[str, Any]) -> Human:
    given = pick(rng, culture["given"].split())
    family = pick(rng, culture["family"].split())
    return _addressed(
        rng,
        Human(
            number=number,
            given=given,
            family=family,
            middle=rng.choice("ABCDEFGHJKLMNPRST") if rng.random() < 0.15 else "",
            native=culture.get("native", False),
            family_first=culture.get("family_first", False),
            nick=nick(rng, given[-1], family[-1]),
            login="",
            work="",
            home="",
            old="",
            page="",
            bynick=rng.choice((0.02, 0.04, 0.08, 0.15, 0.9, 0.97)),
            style=rng.choice((0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8)),
        ),
    )


def _frequent(rng: Random, culture: dict[str, Any]) -> Human:
    """Return one bearer of a name that many have: those names are the heads of the lists."""
    given = rng.choice(culture["given"].split()[:6]).split("|")
    family = rng.choice(culture["family"].split()[:6]).split("|")
    return replace(_human(rng, 0, culture), given=tuple(given), family=tuple(family))


def _called(rng: Random, human: Human, other: Human) -> Human:
    """Return the human with another's full name."""
    named = replace(
        human,
        given=other.given,
        family=other.family,
        native=other.native,
        family_first=other.family_first,
    )
    return _addressed(rng, named)


def _sibling(rng: Random, human: Human, other: Human) -> Human:
    """Return the human with another's family name and, now and then, the family's page."""
    if other.native != human.native:
        return human
    named = replace(human, family=other.family, family_first=other.family_first)
    shared = other.page if rng.random() < 0.12 else ""
    sibling = _addressed(rng, named)
    return replace(sibling, page=shared) if shared else sibling


def _addressed(rng: Random, human: Human) -> Human:
    login = login_of(rng, human, human.style)
    company = rng.choice(pool("companies")) + ".example"
    free = pool("free")
    home = human.nick if rng.random() < human.bynick else login
    if rng.random() < 0.2:
        home += str(rng.randint(1, 99))
    old = rng.choice((login_of(rng, human, 0), human.nick, login_of(rng, human, rng.randrange(9))))
    page = rng.choice(
        (f"https://{human.nick}.dev", f"https://www.{latin(human.family)}.example/~{login}")
    )
    return replace(
        human,
        login=login,
        work=f"{login_of(rng, human, rng.choice((0, 1)))}@{company}",
        home=f"{home}@{rng.choice(free)}",
        old=f"{old}@{rng.choice(free)}",
        page=page if rng.random() < 0.35 else "",
    )


def _settled(humans: list[Human]) -> list[Human]:
    """Return the persons; an address that somebody before them has gets the person's number."""
    taken: set[str] = set()
    found = []
    for human in humans:
        kept = []
        for email in (human.work, human.home, human.old):
            local, _, domain = email.partition("@")
            free = email not in taken
            kept.append(email if free else f"{local}{human.number % 90 + 10}@{domain}")
        taken |= set(kept)
        work, home, old = kept
        found.append(replace(human, work=work, home=home, old=old))
    return found


def latin(spellings: Sequence[str]) -> str:
    """Return the plainest spelling, in small letters without marks between them."""
    plain = [s for s in spellings if s.isascii()] or ["user"]
    return plain[0].lower().replace("-", "").replace("'", "")


def login_of(rng: Random, human: Human, style: int) -> str:
    """Return a login made of the name, in one of nine customs."""
    ascii_given = [s for s in human.given if s.isascii()] or [human.given[-1]]
    ascii_family = [s for s in human.family if s.isascii()] or [human.family[-1]]
    given = latin([rng.choice(ascii_given)])
    family = latin([rng.choice(ascii_family)])
    forms = (
        f"{given}.{family}",
        f"{given[0]}{family}",
        f"{given}{family[0]}",
        f"{given}_{family}",
        f"{family}{given}",
        f"{given}{family}",
        f"{family}-{given[0]}",
        f"{given}{rng.randint(70, 99)}",
        f"{given[0]}{human.middle.lower()}{family[:6]}",
    )
    return forms[style]


def nick(rng: Random, given: str, family: str) -> str:
    """Return a nick: two words, a made-up word, leet, a pet form, or one that others use too."""
    stem, tail = rng.choice(pool("stems")), rng.choice(pool("tails"))
    made = "".join(rng.choices(pool("sounds"), k=rng.choice((2, 3, 3, 3, 4))))
    forms = (
        f"{stem}{tail}",
        f"{stem}_{tail}",
        f"{tail}{rng.randint(3, 999)}",
        made,
        made,
        f"{made}{rng.choice('xz79')}",
        f"{stem}{tail}".replace("o", "0").replace("i", "1"),
        f"{made}-{tail}",
        f"{latin([given])[:4]}{rng.choice(pool('sounds'))}{rng.choice(('', '', '77'))}",
        rng.choice(pool("common")),
    )
    return rng.choices(forms, (3, 3, 2, 3, 3, 3, 2, 3, 2, 1))[0]


def shown(rng: Random, human: Human, *, abroad: float) -> str:
    """Return a full name as an account may show it, in Latin letters with odds `abroad`."""
    foreign = not human.native or rng.random() < abroad
    given = _spelling(rng, human.given, human.native, foreign)
    family = _spelling(rng, human.family, human.native, foreign)
    if human.native and not foreign:
        gap = "" if human.family_first and rng.random() < 0.7 else " "
        return f"{family}{gap}{given}" if human.family_first else f"{given} {family}"
    given = _pet(rng, given)
    if human.family_first and rng.random() < 0.4:
        return f"{family} {given}"
    luck = rng.random()
    if luck < 0.04:
        return f"{family}, {given}"
    if luck < 0.10:
        return f"{given[0]}. {family}"
    middle = f" {human.middle}." if human.middle and rng.random() < 0.5 else ""
    return _mistyped(rng, f"{given}{middle} {family}")


def _spelling(rng: Random, spellings: tuple[str, ...], native: bool, foreign: bool) -> str:
    if native:
        return (
            rng.choices(spellings[1:], [4 / (k + 1) for k in range(len(spellings) - 1)])[0]
            if foreign
            else spellings[0]
        )
    return spellings[0] if len(spellings) == 1 or rng.random() < 0.75 else rng.choice(spellings[1:])


def _pet(rng: Random, given: str) -> str:
    for line in str(book()["short"]).strip().splitlines():
        name, *pets = line.split()
        if name == given and rng.random() < 0.3:
            return rng.choice(pets)
    return given


def _mistyped(rng: Random, name: str) -> str:
    if rng.random() >= 0.03:
        return name
    at = rng.randrange(1, len(name) - 2)
    kind = rng.randrange(3)
    if kind == 0:
        return name[:at] + name[at + 1 :]
    if kind == 1:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name[:at] + name[at] + name[at:]
