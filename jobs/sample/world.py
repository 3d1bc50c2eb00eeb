"""The archive while it grows: threads, posts, people on call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from jobs.sample import clock, words
from jobs.sample.ledger import Ledger
from jobs.sample.people import Person
from jobs.sample.words import Area, Table

FORUM = "larkspur-forum"
CHAT = "larkspur-chat"


@dataclass(eq=False)
class Post:
    """One post, before it gets its id."""

    thread: Thread
    person: Person
    at: datetime
    text: str
    act: str
    parent: Post | None = None
    reactions: list[tuple[str, list[str]]] = field(default_factory=list)
    id: str = ""


@dataclass(eq=False)
class Thread:
    """A row of posts under one title."""

    source: str
    channel: str
    title: str
    area: str
    pools: dict[str, words.Lines]
    used: set[str] = field(default_factory=set)
    posts: list[Post] = field(default_factory=list)
    accepted: Post | None = None
    private: bool = False
    id: str = ""

    @property
    def chat(self) -> bool:
        """Return whether the thread belongs to the chat."""
        return self.source == CHAT


@dataclass
class World:
    """Everything that the parts of the generator share."""

    rng: Random
    cast: list[Person]
    areas: dict[str, Area]
    hot: list[str]
    experts: dict[str, list[Person]]
    ledger: Ledger = field(default_factory=Ledger)
    threads: list[Thread] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)
    plants: dict[str, list[dict[str, object]]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    texts: set[str] = field(default_factory=set)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    personas: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @property
    def members(self) -> list[Person]:
        """Return the people who are neither staff nor bot nor part of a brigade."""
        return [p for p in self.cast if p.role not in {"staff", "bot", "brigade"}]

    @property
    def team(self) -> list[Person]:
        """Return the people who work on the product."""
        return [p for p in self.cast if p.staff]

    @property
    def bot(self) -> Person:
        """Return the account that posts release notes and digests."""
        return next(p for p in self.cast if p.role == "bot")


def open_thread(
    world: World,
    source: str,
    channel: str,
    title: str,
    area: str,
    extra: Table | None = None,
    numbered: bool = True,
) -> Thread:
    """Return a new, empty thread in an area; `extra` adds word pools such as a case.

    A title that was used before gets a number, or a device if `numbered` is false.
    """
    table = world.areas[area].table if area in world.areas else {}
    frames = words.frames()
    pools = {**frames, **table, **(extra or {})}
    if area == "mobile":
        pools |= {"os": frames["phone_os"], "device": frames["phone"]}
    marks = () if numbered else (*pools["os"], *pools["device"])
    thread = Thread(source, channel, fresh_title(world, title, marks), area, pools)
    world.threads.append(thread)
    return thread


def fresh_title(world: World, title: str, marks: words.Lines) -> str:
    """Return the title, made distinct from earlier ones by one of the marks or a number."""
    found, tries = title, 0
    while found in world.titles:
        tries += 1
        if not marks or title.endswith("?") or tries > 12:
            found = f"{title.rstrip('?')}, part {tries + 1}{'?' if title[-1] == '?' else ''}"
        else:
            found = f"{title} on {world.rng.choice(marks)}"
    world.titles.add(found)
    return found


def around(person: Person, at: datetime) -> float:
    """Return how likely a person is to be active at a time, from 0 to 1."""
    if at < (person.since or person.joined + timedelta(hours=1)):
        return 0.0
    if person.until and at > person.until:
        return person.fades
    return 1.0


def someone(
    world: World,
    at: datetime,
    thread: Thread | None = None,
    without: Iterable[Person] = (),
    flat: bool = False,
) -> Person:
    """Return a member active at a time, drawn by habit, interest and liking for the source."""
    barred = {p.pid for p in without}
    pool = [p for p in world.members if p.pid not in barred]
    weights = [appeal(p, at, thread, flat) for p in pool]
    return world.rng.choices(pool, weights)[0]


def appeal(person: Person, at: datetime, thread: Thread | None, flat: bool) -> float:
    """Return the weight with which a person is drawn for a post."""
    weight = around(person, at) * (person.weight**0.4 if flat else person.weight)
    if thread is None or not weight:
        return weight
    weight *= (1.0 - person.lean) if thread.chat else person.lean
    return weight * (4.0 if thread.area in person.areas else 1.0)


def reply_time(world: World, thread: Thread, person: Person, median: float = 0.0) -> datetime:
    """Return a time for the next post of a thread, always after its last one."""
    median = median or (6.0 if thread.chat else 140.0)
    at = clock.later(world.rng, thread.posts[-1].at, person.zone, median)
    at = max(at, thread.posts[-1].at + timedelta(seconds=7))
    if busy(world, thread.area, at) and world.rng.random() < 0.75:
        at += timedelta(days=world.spans[thread.area][1] + 1 - clock.day_of(at))
    return at


def busy(world: World, area: str, at: datetime) -> bool:
    """Return whether a planted burst fills an area at a time, so that other talk waits."""
    first, last = world.spans.get(area, (1, 0))
    return first <= clock.day_of(at) <= last
