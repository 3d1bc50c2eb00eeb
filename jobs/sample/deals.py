"""Accounts and the events around the posts: sign-ups, meetings, money and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from jobs.sample import clock
from jobs.sample.market import companies, company_name
from jobs.sample.people import Person
from jobs.sample.world import CHAT, FORUM, World

SEAT = {"Team": 84, "Business": 132, "Campus": 48}


@dataclass(frozen=True)
class Event:
    """One thing that happened, with its amount in euros where there is one."""

    kind: str
    at: datetime
    member: str = ""
    source: str = FORUM
    account: str = ""
    amount: float | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Account:
    """One customer or prospect; the annual value is in euros."""

    domain: str
    name: str
    plan: str
    annual_value: int


def by(
    person: Person, kind: str, at: datetime, amount: float | None = None, **data: object
) -> Event:
    """Return an event of a member in the source where the member writes more."""
    source = FORUM if person.lean >= 0.4 else CHAT
    return Event(kind, at, person.handle(source), source, person.account, amount, data)


def accounts(world: World) -> list[Account]:
    """Return every account; those that never bought are on the free plan."""
    rng = world.rng
    wanted = {p["account"]: p for p in world.plants["leads"]}
    found = []
    for domain in companies(world):
        planned = wanted.get(domain)
        plan = str(planned["plan"]) if planned else rng.choice(("Team", "Business", "Campus"))
        paid = planned is None or planned["bought_at"] is not None
        seats = rng.randint(6, 90)
        found.append(
            Account(
                domain,
                company_name(domain),
                plan if paid else "Free",
                seats * SEAT[plan] if paid else 0,
            )
        )
    return found


def joins(world: World) -> list[Event]:
    """Return the joined events: one for each source a person has written in."""
    first: dict[tuple[str, str], tuple[datetime, Person]] = {}
    for thread in world.threads:
        for post in thread.posts:
            key = (post.person.pid, thread.source)
            if key not in first or post.at < first[key][0]:
                first[key] = (post.at, post.person)
    found = []
    seen: set[str] = set()
    for (pid, source), (at, person) in sorted(first.items(), key=lambda kv: (kv[1][0], kv[0])):
        if person.role == "bot":
            continue
        when = (
            person.joined
            if pid not in seen
            else max(person.joined, at - timedelta(hours=world.rng.randint(1, 40)))
        )
        seen.add(pid)
        found.append(Event("joined", min(when, at), person.handle(source), source, person.account))
    return found


def referrals(world: World) -> list[Event]:
    """Return invited and referred events for the planted referrals, and a few idle invitations."""
    rng = world.rng
    people = {p.pid: p for p in world.cast}
    found = []
    for plant in world.plants["referrals"]:
        host, guest = people[str(plant["referrer"])], people[str(plant["referred"])]
        source = str(plant["source"])
        invited = datetime.fromisoformat(str(plant["invited_at"]))
        data = {"invitee": guest.handle(source)}
        found.append(
            Event("invited", invited, host.handle(source), source, host.account, data=data)
        )
        found.append(
            Event(
                "referred",
                guest.joined + timedelta(minutes=4),
                host.handle(source),
                source,
                host.account,
                data={"referred": guest.handle(source)},
            )
        )
    for _ in range(15):
        host = rng.choice(settled(world))
        found.append(by(host, "invited", clock.moment(rng, 1), accepted=False))
    return found


def settled(world: World) -> list[Person]:
    """Return the members who were there before the archive begins and have not gone."""
    return [p for p in world.members if p.joined < clock.BEGIN and not p.until]


def after(rng: Random, person: Person) -> datetime:
    """Return a random time at which a member was around."""
    first = max(0, clock.day_of(person.since or person.joined) + 1)
    last = clock.day_of(person.until) if person.until else clock.DAYS - 1
    return clock.moment(rng, person.zone, first, max(first, last))


def usage(world: World) -> list[Event]:
    """Return signed_up and activated events of the product for most who joined in the archive."""
    rng = world.rng
    found = []
    for person in world.members:
        if person.joined < clock.BEGIN or rng.random() < 0.25:
            continue
        at = person.joined - timedelta(days=rng.choice((-2, 0, 0, 1, 3)), minutes=50)
        at = max(at, clock.BEGIN + timedelta(minutes=rng.randint(1, 900)))
        found.append(by(person, "signed_up", at, plan="Free"))
        if rng.random() < (0.9 if not person.until else 0.35):
            then = at + timedelta(hours=rng.randint(2, 200))
            found.append(by(person, "activated", min(then, clock.END), notes=rng.randint(5, 60)))
    return found


def meetings(world: World) -> list[Event]:
    """Return hosted, attended and cost events of nine monthly community hours."""
    rng = world.rng
    champions = [p for p in world.members if p.role == "champion"]
    found = []
    for month in range(9):
        at = clock.BEGIN + timedelta(days=30 * month + 17, hours=17)
        name = f"Community hour, {at:%B %Y}"
        host = rng.choice(champions)
        found.append(by(host, "hosted", at, event=name))
        pool = [p for p in world.members if p.joined < at and not (p.until and p.until < at)]
        guests = {
            p.pid: p
            for p in rng.choices(pool, [p.weight**0.5 for p in pool], k=rng.randint(14, 30))
            if p.pid != host.pid
        }
        found += [
            by(p, "attended", at + timedelta(minutes=rng.randint(0, 12)), event=name)
            for p in guests.values()
        ]
        for what, low, high in (("speaker", 80, 240), ("tools", 30, 95), ("gifts", 40, 300)):
            found.append(
                Event(
                    "cost",
                    at - timedelta(days=2),
                    amount=float(rng.randint(low, high)),
                    data={"for": name, "what": what, "currency": "EUR"},
                )
            )
    return found


def habits(world: World) -> list[Event]:
    """Return tickets, views, surveys, certificates, advocacy and outside mentions."""
    rng = world.rng
    keys = sorted(world.areas)
    people = world.members
    weights = [p.weight**0.6 for p in people]
    found = []
    for kind, count in (("viewed", 620), ("survey_answered", 130), ("ticket_opened", 95)):
        for person in rng.choices(people, weights, k=count):
            found.append(
                by(person, kind, after(rng, person), None, **detail(rng, kind, person, keys))
            )
    champions = [p for p in people if p.role == "champion"]
    for person in rng.choices(champions, k=16):
        form = rng.choice(("case study", "talk", "review", "podcast"))
        found.append(by(person, "advocacy", after(rng, person), form=form))
    for person in rng.sample(settled(world), 18):
        found.append(by(person, "certified", after(rng, person), course="Larkspur in practice"))
    for _ in range(24):
        where = f"https://{rng.choice(('paperpost', 'notesweekly', 'inkroom'))}.example"
        found.append(
            Event(
                "mentioned",
                clock.moment(rng, 1),
                data={
                    "where": f"{where}/{rng.randint(100, 999)}",
                    "reach": rng.randint(200, 40000),
                },
            )
        )
    return found


def detail(rng: Random, kind: str, person: Person, keys: list[str]) -> dict[str, object]:
    """Return the data of a view, a survey answer or a ticket."""
    area = rng.choice(person.areas or tuple(keys))
    if kind == "viewed":
        return {"page": f"https://docs.larkspur.example/{area}", "area": area}
    if kind == "survey_answered":
        base = {"champion": 9, "at_risk": 4, "silent": 5}.get(person.role, 7)
        return {"question": "nps", "score": min(10, max(0, base + rng.randint(-2, 2)))}
    return {"area": area, "priority": rng.choice(("low", "normal", "high"))}


def money(world: World, rows: list[Account]) -> list[Event]:
    """Return opportunities, purchases, renewals and changes of every paying account."""
    staffed = companies(world)
    leads = {p["account"]: p for p in world.plants["leads"]}
    found: list[Event] = []
    for row in rows:
        plant = leads.get(row.domain)
        if plant:
            found += deal(world, row, plant)
        else:
            found += course(world, row, staffed[row.domain])
    for person in world.rng.sample(settled(world), 22):
        found.append(by(person, "purchased", after(world.rng, person), 48.0, plan="Personal"))
    return found


def deal(world: World, row: Account, plant: dict[str, object]) -> list[Event]:
    """Return the events of an account that asked about prices within the archive."""
    rng = world.rng
    people = {p.pid: p for p in world.cast}
    person = people[str(plant["person"])]
    posts = plant["posts"]
    assert isinstance(posts, list)
    opened = posts[0].at + timedelta(days=1, hours=rng.randint(1, 30))
    hoped = float(row.annual_value or rng.randint(10, 60) * 84)
    bought = plant["bought_at"]
    stage = "won" if bought else rng.choice(("open", "lost"))
    found = [by(person, "opportunity", min(opened, clock.END), hoped, stage=stage)]
    if bought:
        found.append(
            by(
                person,
                "purchased",
                datetime.fromisoformat(str(bought)),
                hoped,
                plan=row.plan,
                currency="EUR",
            )
        )
    return found


def course(world: World, row: Account, people: list[Person]) -> list[Event]:
    """Return how an older account goes on: leavers lead to churn, regulars to expansion."""
    rng = world.rng
    person = max(people, key=lambda p: p.weight)
    gone = any(p.role in {"at_risk", "silent"} for p in people)
    kind = rng.choice(("churned", "contracted") if gone else ("renewed", "renewed", "expanded"))
    first = clock.day_of(person.until) + 15 if gone and person.until else 40
    at = clock.moment(rng, 1, min(first, clock.DAYS - 6), clock.DAYS - 2)
    value = float(row.annual_value)
    share = {"churned": 1.0, "contracted": 0.3, "expanded": 0.4, "renewed": 1.0}[kind]
    found = [by(person, kind, at, round(value * share), currency="EUR")]
    if kind == "expanded":
        found.append(by(person, "renewed", at + timedelta(minutes=5), value, currency="EUR"))
    return found


def ensure(world: World, found: list[Event], rows: list[Account]) -> list[Event]:
    """Return the events with one churned and one contracted account each, if chance left none."""
    kinds = {e.kind for e in found}
    paying = [r for r in rows if r.annual_value and r.domain in companies(world)]
    for kind in ("churned", "contracted", "expanded", "renewed"):
        if kind not in kinds:
            row = world.rng.choice(paying)
            person = companies(world)[row.domain][0]
            found.append(
                by(
                    person,
                    kind,
                    clock.moment(world.rng, 1, 200),
                    round(row.annual_value * 0.4),
                    currency="EUR",
                )
            )
    return found


def events(world: World, rows: list[Account]) -> list[Event]:
    """Return every event, oldest first."""
    found = [
        *joins(world),
        *referrals(world),
        *usage(world),
        *meetings(world),
        *habits(world),
        *money(world, rows),
    ]
    found = ensure(world, found, rows)
    return sorted(found, key=lambda e: (e.at, e.kind, e.source, e.member))
