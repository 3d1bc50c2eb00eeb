"""Planted incidents that fill an area for some days, and brigades that only look like one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from jobs.sample import clock, words
from jobs.sample.people import Person, handles
from jobs.sample.talk import fillers, raw, say
from jobs.sample.threads import channel
from jobs.sample.world import CHAT, FORUM, Post, Thread, World, open_thread, someone

FIRST = (("burst.open", 1.0), ("burst.more", 0.6))
NEXT = (("burst.more", 1.0), ("burst.open", 0.3))
LINE = (("burst.short", 1.0), ("burst.more", 0.1))
TITLES = (
    "{news}: collecting reports",
    "{news} - anyone else?",
    "What is going on with {topic}?",
    "Problems with {topic} since this morning",
    "{news}, second day",
    "Workarounds for {news}",
    "Trouble with {topic}?",
    "After {news}: what now?",
)


def periods(world: World) -> list[tuple[int, int]]:
    """Return (first day, last day) for each burst; the last one runs to the archive's end."""
    rng = world.rng
    count = len(world.hot) - 1
    width = 236 // count
    found = []
    for i in range(count):
        length = rng.randint(2, 5)
        first = 14 + i * width + rng.randint(0, width - 12)
        found.append((first, first + length - 1))
    return [*found, (clock.DAYS - rng.choice((2, 3)), clock.DAYS - 1)]


def day_times(world: World, day: int, count: int) -> list[datetime]:
    """Return `count` times on a day, in order, all well before midnight."""
    rng = world.rng
    base = clock.BEGIN + timedelta(days=day)
    seconds = sorted(rng.sample(range(6 * 3600, 23 * 3600), count))
    return [base + timedelta(seconds=s) for s in seconds]


def crowd(world: World, at: datetime, count: int) -> list[Person]:
    """Return `count` different active members, common and rare ones alike."""
    found: list[Person] = []
    while len(found) < count:
        found.append(someone(world, at, None, found, flat=True))
    return found


def incident(world: World, area: str, first: int, last: int) -> None:
    """Plant one burst in an area between two day numbers."""
    rng = world.rng
    table = world.areas[area].table
    ver = clock.version(clock.BEGIN + timedelta(days=first))
    news = fillers(rng, "news", table, ver=ver)
    threads: list[Thread] = []
    posts: list[Post] = []
    for day in range(first, last + 1):
        count = rng.randint(9, 11)
        who = crowd(world, clock.BEGIN + timedelta(days=day), min(count, rng.randint(9, count)))
        who += rng.choices(who, k=count - len(who))
        rng.shuffle(who)
        for at, person in zip(day_times(world, day, count), who, strict=True):
            posts.append(report(world, area, threads, news, at, person, ver))
        if day > first or rng.random() < 0.5:
            team_word(world, threads, news, at + timedelta(minutes=rng.randint(3, 40)))
    world.plants["bursts"].append(
        {
            "area": area,
            "start": stamp_day(first),
            "end": stamp_day(last),
            "news": news,
            "threads": threads,
            "posts": posts,
        }
    )


def stamp_day(day: int) -> str:
    """Return a day number as an ISO date."""
    return (clock.BEGIN + timedelta(days=day)).date().isoformat()


def report(
    world: World,
    area: str,
    threads: list[Thread],
    news: str,
    at: datetime,
    person: Person,
    ver: str,
) -> Post:
    """Append one report to a thread of the burst, opening threads as needed."""
    rng = world.rng
    extra = {"news": news, "ver": ver}
    if not threads or (len(threads) < 5 and rng.random() < 0.16):
        source = CHAT if threads and threads[-1].source == FORUM else FORUM
        title = fillers(rng, "title", {**world.areas[area].table, "title": TITLES}, **extra)
        threads.append(
            open_thread(
                world,
                source,
                channel(source, area, "question"),
                title[0].upper() + title[1:],
                area,
                rng.choice(world.areas[area].cases),
            )
        )
        made = say(world, threads[-1], person, at, "burst", moves=FIRST, extra=extra)
    else:
        thread = rng.choice(threads[-3:])
        moves = LINE if thread.chat else rng.choice((FIRST, NEXT))
        made = say(
            world, thread, person, at, "burst", rng.choice((thread.posts[0], None)), moves, extra
        )
    if made is None:
        raise RuntimeError("a burst runs past the end of the archive")
    return made


def team_word(world: World, threads: Sequence[Thread], news: str, at: datetime) -> None:
    """Let somebody from the team answer in one thread of a burst."""
    thread = world.rng.choice(threads)
    if thread.posts[-1].at < at:
        say(
            world,
            thread,
            world.rng.choice(world.team),
            at,
            "staff",
            thread.posts[0],
            (("burst.staff", 1.0),),
            {"news": news},
        )


def all_bursts(world: World) -> None:
    """Plant every burst, each in an area of its own."""
    spans = periods(world)
    for area, (first, last) in zip(world.hot, spans, strict=True):
        incident(world, area, first, last)
        world.spans[area] = (first, last)


def brigade(world: World, first: int) -> None:
    """Plant three new accounts that post near-duplicates for two days."""
    rng = world.rng
    area = rng.choice([key for key in world.areas if key not in world.hot])
    target = rng.choice(world.areas[area].table["thing"])
    joined = clock.BEGIN + timedelta(days=first - 1, hours=rng.randint(8, 15))
    gang = [recruit(world, joined + timedelta(minutes=13 * i)) for i in range(3)]
    thread = open_thread(world, FORUM, "ideas", f"Petition against {target}", area)
    room = open_thread(world, CHAT, "general", f"Petition: {target}", area)
    posts = []
    for day in (first, first + 1):
        for at in day_times(world, day, rng.randint(13, 17)):
            where = rng.choice((thread, room))
            posts.append(slogan(world, where, rng.choice(gang), at, target))
    world.plants["brigades"].append(
        {
            "area": area,
            "start": stamp_day(first),
            "end": stamp_day(first + 1),
            "people": gang,
            "threads": [thread, room],
            "posts": posts,
        }
    )


def recruit(world: World, at: datetime) -> Person:
    """Return a new account that belongs to a brigade, added to the cast."""
    taken = {p.forum for p in world.cast} | {p.chat for p in world.cast}
    name, handle = handles(world.rng)
    while handle in taken:
        name, handle = handles(world.rng)
    model = world.members[0]
    person = replace(
        model,
        pid=f"g{len(world.cast):03d}",
        name=name,
        forum=handle,
        chat=handle,
        joined=at,
        weight=0.0,
        areas=(),
        role="brigade",
        account="",
        until=None,
    )
    world.cast.append(person)
    return person


def slogan(world: World, thread: Thread, person: Person, at: datetime, target: str) -> Post:
    """Append one near-duplicate of the brigade's line and return it."""
    pools = {"line": words.frames()["brigade.line"], "weekday": words.frames()["brigade.weekday"]}
    for _ in range(60):
        text = fillers(world.rng, "line", pools, target=target)
        if world.ledger.fits(text):
            return raw(world, thread, person, at, "brigade", text)
    raise RuntimeError("the brigade has run out of words")


def all_brigades(world: World) -> None:
    """Plant both brigades, one in spring and one in summer."""
    brigade(world, world.rng.randint(60, 110))
    brigade(world, world.rng.randint(150, 230))
