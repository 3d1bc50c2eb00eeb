"""Larkspur itself: `generate(seed)` returns the archive, its events and the truth about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from jobs.sample import (
    arrivals,
    bursts,
    clock,
    deals,
    market,
    quarrels,
    team,
    threads,
    wishes,
    words,
)
from jobs.sample import truth as plants
from jobs.sample.deals import Event
from jobs.sample.people import FOUNDERS, Person, cast
from jobs.sample.talk import say
from jobs.sample.world import CHAT, FORUM, Post, World, open_thread

Row = Mapping[str, Any]
HOT = 470
COOL = (70, 170)
SMALL = 430


@dataclass(frozen=True)
class Community:
    """One Larkspur: rows ready to be written, and the truth about them."""

    messages: tuple[Row, ...]
    events: tuple[Row, ...]
    accounts: tuple[Row, ...]
    truth: Row


def found(seed: int) -> World:
    """Return a world without posts: its people, areas, experts and busy areas."""
    rng = Random(f"larkspur-{seed}")
    areas = {area.key: area for area in words.areas()}
    keys = sorted(areas)
    crowd = cast(rng, keys)
    hot = rng.sample(keys, rng.choice((6, 7, 7, 8)))
    return World(rng, crowd, areas, hot, experts(rng, crowd, keys))


def experts(rng: Random, crowd: Sequence[Person], keys: Sequence[str]) -> dict[str, list[Person]]:
    """Return one or two experts for each area, drawn from the early members."""
    pool = [p for p in crowd[:FOUNDERS] if p.role in {"regular", "champion"}]
    wise = rng.sample(pool, 30)
    return {key: rng.sample(wise, rng.choice((1, 2))) for key in keys}


def drift(world: World) -> None:
    """Let the members at risk say that they are losing patience before they write less."""
    rng = world.rng
    for person in [p for p in world.members if p.role == "at_risk" and p.until]:
        for _ in range(rng.randint(1, 3)):
            area = rng.choice(person.areas)
            last = clock.day_of(person.until or clock.END)
            at = clock.moment(rng, person.zone, last - 30, last - 1)
            source = rng.choice((FORUM, CHAT))
            thread = open_thread(
                world,
                source,
                threads.channel(source, area, "gripe"),
                f"Losing patience with {world.areas[area].table['topic'][0]}",
                area,
                rng.choice(world.areas[area].cases),
            )
            say(world, thread, person, at, "drift", moves=(("drift.tired", 1.0),))
            if rng.random() < 0.4 and thread.posts:
                who = rng.choice(world.team)
                threads.reply(world, thread, who, "staff", None, (("staff.sorry", 1.0),))


def background(world: World) -> None:
    """Fill every area up to its share with ordinary threads, and add small talk."""
    rng = world.rng
    for area in sorted(world.areas):
        share = HOT + rng.randint(-25, 60) if area in world.hot else rng.randint(*COOL)
        while world.counts[area] < share:
            threads.everyday(world, area)
    goal = world.counts[""] + SMALL
    while world.counts[""] < goal:
        threads.small_talk(world)


def fill(world: World) -> None:
    """Put every plant and all the ordinary life into a world."""
    arrivals.all_arrivals(world)
    bursts.all_bursts(world)
    wishes.all_requests(world)
    wishes.keepers(world)
    wishes.all_gaps(world)
    quarrels.all_quarrels(world)
    market.all_leads(world)
    market.all_polls(world)
    team.announcements(world)
    drift(world)
    background(world)
    bursts.all_brigades(world)
    threads.last_call(world)
    team.team_replies(world)
    team.notes(world)
    team.staff_room(world)
    team.reactions(world)


def number(world: World) -> list[Post]:
    """Return all posts in order of time, with ids given to them and to their threads."""
    world.threads = [t for t in world.threads if t.posts]
    posts = sorted(
        (p for t in world.threads for p in t.posts),
        key=lambda p: (p.at, p.thread.source, p.person.pid),
    )
    for i, thread in enumerate(sorted(world.threads, key=lambda t: (t.posts[0].at, t.title))):
        thread.id = f"{'ct' if thread.chat else 'ft'}{i + 1:05d}"
    for i, post in enumerate(posts):
        post.id = f"{'c' if post.thread.chat else 'f'}{i + 1:06d}"
    return posts


def message(post: Post) -> Row:
    """Return one post as a row of `messages.jsonl`."""
    thread, person = post.thread, post.person
    row: dict[str, Any] = {
        "id": post.id,
        "thread_id": thread.id,
        "thread_title": thread.title,
        "channel": thread.channel,
        "author": person.handle(thread.source),
        "created_at": clock.stamp(post.at),
        "parent_id": post.parent.id if post.parent else None,
        "text": post.text,
    }
    if post.reactions:
        row["reactions"] = [{"name": name, "authors": who} for name, who in post.reactions]
    if thread.accepted and post is thread.posts[0]:
        row["accepted_answer_id"] = thread.accepted.id
    if not thread.chat:
        row["url"] = f"https://forum.larkspur.example/t/{thread.id}/{post.id}"
    row["source"] = thread.source
    row |= {"visibility": "private"} if thread.private else {}
    row |= {"is_bot": True} if person.role == "bot" else {}
    row |= {"is_staff": True} if person.staff else {}
    return row


def event(eid: str, one: Event) -> Row:
    """Return one event as a row of `events.jsonl`, without the fields it does not have."""
    row: dict[str, Any] = {
        "id": eid,
        "kind": one.kind,
        "member": one.member,
        "source": one.source,
        "account": one.account,
        "occurred_at": clock.stamp(one.at),
        "amount": one.amount,
        "data": dict(one.data),
    }
    return {key: value for key, value in row.items() if value not in ("", None, {})}


def generate(seed: int = 7) -> Community:
    """Return the Larkspur of a seed; the same seed always gives the same one."""
    world = found(seed)
    fill(world)
    posts = number(world)
    rows = deals.accounts(world)
    happened = [(f"e{i + 1:06d}", one) for i, one in enumerate(deals.events(world, rows))]
    return Community(
        messages=tuple(message(post) for post in posts),
        events=tuple(event(eid, one) for eid, one in happened),
        accounts=tuple(asdict(row) for row in rows),
        truth=plants.truth(world, happened, seed),
    )
