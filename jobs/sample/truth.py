"""What was planted, with the ids under which it can be found again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from jobs.sample import clock
from jobs.sample.deals import Event
from jobs.sample.people import Person
from jobs.sample.world import CHAT, FORUM, Post, Thread, World


def plain(value: Any) -> Any:
    """Return a plant with posts and threads replaced by their ids and people by theirs."""
    if isinstance(value, Post | Thread):
        return value.id
    if isinstance(value, Person):
        return value.pid
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def bursts(world: World) -> list[dict[str, Any]]:
    """Return the bursts with their daily authors and their rate against the area's usual one."""
    plants = world.plants["bursts"]
    days: dict[str, Counter[str]] = defaultdict(Counter)
    for thread in world.threads:
        for post in thread.posts:
            if not thread.private:
                days[thread.area][post.at.date().isoformat()] += 1
    found = []
    for plant in plants:
        authors: dict[str, set[str]] = defaultdict(set)
        posts: Any = plant["posts"]
        for post in posts:
            authors[post.at.date().isoformat()].add(post.person.pid)
        counts = days[str(plant["area"])]
        inside = sum(counts[day] for day in authors)
        usual = (sum(counts.values()) - inside) / (clock.DAYS - len(authors))
        found.append(
            {
                **plain(plant),
                "authors_per_day": {d: len(a) for d, a in authors.items()},
                "usual_per_day": round(usual, 3),
                "ratio": round(inside / len(authors) / usual, 2),
            }
        )
    return found


def timeline(world: World) -> dict[str, list[Post]]:
    """Return every person's posts, oldest first."""
    found: dict[str, list[Post]] = defaultdict(list)
    for thread in world.threads:
        for post in thread.posts:
            if not thread.private:
                found[post.person.pid].append(post)
    return {pid: sorted(posts, key=lambda p: p.at) for pid, posts in found.items()}


def newcomers(world: World, lines: dict[str, list[Post]]) -> list[dict[str, Any]]:
    """Return the members who joined within the archive and how their first post fared."""
    cold = {plant["person"] for plant in world.plants["cold"]}
    found = []
    for person in world.members:
        if person.joined < clock.BEGIN or person.pid not in lines:
            continue
        first = lines[person.pid][0]
        back = [p for p in first.thread.posts if p.at > first.at and p.person.pid != person.pid]
        month = first.at + timedelta(days=30)
        stayed = any(p.at >= month for p in lines[person.pid])
        found.append(
            {
                "person": person.pid,
                "joined_at": clock.stamp(person.joined),
                "first_post": first.id,
                "replied": bool(back),
                "cold_shouldered": person.pid in cold,
                "hours_to_reply": round((back[0].at - first.at) / timedelta(hours=1), 2)
                if back
                else None,
                "stayed": stayed if month + timedelta(days=14) < clock.END else None,
            }
        )
    return found


def experts(world: World) -> list[dict[str, Any]]:
    """Return the experts of each area with the posts of theirs that were accepted."""
    found = []
    for area, people in sorted(world.experts.items()):
        for person in people:
            won = [
                t.accepted.id
                for t in world.threads
                if t.accepted and t.area == area and t.accepted.person.pid == person.pid
            ]
            found.append({"area": area, "person": person.pid, "accepted": sorted(won)})
    return found


def fading(world: World, lines: dict[str, list[Post]], role: str) -> list[dict[str, Any]]:
    """Return the members who write less or no longer, with the time of the change."""
    found = []
    for person in world.members:
        if person.role != role or person.until is None:
            continue
        posts = lines.get(person.pid, [])
        before = sum(1 for p in posts if p.at <= person.until)
        found.append(
            {
                "person": person.pid,
                "since": clock.stamp(person.until),
                "posts_before": before,
                "posts_after": len(posts) - before,
                "last_post": posts[-1].id if posts else None,
                "drift_posts": [p.id for p in posts if p.act == "drift"],
            }
        )
    return found


def people(world: World) -> list[dict[str, Any]]:
    """Return everyone with their handles, role and account."""
    return [
        {
            "person": p.pid,
            "name": p.name,
            "role": p.role,
            "account": p.account or None,
            "joined_at": clock.stamp(p.joined),
            "handles": [{"source": FORUM, "handle": p.forum}, {"source": CHAT, "handle": p.chat}],
        }
        for p in world.cast
    ]


def solved(world: World) -> list[dict[str, Any]]:
    """Return the forum questions with an accepted answer."""
    return [
        {"thread": t.id, "question": t.posts[0].id, "answer": t.accepted.id, "area": t.area}
        for t in world.threads
        if t.accepted
    ]


def purchases(events: Sequence[tuple[str, Event]], world: World) -> list[dict[str, Any]]:
    """Return the purchases of companies with the buying signals that came before."""
    leads = {str(p["account"]): p for p in world.plants["leads"]}
    return [
        {
            "event": eid,
            "account": e.account,
            "amount": e.amount,
            "at": clock.stamp(e.at),
            "lead_posts": plain(leads[e.account]["posts"]),
            "person": leads[e.account]["person"],
        }
        for eid, e in events
        if e.kind == "purchased"
        and e.account in leads
        and leads[e.account]["bought_at"] == clock.stamp(e.at)
    ]


def truth(world: World, events: Sequence[tuple[str, Event]], seed: int) -> dict[str, Any]:
    """Return the whole truth file as plain values."""
    lines = timeline(world)
    simple = (
        "brigades",
        "requests",
        "negative_requests",
        "documentation_gaps",
        "escalating",
        "calming",
        "leads",
        "polls",
        "referrals",
    )
    double = [p for p in world.members if p.forum != p.chat]
    return {
        "seed": seed,
        "begin": clock.stamp(clock.BEGIN),
        "end": clock.stamp(clock.END),
        "areas": {key: area.label for key, area in sorted(world.areas.items())},
        "bursts": bursts(world),
        **{name: plain(world.plants[name]) for name in simple},
        "newcomers": newcomers(world, lines),
        "experts": experts(world),
        "at_risk": fading(world, lines, "at_risk"),
        "silent": fading(world, lines, "silent"),
        "champions": [p.pid for p in world.members if p.role == "champion"],
        "staff": [p.pid for p in world.team],
        "bot": world.bot.pid,
        "solved": solved(world),
        "purchases": purchases(events, world),
        "two_handles": [{"person": p.pid, "forum": p.forum, "chat": p.chat} for p in double],
        "people": people(world),
        "posts": {
            p.id: {"area": t.area or None, "act": p.act, "person": p.person.pid}
            for t in world.threads
            for p in t.posts
            if not t.private
        },
    }
