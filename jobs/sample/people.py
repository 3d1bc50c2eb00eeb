"""The cast: members, staff, one bot and who is who."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from jobs.sample import words
from jobs.sample.clock import BEGIN, DAYS

MEMBERS = 270
FOUNDERS = 132
ZONES = (0, 1, 1, 1, 2, 2, 3, -5, -5, -6, -8, 5, 9, 10)


@dataclass(frozen=True)
class Person:
    """One human (or the bot) behind one or two handles."""

    pid: str
    name: str
    forum: str
    chat: str
    joined: datetime
    weight: float
    areas: tuple[str, ...]
    zone: int = 0
    lean: float = 0.6
    casual: float = 0.3
    typos: float = 0.05
    role: str = "regular"
    account: str = ""
    since: datetime | None = None
    until: datetime | None = None
    fades: float = 0.0

    @property
    def staff(self) -> bool:
        """Return whether this is somebody who works on the product."""
        return self.role == "staff"

    def handle(self, source: str) -> str:
        """Return the handle used in a source."""
        return self.forum if source.endswith("forum") else self.chat


def handles(rng: Random) -> tuple[str, str]:
    """Return a display name and a handle, made up from the name lists."""
    lists = words.people()
    first = rng.choice(lists["first"])
    noun, adjective = rng.choice(lists["noun"]), rng.choice(lists["adjective"])
    last = rng.choice("abcdefghklmnprstvw")
    forms = (
        f"{first.lower()}_{last}",
        f"{first.lower()}{rng.randint(2, 99)}",
        f"{adjective}{noun}",
        f"{noun}-{first.lower()}",
        f"{first.lower()}-{noun}",
        f"{adjective}_{noun}",
    )
    return f"{first} {last.upper()}.", rng.choice(forms)


def crowd(rng: Random, count: int) -> list[tuple[str, str]]:
    """Return `count` distinct (name, handle) pairs."""
    found: dict[str, str] = {}
    while len(found) < count:
        name, handle = handles(rng)
        found.setdefault(handle, name)
    return [(name, handle) for handle, name in found.items()]


def joined(rng: Random, index: int) -> datetime:
    """Return when a member joined: founders before the archive begins, others within it."""
    if index < FOUNDERS:
        return BEGIN - timedelta(days=rng.randint(5, 640), minutes=rng.randint(0, 1400))
    spread = (index - FOUNDERS + rng.random()) / (MEMBERS - FOUNDERS)
    return (BEGIN + timedelta(days=3 + spread * (DAYS - 10), minutes=rng.randint(0, 600))).replace(
        microsecond=0
    )


def member(rng: Random, index: int, name: str, handle: str, keys: list[str]) -> Person:
    """Return one ordinary member with habits drawn at random."""
    return Person(
        pid=f"p{index + 1:03d}",
        name=name,
        forum=handle,
        chat=handle,
        joined=joined(rng, index),
        weight=min(rng.paretovariate(1.05), 24.0) + 0.15,
        areas=tuple(rng.sample(keys, rng.randint(2, 4))),
        zone=rng.choice(ZONES),
        lean=rng.betavariate(2.2, 1.6),
        casual=rng.betavariate(1.2, 2.4),
        typos=rng.choice((0.0, 0.02, 0.05, 0.15)),
    )


def staff(rng: Random, keys: list[str]) -> list[Person]:
    """Return the six people of the team and the bot."""
    team = []
    for i, name in enumerate(("Ottilie", "Basti", "Corin", "Devika", "Eskil", "Fenna")):
        team.append(
            Person(
                pid=f"s{i + 1:02d}",
                name=f"{name} (Larkspur)",
                forum=f"{name.lower()}_larkspur",
                chat=f"{name.lower()}_larkspur",
                joined=BEGIN - timedelta(days=700 - i, hours=2),
                weight=2.0,
                areas=tuple(rng.sample(keys, 5)),
                zone=1,
                casual=0.0,
                typos=0.0,
                role="staff",
            )
        )
    bot = Person(
        "b01",
        "Larkbot",
        "larkbot",
        "larkbot",
        BEGIN - timedelta(days=700),
        0.0,
        (),
        casual=0.0,
        typos=0.0,
        role="bot",
    )
    return [*team, bot]


def assign(rng: Random, cast: list[Person]) -> list[Person]:
    """Return the cast with the special parts handed out: champions, faders and others."""
    old = list(range(FOUNDERS))
    rng.shuffle(old)
    parts = [("champion", 8), ("at_risk", 10), ("silent", 12)]
    for role, count in parts:
        for _ in range(count):
            index = old.pop()
            cast[index] = part(rng, cast[index], role)
    return cast


def part(rng: Random, person: Person, role: str) -> Person:
    """Return a person with the habits of a role."""
    weight = rng.uniform(9, 16) if role == "champion" else rng.uniform(6, 11)
    if role == "champion":
        return replace(person, role=role, weight=weight)
    first, last = (195, 225) if role == "at_risk" else (130, 205)
    until = BEGIN + timedelta(days=rng.randint(first, last), hours=12)
    fades = 0.12 if role == "at_risk" else 0.0
    return replace(person, role=role, weight=weight, until=until, fades=fades)


def doubles(rng: Random, cast: list[Person], count: int = 12) -> list[Person]:
    """Return the cast in which `count` members use another handle in the chat."""
    taken = {person.forum for person in cast}
    chosen = [i for i, p in enumerate(cast) if p.role == "regular" and i < FOUNDERS]
    for index in rng.sample(chosen, count):
        person = cast[index]
        stem = person.name.split()[0].lower()
        other = next(
            h
            for h in (
                f"{stem}-writes",
                f"the-{stem}",
                f"{stem}-notes",
                f"{stem}_xy",
                f"mc_{stem}",
                f"{stem}{rng.randint(100, 999)}",
            )
            if (h not in taken and rng.random() < 0.6) or h[-1].isdigit()
        )
        taken.add(other)
        cast[index] = replace(person, chat=other, weight=max(person.weight, 7.0), lean=0.5)
    return cast


def company(rng: Random, cast: list[Person], count: int = 26) -> list[Person]:
    """Return the cast with members placed in companies; the domain is the account."""
    lists = words.people()
    names = rng.sample(lists["company"], count)
    trades = [rng.choice(lists["trade"]) for _ in names]
    free = [i for i, p in enumerate(cast) if p.role not in {"staff", "bot"}]
    rng.shuffle(free)
    for name, trade in zip(names, trades, strict=True):
        for _ in range(rng.choice((1, 1, 2, 2, 3, 4, 5))):
            index = free.pop()
            cast[index] = replace(cast[index], account=f"{name}-{trade}".lower() + ".example")
    return cast


def cast(rng: Random, keys: list[str]) -> list[Person]:
    """Return everyone: members first in order of joining, then staff and the bot."""
    found = [
        member(rng, i, name, handle, keys) for i, (name, handle) in enumerate(crowd(rng, MEMBERS))
    ]
    found = doubles(rng, assign(rng, found))
    return [*company(rng, found), *staff(rng, keys)]
