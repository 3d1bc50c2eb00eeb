"""First threads of new members, and referrals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from jobs.sample import clock
from jobs.sample.people import Person
from jobs.sample.talk import say
from jobs.sample.threads import everyday, reply
from jobs.sample.world import CHAT, FORUM, Thread, World, open_thread, someone

INTRO = (("intro.hello", 1.0), ("intro.ask", 0.75))
GREET = (("intro.greet", 1.0),)
STORY = (("refer.story", 1.0),)
REPLY = (("refer.reply", 1.0),)


@dataclass(frozen=True)
class Arrival:
    """How one new member starts: met coldly, brought by a friend or neither."""

    person: Person
    cold: bool
    guest: bool


def all_arrivals(world: World) -> None:
    """Give each member who joins within the archive a first thread, in order of joining."""
    rng = world.rng
    fresh = [p for p in world.members if p.joined >= clock.BEGIN]
    early = [p for p in fresh if p.joined < clock.END - timedelta(days=25)]
    picked = rng.sample(early, 30)
    cold, guests = {p.pid for p in picked[:16]}, {p.pid for p in picked[16:]}
    plans = [plan(world, p, p.pid in cold, p.pid in guests) for p in fresh]
    for one in plans:
        arrive(world, one)


def plan(world: World, person: Person, cold: bool, guest: bool) -> Arrival:
    """Return a member's arrival, with the cast knowing when they begin and whether they stay."""
    rng = world.rng
    stays = rng.random() < (0.18 if cold else 0.72)
    weight = max(person.weight, rng.uniform(2.0, 5.0)) if stays else min(person.weight, 1.2)
    since = person.joined + timedelta(hours=rng.randint(2, 60), minutes=rng.randint(2, 59))
    until = None if stays else since + timedelta(days=rng.randint(3, 16))
    now = replace(person, since=since, until=until, weight=weight)
    world.cast[next(i for i, p in enumerate(world.cast) if p.pid == person.pid)] = now
    return Arrival(now, cold, guest)


def arrive(world: World, arrival: Arrival) -> None:
    """Plant one member's first thread."""
    person = arrival.person
    since = person.since or person.joined
    if arrival.guest:
        refer(world, person)
    elif arrival.cold or world.rng.random() < 0.35:
        thread = introduce(world, person, greeted=not arrival.cold)
        if arrival.cold:
            world.plants["cold"].append({"person": person.pid, "post": thread.posts[0]})
    else:
        area = world.rng.choice(person.areas)
        source = FORUM if world.rng.random() < person.lean else CHAT
        everyday(world, area, since, person, source)


def introduce(world: World, person: Person, greeted: bool) -> Thread:
    """Return a thread in which somebody introduces themselves, greeted by others or not."""
    rng = world.rng
    area = rng.choice(person.areas)
    source, room = rng.choice(((FORUM, "help"), (FORUM, "off-topic"), (CHAT, "general")))
    title = rng.choice(
        (
            "Hello from a newcomer",
            "New here",
            "Introducing myself",
            "First steps with Larkspur",
            "Moving in",
        )
    )
    thread = open_thread(
        world,
        source,
        room,
        f"{title} ({person.handle(source)})",
        area,
        rng.choice(world.areas[area].cases),
    )
    first = say(world, thread, person, person.since or person.joined, "intro", moves=INTRO)
    if first is None:
        raise RuntimeError("somebody arrives after the end of the archive")
    for _ in range(rng.randint(1, 4) if greeted else 0):
        helper = someone(world, first.at, thread, [p.person for p in thread.posts])
        reply(world, thread, helper, "greet", first, GREET)
    if greeted and len(thread.posts) > 1 and rng.random() < 0.5:
        reply(world, thread, person, "thanks", thread.posts[-1])
    return thread


def refer(world: World, guest: Person) -> None:
    """Plant the arrival of a member whom another one has brought along."""
    rng = world.rng
    area = rng.choice(guest.areas)
    since = guest.since or guest.joined
    source, room = rng.choice(((CHAT, "general"), (FORUM, "off-topic")))
    host = someone(world, since - timedelta(days=20), None, [guest])
    case = rng.choice(world.areas[area].cases)
    title = f"Please welcome {guest.handle(source)}"
    thread = open_thread(world, source, room, title, area, case)
    story = say(
        world,
        thread,
        host,
        since - timedelta(minutes=rng.randint(5, 110)),
        "referral",
        moves=STORY,
        extra={"to": guest.handle(source)},
    )
    if story is None:
        raise RuntimeError("a referral falls after the end of the archive")
    answer = say(world, thread, guest, since, "referred", story, REPLY)
    for _ in range(rng.randint(0, 2)):
        helper = someone(world, since, thread, [host, guest])
        reply(world, thread, helper, "greet", answer, GREET)
    world.plants["referrals"].append(
        {
            "referrer": host.pid,
            "referred": guest.pid,
            "story": story,
            "first_post": answer,
            "invited_at": clock.stamp(guest.joined - timedelta(days=rng.randint(1, 9), hours=3)),
            "joined_at": clock.stamp(guest.joined),
            "source": source,
        }
    )
