"""Everyday threads: questions, bug reports, talk, debates and small talk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from jobs.sample import clock, grammar, words
from jobs.sample.grammar import Scene, stems
from jobs.sample.people import Person
from jobs.sample.talk import Recipe, say
from jobs.sample.world import (
    CHAT,
    FORUM,
    Post,
    Thread,
    World,
    busy,
    open_thread,
    reply_time,
    someone,
)

CHANNELS = {"mobile": "mobile", "plugins": "plugins"}
KINDS = (
    ("question", 46),
    ("howto", 12),
    ("bug", 12),
    ("praise", 5),
    ("gripe", 8),
    ("tip", 8),
    ("debate", 9),
)


def channel(source: str, area: str, act: str) -> str:
    """Return the channel in which such a thread belongs."""
    if source == CHAT:
        return CHANNELS.get(area, "general" if act in {"praise", "tip", "debate"} else "support")
    shelves = {
        "tip": "show-and-tell",
        "praise": "show-and-tell",
        "debate": "ideas",
        "gripe": "help",
        "wish": "ideas",
    }
    return shelves.get(act, "help")


def case_thread(world: World, source: str, area: str, act: str, at: datetime) -> Thread:
    """Return an empty thread about one case of an area."""
    rng = world.rng
    case = rng.choice(world.areas[area].cases)
    title = rng.choice(case["title"])
    if act != "howto" and rng.random() < 0.25 and title[-1] != "?":
        tail = rng.choice(("since {ver}", "any ideas?", "help needed", "also in {ver}"))
        title = f"{title}, {tail.format(ver=clock.version(at))}"
    extra = dict(case)
    if act == "howto":
        goal, extra = aim(world, area)
        title = f"{rng.choice(('How can I', 'Best way to', 'How to'))} {goal}"
        title += "?" if title.startswith("How can") else ""
    return open_thread(
        world, source, channel(source, area, act), title, area, extra, numbered=False
    )


def aim(world: World, area: str) -> tuple[str, dict[str, words.Lines]]:
    """Return something one may want to do, and pools with the case that is closest to it."""
    rng = world.rng
    found = world.areas[area]

    def near(pair: tuple[str, words.Table]) -> int:
        texts = " ".join(line for pool in pair[1].values() for line in pool)
        return len(stems(pair[0]) & stems(texts))

    pairs = [(goal, case) for goal in found.table["goal"] for case in found.cases]
    best = sorted(pairs, key=near, reverse=True)[:7]
    goal, case = rng.choice(best)
    goal = grammar.expand(goal, Scene(rng, words.frames()))
    return goal, {**case, "goal": (goal,)}


def talk_thread(world: World, source: str, area: str, act: str) -> Thread:
    """Return an empty thread for talk about an area, with a debate title where it is one."""
    rng = world.rng
    found = world.areas[area]
    heads = {
        "praise": ("A kind word about {topic}", "{topic}: well done", "Happy with {topic}"),
        "gripe": ("Fed up with {topic}", "Worn out by {topic}", "My trouble with {topic}"),
        "tip": ("How I use {topic}", "A small habit for {topic}", "My routine with {topic}"),
        "debate": found.table["debate"],
    }
    title = grammar.clean(grammar.expand(rng.choice(heads[act]), Scene(rng, found.table)))
    case = rng.choice(found.cases)
    return open_thread(world, source, channel(source, area, act), title, area, case)


def sides(thread: Thread, person: Person) -> None:
    """Point the pools `mine` and `yours` at a person's side of the area's debate."""
    own, other = ("pro", "con") if sum(map(ord, person.pid)) % 2 else ("con", "pro")
    thread.pools["mine"] = thread.pools[own]
    thread.pools["yours"] = thread.pools[other]


def reply(
    world: World,
    thread: Thread,
    person: Person,
    act: str,
    parent: Post | None = None,
    moves: Recipe | None = None,
    median: float = 0.0,
) -> Post | None:
    """Append a reply at a natural distance and return it; None after the archive's end."""
    parent = parent or thread.posts[-1]
    if act in {"opinion", "agree", "differ"}:
        sides(thread, person)
    at = reply_time(world, thread, person, median)
    return say(world, thread, person, at, act, parent, moves)


def answerer(world: World, thread: Thread, at: datetime, asker: Person) -> Person:
    """Return who answers: often one of the area's experts."""
    experts = [p for p in world.experts[thread.area] if p.pid != asker.pid and p.joined < at]
    if experts and world.rng.random() < 0.58:
        return world.rng.choice(experts)
    return someone(world, at, thread, (asker,))


def question(world: World, thread: Thread, asker: Person, at: datetime, act: str) -> None:
    """Fill a thread with a question and what follows it, sometimes up to an accepted answer."""
    rng = world.rng
    first = say(world, thread, asker, at, act)
    if first is None or rng.random() < 0.09:
        return
    if rng.random() < 0.35:
        other = someone(world, at, thread, (asker,))
        reply(world, thread, other, rng.choice(("metoo", "guess")), first)
    answers = [
        p
        for p in (
            one_answer(world, thread, asker, first) for _ in range(rng.choice((1, 1, 1, 2, 2, 3)))
        )
        if p
    ]
    if answers and rng.random() < 0.74:
        settle(world, thread, asker, answers)
    tail(world, thread, asker)


