"""Planted feature requests, requests to leave things alone and questions nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from jobs.sample import clock, words
from jobs.sample.people import Person
from jobs.sample.talk import Recipe, say
from jobs.sample.threads import channel, reply
from jobs.sample.world import CHAT, FORUM, Post, Thread, World, open_thread, reply_time, someone

ASK = (("wish.open", 1.0), ("wish.why", 0.8), ("wish.end", 0.35))
PLUS = (("wish.plus", 1.0), ("wish.why", 0.3))
SHORT_ASK = (("wish.open", 1.0), ("wish.why", 0.35))
AROUND = (("wish.around", 1.0),)
RIVAL = (("wish.rival", 1.0),)
SHIPPED = (("wish.shipped", 1.0), ("wish.shipmore", 1.0), ("wish.shipmore", 0.5))
KEEP = (("keep.line", 1.0), ("keep.why", 0.8))
KEEP_PLUS = (("keep.plus", 1.0), ("keep.why", 0.25))
GAP = (("gapline", 1.0), ("question.setup", 0.4), ("question.close", 0.3))
GAP_LINES = (
    "{hello}, {gap}?",
    "I have searched the manual without success: {gap}?",
    "As {role} I need to know this: {gap}?",
    "On {os} with {ver}, {gap}?",
    "Has anybody found a page on {what}, or simply, {gap}?",
    "For my {notes} I wonder, {gap}?",
    "Once more the question: {gap}?",
    "With {vault} it matters: {gap}?",
)


GAP_ECHO = (
    "I would like to know that too, because of {vault}.",
    "Following, as {role} I need it too.",
    "No idea either, and I {tried} to find out.",
    "Same question here, for {notes}.",
    "Nobody could tell me on {os} either.",
    "@{to} did you ever find out about {what}?",
)


def askers(
    world: World, count: int, first: datetime, last: datetime
) -> list[tuple[datetime, Person]]:
    """Return `count` different members with the times at which each asks, in order."""
    times = sorted(
        clock.moment(world.rng, 1, clock.day_of(first), clock.day_of(last)) for _ in range(count)
    )
    found: list[tuple[datetime, Person]] = []
    for at in times:
        who = someone(world, at, None, [p for _, p in found], flat=True)
        found.append((at, who))
    return found


def request(world: World, area: str, count: int, shipped: bool) -> None:
    """Plant one feature request asked for by `count` members."""
    rng = world.rng
    table = world.areas[area].request
    first = rng.randint(5, 90)
    last = rng.randint(165, 205) if shipped else rng.randint(180, 268)
    record: dict[str, object] = {
        "key": world.areas[area].request_key,
        "area": area,
        "wanted": table["want"][0],
    }
    threads: list[Thread] = []
    asks: list[Post] = []
    pluses: list[Post] = []
    begin, end = (clock.BEGIN + timedelta(days=d) for d in (first, last))
    for at, person in askers(world, count, begin, end):
        fresh = not threads or rng.random() < 0.42
        if fresh:
            threads.append(wish_thread(world, area, table))
            post = say(
                world,
                threads[-1],
                person,
                at,
                "request",
                moves=SHORT_ASK if threads[-1].chat else ASK,
            )
        else:
            post = plus(world, threads, person, at)
        if post:
            (asks if fresh else pluses).append(post)
    record |= {"asks": asks, "pluses": pluses, "threads": threads}
    record |= asides(world, threads, {p.person.pid for p in (*asks, *pluses)})
    record["shipped"] = ship(world, area, end, asks) if shipped else None
    world.plants["requests"].append(record)


def wish_thread(world: World, area: str, table: words.Table) -> Thread:
    """Return an empty thread for a wish, mostly in the forum's ideas channel."""
    source = FORUM if world.rng.random() < 0.72 else CHAT
    extra = {**world.areas[area].cases[0], **table}
    return open_thread(
        world, source, channel(source, area, "wish"), world.rng.choice(table["title"]), area, extra
    )


def plus(world: World, threads: Sequence[Thread], person: Person, at: datetime) -> Post | None:
    """Append a +1 to the newest thread of the wish that is free at that time."""
    thread = world.rng.choice(threads[-3:])
    at = max(at, thread.posts[-1].at + timedelta(minutes=world.rng.randint(2, 90)))
    return say(world, thread, person, at, "plus", thread.posts[0], PLUS)


