"""Companies on the way to buying, and polls."""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs.sample import clock, words
from jobs.sample.people import Person
from jobs.sample.talk import Recipe, say
from jobs.sample.threads import reply
from jobs.sample.world import CHAT, FORUM, Post, Thread, World, open_thread, someone

PLANS = ("Team", "Business", "Campus")
LEADS: dict[str, Recipe] = {
    "price": (("lead.price", 1.0), ("lead.extra", 0.5)),
    "compare": (("lead.compare", 1.0), ("lead.extra", 0.5)),
    "plan": (("lead.plan", 1.0), ("lead.extra", 0.4)),
}


def companies(world: World) -> dict[str, list[Person]]:
    """Return the members of each account, by domain."""
    found: dict[str, list[Person]] = {}
    for person in world.members:
        if person.account:
            found.setdefault(person.account, []).append(person)
    return dict(sorted(found.items()))


def company_name(domain: str) -> str:
    """Return the display name that belongs to an account's domain."""
    return domain.removesuffix(".example").replace("-", " ").title()


def lead(world: World, domain: str, person: Person, buys: bool) -> None:
    """Plant the buying signals of one account, up to the purchase for some."""
    rng = world.rng
    begin = max(clock.day_of(person.since or person.joined) + 2, 8)
    at = clock.moment(rng, person.zone, begin, max(begin + 1, 190))
    settled = {"company": company_name(domain), "plan": rng.choice(PLANS)}
    posts: list[Post] = []
    for kind in rng.sample(sorted(LEADS), rng.randint(1, 3)):
        made = lead_post(world, person, at + timedelta(days=9 * len(posts)), kind, settled)
        posts += [made] if made else []
    bought = at + timedelta(days=9 * len(posts) + rng.randint(6, 25)) if buys else None
    if buys and posts and bought:
        done = reply_later(world, posts[-1].thread, person, bought, settled)
        bought = done.at if done else bought
    world.plants["leads"].append(
        {
            "person": person.pid,
            "account": domain,
            "posts": posts,
            "plan": settled["plan"],
            "bought_at": clock.stamp(bought) if bought else None,
        }
    )


def lead_post(
    world: World, person: Person, at: datetime, kind: str, settled: dict[str, str]
) -> Post | None:
    """Append one buying signal in a thread of its own, with an answer or two."""
    rng = world.rng
    area = rng.choice([key for key in person.areas if key != "billing"])
    source, room = rng.choice(((FORUM, "help"), (FORUM, "help"), (CHAT, "general")))
    case = rng.choice(world.areas[area].cases)
    title = {
        "price": f"Price of the {settled['plan']} plan",
        "plan": "Introducing Larkspur",
        "compare": "Comparing before we decide",
    }[kind] + f" at {settled['company']}"
    thread = open_thread(world, source, room, title, area, case)
    first = say(world, thread, person, at, "lead", moves=LEADS[kind], extra=settled)
    if first and rng.random() < 0.75:
        at = first.at + timedelta(minutes=rng.randint(9, 900))
        say(
            world,
            thread,
            rng.choice(world.team),
            at,
            "staff",
            first,
            (("lead.staff", 1.0),),
            settled,
        )
    if first and rng.random() < 0.6:
        reply(
            world,
            thread,
            someone(world, at, thread, (person,)),
            "peer",
            first,
            (("lead.peer", 1.0),),
        )
    return first


def reply_later(
    world: World, thread: Thread, person: Person, at: datetime, settled: dict[str, str]
) -> Post | None:
    """Append the news of a purchase to the thread in which it was prepared."""
    at = max(at, thread.posts[-1].at + timedelta(hours=1))
    return say(world, thread, person, at, "bought", None, (("lead.bought", 1.0),), settled)


def all_leads(world: World) -> None:
    """Plant fourteen leads, nine of which buy."""
    rng = world.rng
    steady = {d: [p for p in people if not p.until] for d, people in companies(world).items()}
    early = clock.BEGIN + timedelta(days=170)
    fit = [d for d, people in steady.items() if any(p.joined < early for p in people)]
    for i, domain in enumerate(rng.sample(fit, min(14, len(fit)))):
        person = rng.choice([p for p in steady[domain] if p.joined < early])
        lead(world, domain, person, i < 9)


def poll(world: World, name: str) -> None:
    """Plant one poll with its votes."""
    rng = world.rng
    question, *options = words.table(words.book("trade")["polls"])[name]
    at = clock.moment(rng, 1, 6, clock.DAYS - 14)
    thread = open_thread(
        world, FORUM, rng.choice(("off-topic", "announcements")), f"Poll: {question}", ""
    )
    starter = someone(world, at, thread, flat=True)
    first = say(
        world,
        thread,
        starter,
        at,
        "poll",
        moves=(("poll.lead", 1.0),),
        extra={"q": question},
        plain=True,
    )
    if first is None:
        return
    letters = "ABCD"[: len(options)]
    listed = "\n".join(f"- {x}) {option}" for x, option in zip(letters, options, strict=True))
    first.text += "\n\n" + listed
    world.ledger.take(listed)
    tally = dict.fromkeys(letters, 0)
    bias = [rng.random() + 0.1 for _ in letters]
    for _ in range(rng.randint(7, 19)):
        letter = rng.choices(letters, bias)[0]
        voter = someone(world, thread.posts[-1].at, thread, [p.person for p in thread.posts])
        vote = say(
            world,
            thread,
            voter,
            thread.posts[-1].at + timedelta(minutes=rng.lognormvariate(4.2, 1)),
            "vote",
            first,
            (("poll.vote", 1.0),),
            {"letter": letter},
        )
        tally[letter] += 1 if vote else 0
    world.plants["polls"].append(
        {
            "thread": thread,
            "post": first,
            "question": question,
            "options": dict(zip(letters, options, strict=True)),
            "tally": tally,
        }
    )


def all_polls(world: World) -> None:
    """Plant eight polls."""
    names = sorted(words.table(words.book("trade")["polls"]))
    for name in world.rng.sample(names, 8):
        poll(world, name)