def one_answer(world: World, thread: Thread, asker: Person, first: Post) -> Post | None:
    """Append one answer, maybe with a question back and a second try; return the last one."""
    rng = world.rng
    helper = answerer(world, thread, first.at, asker)
    found = reply(world, thread, helper, "answer", first)
    if found and rng.random() < 0.3:
        back = reply(world, thread, asker, "follow", found)
        if back and rng.random() < 0.75:
            found = reply(world, thread, helper, "answer", back) or found
    return found


def settle(world: World, thread: Thread, asker: Person, answers: Sequence[Post]) -> None:
    """Let the asker thank for one answer and, in the forum, accept it."""
    rng = world.rng
    expert = [p for p in answers if p.person in world.experts[thread.area]]
    best = rng.choice(expert or list(answers))
    thanks = reply(world, thread, asker, "thanks", best, median=0 if thread.chat else 300)
    if thanks is None:
        return
    if not thread.chat and rng.random() < 0.94:
        thread.accepted = best
    if rng.random() < 0.3:
        reply(world, thread, best.person, "welcome", thanks)


def tail(world: World, thread: Thread, asker: Person) -> None:
    """Append late echoes to some threads and many of them to a few."""
    rng = world.rng
    roll = rng.random()
    count = rng.randint(8, 24) if roll < 0.025 else rng.choice((0, 0, 0, 1, 1, 2))
    for _ in range(count):
        last = thread.posts[-1]
        who = someone(world, last.at, thread, (asker, last.person))
        act = rng.choices(("metoo", "react", "follow", "answer"), (3, 3, 2, 2))[0]
        reply(
            world, thread, who, act, rng.choice(thread.posts[-3:]), median=0 if thread.chat else 700
        )


def chatter(world: World, thread: Thread, starter: Person, at: datetime, act: str) -> None:
    """Fill a thread with praise, complaint or a tip and the reactions to it."""
    rng = world.rng
    say(world, thread, starter, at, act)
    size = min(int(rng.expovariate(1 / 3.2)), 18)
    for _ in range(size if thread.posts else 0):
        last = thread.posts[-1]
        who = someone(world, last.at, thread, (last.person,))
        acts = ("react", "react", "react", "praise" if act == "praise" else act)
        reply(world, thread, who, rng.choice(acts), rng.choice(thread.posts[-4:]))


def debate(world: World, thread: Thread, starter: Person, at: datetime) -> None:
    """Fill a thread with a civil exchange of opinions, of up to forty posts."""
    rng = world.rng
    sides(thread, starter)
    say(world, thread, starter, at, "opinion")
    size = rng.randint(22, 39) if rng.random() < 0.06 else 2 + int(rng.expovariate(1 / 5))
    for _ in range(min(size, 39) if thread.posts else 0):
        last = thread.posts[-1]
        who = someone(world, last.at, thread, (last.person,))
        same = sum(map(ord, who.pid)) % 2 == sum(map(ord, last.person.pid)) % 2
        act = rng.choice(("agree", "opinion", "react") if same else ("differ", "differ", "react"))
        reply(world, thread, who, act, last)


def everyday(
    world: World,
    area: str,
    at: datetime | None = None,
    starter: Person | None = None,
    source: str = "",
) -> Thread:
    """Add one ordinary thread about an area and return it."""
    rng = world.rng
    act = rng.choices([k for k, _ in KINDS], [w for _, w in KINDS])[0]
    if starter is not None:
        act = rng.choice(("question", "question", "howto"))
    source = source or (FORUM if rng.random() < 0.56 else CHAT)
    rough = at or clock.moment(rng, rng.choice((0, 1, 1, 2, -5)))
    while at is None and busy(world, area, rough):
        rough = clock.moment(rng, 1)
    if act in {"question", "howto", "bug"}:
        thread = case_thread(world, source, area, act, rough)
    else:
        thread = talk_thread(world, source, area, act)
    who = starter or someone(world, rough, thread)
    if act == "debate":
        debate(world, thread, who, rough)
    elif act in {"question", "howto", "bug"}:
        question(world, thread, who, rough, act)
    else:
        chatter(world, thread, who, rough, act)
    return thread


def small_talk(world: World) -> None:
    """Add one thread that has nothing to do with the product."""
    rng = world.rng
    subjects = words.social()
    subject = rng.choice(sorted(subjects))
    source, room = rng.choice(((FORUM, "off-topic"), (CHAT, "random")))
    pools = dict(subjects[subject])
    thread = open_thread(world, source, room, rng.choice(pools["title"]), "", pools)
    at = clock.moment(rng, 1)
    who = someone(world, at, thread)
    say(world, thread, who, at, "smalltalk", moves=(("open", 1.0),))
    for _ in range(min(int(rng.expovariate(1 / 6)), 39) if thread.posts else 0):
        last = thread.posts[-1]
        who = someone(world, last.at, thread, (last.person,))
        reply(world, thread, who, "smalltalk", last, moves=(("reply", 1.0), ("reply", 0.15)))


def last_call(world: World) -> None:
    """Give everybody who has not written yet one late reply somewhere."""
    spoke = {post.person.pid for thread in world.threads for post in thread.posts}
    calm = [
        t
        for t in world.threads
        if t.area in world.areas
        and len(t.posts) > 2
        and t.posts[-1].at < clock.END - timedelta(days=20)
    ]
    for person in world.members:
        if person.pid in spoke:
            continue
        fit = [t for t in calm if t.posts[-1].at > person.joined]
        thread = world.rng.choice(fit or calm)
        reply(world, thread, person, "metoo", thread.posts[0])
