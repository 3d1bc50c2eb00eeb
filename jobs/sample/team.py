"""The voice of the team and its bot, private posts and everybody's reactions."""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs.sample import clock, words
from jobs.sample.talk import raw, say
from jobs.sample.threads import reply
from jobs.sample.world import CHAT, FORUM, Post, Thread, World, around, open_thread, someone


def announcements(world: World) -> None:
    """Let the team announce things in the forum, with reactions of members."""
    rng = world.rng
    for _ in range(26):
        area = rng.choice(sorted(world.areas))
        at = clock.moment(rng, 1, 3, clock.DAYS - 4)
        topic = world.areas[area].table["topic"][0]
        thread = open_thread(
            world,
            FORUM,
            "announcements",
            f"News about {topic}",
            area,
            rng.choice(world.areas[area].cases),
        )
        say(
            world,
            thread,
            rng.choice(world.team),
            at,
            "announcement",
            moves=(("staff.news", 1.0), ("staff.newsmore", 0.7)),
        )
        for _ in range(rng.randint(0, 3)):
            who = someone(world, at, thread)
            reply(world, thread, who, "newsreply", thread.posts[0], (("staff.newsreply", 1.0),))


def team_replies(world: World) -> None:
    """Let the team step into some threads of the help channels."""
    rng = world.rng
    open_ones = [
        t
        for t in world.threads
        if t.area in world.areas
        and len(t.posts) in {2, 3, 4}
        and t.posts[0].act in {"question", "bug"}
    ]
    for thread in rng.sample(open_ones, 60):
        reply(
            world,
            thread,
            rng.choice(world.team),
            "staff",
            thread.posts[0],
            (("staff.welcome", 1.0),),
            median=400,
        )


def notes(world: World) -> None:
    """Let the bot post release notes and a weekly digest."""
    rng = world.rng
    keys = sorted(world.areas)
    for at in clock.RELEASES:
        text = f"Larkspur {clock.version(at)} release notes, {at:%d %B %Y}."
        thread = open_thread(world, FORUM, "announcements", f"Larkspur {clock.version(at)}", "")
        bot_list(world, thread, at, text, rng.sample(keys, rng.randint(4, 8)))
    for week in range(1, 39):
        at = clock.BEGIN + timedelta(days=7 * week, hours=7)
        since = at - timedelta(days=7)
        new = [t for t in world.threads if t.posts and since <= t.posts[0].at < at]
        busy = sorted(new, key=lambda t: -len(t.posts))[:3]
        text = f"Digest for week {week} of 2024, {len(new)} new threads, and the busiest were:"
        text += "".join(f"\n- {len(t.posts)} posts in {t.title}" for t in busy)
        thread = open_thread(world, CHAT, "general", f"Digest for week {week}", "")
        raw(world, thread, world.bot, at, "digest", text)


def bot_list(world: World, thread: Thread, at: datetime, head: str, keys: list[str]) -> None:
    """Append release notes with one line for each area in `keys`."""
    rng = world.rng
    parts = []
    for key in keys:
        thread.pools = {
            **words.frames(),
            **world.areas[key].table,
            **rng.choice(world.areas[key].cases),
        }
        made = say(world, thread, world.bot, at, "notes", moves=(("staff.item", 1.0),))
        if made:
            parts.append(thread.posts.pop().text)
            world.counts[thread.area] -= 1
    world.ledger.take(head)
    thread.posts.append(Post(thread, world.bot, at, "\n".join((head, *parts)), "notes"))


def staff_room(world: World) -> None:
    """Plant twenty private posts that only the team may see."""
    rng = world.rng
    for _ in range(10):
        area = rng.choice(sorted(world.areas))
        thread = open_thread(world, FORUM, "staff-room", f"Internal: {area}", area)
        thread.private = True
        at = clock.moment(rng, 1, 5, clock.DAYS - 9)
        named = someone(world, at, flat=True)
        for person in rng.sample(world.team, 2):
            after = (
                thread.posts[-1].at + timedelta(minutes=rng.randint(4, 300))
                if (thread.posts)
                else at
            )
            say(
                world,
                thread,
                person,
                after,
                "private",
                None,
                (("staff.private", 1.0),),
                {"to": named.forum},
            )
            world.counts[area] -= 1


def reactions(world: World) -> None:
    """Scatter reactions over the posts, more on announcements, praise and thanks."""
    rng = world.rng
    names = ("heart", "thumbsup", "tada", "laugh", "eyes", "rocket")
    for thread in world.threads:
        for post in thread.posts:
            liked = post.act in {"announcement", "shipped", "praise", "tip", "thanks", "notes"}
            if thread.private or rng.random() > (0.55 if liked else 0.17):
                continue
            for name in rng.sample(names, rng.choice((1, 1, 1, 2))):
                fans = admirers(world, post, 1 + min(int(rng.expovariate(0.45)), 14))
                if fans:
                    post.reactions.append((name, fans))


def admirers(world: World, post: Post, count: int) -> list[str]:
    """Return the handles of up to `count` members active when a post was written."""
    pool = [
        p
        for p in world.rng.sample(world.members, 40)
        if p.pid != post.person.pid and around(p, post.at) >= 1
    ]
    return [p.handle(post.thread.source) for p in pool[:count]]
