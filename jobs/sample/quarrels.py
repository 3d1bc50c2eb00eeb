"""Planted quarrels: some escalate, others calm down."""

from __future__ import annotations

from jobs.sample import clock, grammar
from jobs.sample.grammar import Scene
from jobs.sample.people import Person
from jobs.sample.talk import say
from jobs.sample.threads import reply, sides
from jobs.sample.world import CHAT, FORUM, Post, Thread, World, open_thread, someone

COUNT = 13
HEAT = frozenset({"firm", "sharp", "hostile", "retort", "calm"})
Script = list[tuple[str, str]]


def worse(world: World) -> Script:
    """Return who says what in a quarrel that escalates: a and b quarrel, c looks on."""
    rng = world.rng
    script = [("b", "firm"), ("a", "firm"), ("b", "sharp")]
    script += rng.sample([("a", "sharp"), ("c", "firm"), ("b", "firm")], rng.randint(1, 3))
    script += [("a", "sharp"), ("b", "hostile"), ("a", "retort")]
    script += rng.sample(
        [("b", "hostile"), ("d", "bystander"), ("a", "hostile"), ("c", "retort"), ("b", "retort")],
        rng.randint(2, 5),
    )
    script += [("a", "hostile")] if rng.random() < 0.5 else []
    return script + ([("mod", "moderate")] if rng.random() < 0.75 else [])


def better(world: World) -> Script:
    """Return who says what in a heated thread that calms down again."""
    rng = world.rng
    script = [("b", "firm"), ("a", "sharp"), ("b", "sharp"), ("a", "firm")]
    script += rng.sample([("c", "firm"), ("b", "sharp"), ("a", "sharp")], rng.randint(1, 3))
    turn = rng.choice("abc")
    script += [(turn, "calm"), ("a" if turn == "b" else "b", "accept")]
    script += rng.sample(
        [("c", "settle"), ("a", "settle"), ("b", "calm"), ("d", "settle")], rng.randint(1, 3)
    )
    return [*script, ("a", "settle")]


def opposite(world: World, thread: Thread, first: Person) -> Person:
    """Return an active member on the other side of the debate."""
    at = thread.posts[0].at
    for _ in range(60):
        found = someone(world, at, thread, (first,), flat=True)
        if sum(map(ord, found.pid)) % 2 != sum(map(ord, first.pid)) % 2:
            return found
    return found


def quarrel(world: World, area: str, escalates: bool) -> None:
    """Plant one quarrel in an area."""
    rng = world.rng
    source = FORUM if rng.random() < 0.7 else CHAT
    table = world.areas[area].table
    title = grammar.expand(rng.choice(table["debate"]), Scene(rng, table))
    room = "ideas" if source == FORUM else "general"
    thread = open_thread(world, source, room, title, area, world.areas[area].cases[0])
    at = clock.moment(rng, 1, 4, clock.DAYS - 12)
    roles = {"a": someone(world, at, thread, flat=True)}
    sides(thread, roles["a"])
    say(world, thread, roles["a"], at, "quarrel", moves=(("quarrel.open", 1.0),))
    roles["b"] = opposite(world, thread, roles["a"])
    for name in "cd":
        roles[name] = someone(world, at, thread, roles.values(), flat=True)
    roles["mod"] = rng.choice(world.team)
    posts = act_out(world, thread, roles, worse(world) if escalates else better(world))
    mark = "hostile" if escalates else "calm"
    turn = next((p for p in posts if p.act == mark), None)
    world.plants["escalating" if escalates else "calming"].append(
        {
            "area": area,
            "thread": thread,
            "turning": turn,
            "posts": list(thread.posts),
            "people": sorted({p.person.pid for p in thread.posts}),
        }
    )


def act_out(world: World, thread: Thread, roles: dict[str, Person], script: Script) -> list[Post]:
    """Append the posts of a script and return them."""
    made: list[Post] = []
    for role, move in script:
        person = roles[role]
        sides(thread, person)
        foes = [p for p in thread.posts if p.person.pid != person.pid]
        parent = foes[-1] if foes else thread.posts[0]
        main = roles.get({"a": "b", "b": "a"}.get(role, ""))
        if main and move in HEAT:
            parent = next((p for p in reversed(foes) if p.person.pid == main.pid), parent)
        if move == "moderate":
            parent = next((p for p in reversed(foes) if p.act == "hostile"), parent)
        post = reply(
            world,
            thread,
            person,
            move,
            parent,
            ((f"quarrel.{move}", 1.0),),
            median=5.0 if thread.chat else 35.0,
        )
        made += [post] if post else []
    return made


def all_quarrels(world: World) -> None:
    """Plant thirteen quarrels of each kind."""
    rng = world.rng
    keys = sorted(world.areas)
    for escalates in (True, False):
        for area in rng.sample(keys, COUNT):
            quarrel(world, area, escalates)