def asides(world: World, threads: Sequence[Thread], barred: set[str]) -> dict[str, list[Post]]:
    """Append work-arounds and rival wishes by people who did not ask themselves."""
    rng = world.rng
    found: dict[str, list[Post]] = {"workarounds": [], "rivals": []}
    without = [p for p in world.cast if p.pid in barred]
    for thread in threads:
        for name, moves, chance in (("workarounds", AROUND, 0.5), ("rivals", RIVAL, 0.4)):
            if rng.random() > chance:
                continue
            who = someone(world, thread.posts[-1].at, thread, without)
            post = reply(world, thread, who, name[:-1], thread.posts[0], moves, median=600)
            found[name] += [post] if post else []
    return found


def ship(world: World, area: str, after: datetime, asks: Sequence[Post]) -> Post | None:
    """Announce that a wish has come true, with cheers from some who asked."""
    rng = world.rng
    at = after + timedelta(days=rng.randint(8, 30), hours=rng.randint(9, 15))
    table = world.areas[area].request
    extra = {**world.areas[area].cases[0], **table}
    thread = open_thread(
        world, FORUM, "announcements", f"Now in Larkspur: {table['want'][0]}", area, extra
    )
    first = say(
        world,
        thread,
        rng.choice(world.team),
        at,
        "shipped",
        asks[0],
        SHIPPED,
        {"to": asks[0].person.forum},
    )
    if first:
        first.parent = None
    for post in rng.sample(list(asks), min(len(asks), 4)):
        reply(world, thread, post.person, "cheer", first, (("wish.cheer", 1.0),))
    return first


def all_requests(world: World) -> None:
    """Plant fourteen requests, three of which ship."""
    rng = world.rng
    chosen = rng.sample(sorted(world.areas), 14)
    sizes = [25, 21, 18, 15, 13, 11, 10, 9, 8, 7, 6, 5, 4, 4]
    shipped = set(rng.sample(chosen[:9], 3))
    for area, count in zip(chosen, sizes, strict=True):
        request(world, area, count, area in shipped)


def keepers(world: World) -> None:
    """Plant three requests that something should stay as it is."""
    rng = world.rng
    table = words.table(words.book("wishes")["keepers"])
    for key in rng.sample(sorted(table), 3):
        pools = {**world.areas["theme"].table, "keep": table[key]}
        begin = clock.BEGIN + timedelta(days=rng.randint(10, 80))
        span = begin + timedelta(days=rng.randint(90, 170))
        threads: list[Thread] = []
        posts: list[Post] = []
        for at, person in askers(world, rng.randint(4, 12), begin, span):
            moves: Recipe = KEEP
            if not threads or rng.random() < 0.4:
                threads.append(
                    open_thread(world, FORUM, "ideas", f"Please keep {table[key][0]}", "", pools)
                )
            elif rng.random() < 0.6:
                moves = KEEP_PLUS
            thread = threads[-1]
            when = max([at, *(p.at + timedelta(minutes=5) for p in thread.posts[-1:])])
            parent = thread.posts[0] if thread.posts else None
            made = say(world, thread, person, when, "keep", parent, moves)
            posts += [made] if made else []
        world.plants["negative_requests"].append(
            {"key": key, "keep": table[key][0], "posts": posts, "threads": threads}
        )


def gap(world: World, area: str) -> None:
    """Plant one question that several members ask and nobody answers."""
    rng = world.rng
    found = world.areas[area]
    pools = {**found.cases[0], "gap": found.gap, "gapline": GAP_LINES, "gapecho": GAP_ECHO}
    begin = clock.BEGIN + timedelta(days=rng.randint(5, 60))
    people = askers(world, rng.randint(5, 9), begin, clock.END - timedelta(days=12))
    posts: list[Post] = []
    for at, person in people:
        source = FORUM if rng.random() < 0.75 else CHAT
        title = f"Question about {found.gap_label}"
        thread = open_thread(world, source, channel(source, area, "question"), title, area, pools)
        made = say(world, thread, person, at, "gap", moves=GAP, extra={"what": found.gap_label})
        if made is None:
            continue
        posts.append(made)
        if rng.random() < 0.4:
            who = someone(world, at, thread, (person,))
            at = reply_time(world, thread, who, 900)
            say(
                world,
                thread,
                who,
                at,
                "gap_echo",
                made,
                (("gapecho", 1.0),),
                {"what": found.gap_label},
            )
    world.plants["documentation_gaps"].append(
        {
            "area": area,
            "label": found.gap_label,
            "posts": posts,
            "threads": [p.thread for p in posts],
        }
    )


def all_gaps(world: World) -> None:
    """Plant six unanswered questions."""
    rng = world.rng
    for area in rng.sample([k for k, a in sorted(world.areas.items()) if a.gap], 6):
        gap(world, area)
