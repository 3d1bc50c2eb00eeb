"""`conflicts first-posts` and `conflicts copies`: what stands beside the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from jobs import output
from jobs.commands.context import AsOf, Context, Json, clock, moment, opened
from jobs.commands.look import Limit, cut
from service.copies import DAYS, MOST_DAYS, CopyGroup, copies
from service.db.queries import posts
from service.db.queries.posts import PostRow
from service.db.queries.trend_input import default_as_of
from service.errors import NothingRun
from service.first_posts import ColdPost, first_posts
from service.flag_people import Earlier, Person
from service.flags import status_at
from service.insights.heat.patterns import Pattern
from service.patterns import Habits, habits

Days = Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days are looked at.")]
Channel = Annotated[str | None, typer.Option(help="Only this channel.")]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def list_first_posts(
    days: Days = DAYS,
    as_of: AsOf = None,
    channel: Channel = None,
    asks: Annotated[
        bool | None, typer.Option("--asks/--no-asks", help="Only with a question, or without.")
    ] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List first posts that nobody answered, or curtly only, longest ignored first."""
    with opened() as held, held.database.read() as session:
        until = moment(as_of) or default_as_of(session, clock(), held.settings.stale_after_days)
        found = first_posts(session, until, days, channel)
        left = [row for row in found.rows if asks is None or row.asks == asks]
        rows = left[:limit]
        answers = [answer.post_id for row in rows for answer in row.answers]
        told = posts.by_ids(session, [*(row.post_id for row in rows), *answers])
    if json:
        output.print_json({
            "since": found.since, "as_of": until, "arrived": found.arrived, "found": len(left),
            "data": [_facts(row, told) for row in rows],
        })  # fmt: skip
        return
    for row in rows:
        _show(row, told)
    output.say(
        f"{len(left):,} of {found.arrived:,} people who first posted in the {days} days before "
        f"{until:%Y-%m-%d %H:%M} UTC were left cold"
    )


def list_copies(
    days: Days = DAYS,
    as_of: AsOf = None,
    channel: Channel = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List near-duplicate posts by at most three accounts, or by one in many threads."""
    with opened() as held, held.database.read() as session:
        until = moment(as_of) or default_as_of(session, clock(), held.settings.stale_after_days)
        found = copies(session, until, days, channel)
    if json:
        output.print_json({
            "since": found.since, "as_of": until, "read": found.read, "found": len(found.rows),
            "data": found.rows[:limit],
        })  # fmt: skip
        return
    for row in found.rows[:limit]:
        output.say(_group(row))
        output.say(f"        {cut(row.text)}")
    output.say(
        f"{len(found.rows):,} groups of copies among {found.read:,} posts of the {days} days "
        f"before {until:%Y-%m-%d %H:%M} UTC"
    )


def found_habits(
    session: Session, held: Context, since: datetime | None, channel: str | None
) -> Habits | None:
    """Return where and when trouble comes again and again; None where there is no post."""
    try:
        until = default_as_of(session, clock(), held.settings.stale_after_days)
    except NothingRun:
        return None
    return habits(session, until, since, channel)


def habit_lines(found: Habits | None) -> list[str]:
    """Return patterns of trouble in words, a line each; none where chance explains everything."""
    if found is None:
        return []
    lines = [_pattern("hostile posts", one.part, one) for one in found.hostile_channels]
    lines += [_pattern("hostile posts", _hour(one.part), one) for one in found.hostile_hours]
    lines += [_pattern("flags", one.part, one) for one in found.flag_channels]
    return lines + [_pattern("flags", _hour(one.part), one) for one in found.flag_hours]


def person(who: Person, now: datetime) -> dict[str, Any]:
    """Return who posted in a flagged thread, and earlier flags of threads that they were in."""
    return {
        "id": who.id,
        "name": who.name,
        "posts_here": who.posts,
        "posts": who.activity.posts,
        "first_seen": who.activity.first_post_at,
        "earlier": [
            {"id": flag.id, "thread": flag.thread_id, "title": one.row.title,
             "raised_at": flag.raised_at, "status": status_at(flag, now),
             "reason": flag.reason, "posts": one.posts}
            for one in who.earlier for flag in [one.row.flag]
        ],
    }  # fmt: skip


def person_line(who: Person, now: datetime) -> str:
    """Return the same in a line."""
    begun = who.activity.first_post_at
    seen = f", first seen {begun:%Y-%m-%d}" if begun else ""
    earlier = "".join(f"; {_earlier(one, now)}" for one in who.earlier)
    return f"{who.name}: {who.posts:,} posts here, {who.activity.posts:,} in all{seen}{earlier}"


def _earlier(one: Earlier, now: datetime) -> str:
    flag = one.row.flag
    title = cut(one.row.title or f"thread {flag.thread_id}", 60)
    return f"{one.posts:,} in flag {flag.id} ({title}: {status_at(flag, now)})"


def habit_facts(found: Habits | None) -> dict[str, Any] | None:
    """Return the same as data."""
    if found is None:
        return None

    def hour(part: tuple[int, int]) -> dict[str, Any]:
        return {"weekday": part[0], "hour": part[1]}

    facts: dict[str, Any] = {"since": found.since, "until": found.until}
    for name in ("hostile_channels", "flag_channels"):
        facts[name] = [{"channel": one.part, **_figures(one)} for one in getattr(found, name)]
    for name in ("hostile_hours", "flag_hours"):
        facts[name] = [{**hour(one.part), **_figures(one)} for one in getattr(found, name)]
    return facts


def _figures(one: Pattern[Any]) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "part"}


def _hour(part: tuple[int, int]) -> str:
    return f"{WEEKDAYS[part[0]]} {part[1]:02}:00 UTC"


def _pattern(what: str, where: str, one: Pattern[Any]) -> str:
    return (
        f"more {what} than chance explains: {where}, {one.hit:,} of {one.tried:,} cases, "
        f"{one.share:.1%} ({one.low:.1%} to {one.high:.1%}), elsewhere {one.elsewhere:.1%}"
    )


def _show(row: ColdPost, told: Mapping[int, PostRow]) -> None:
    post = told[row.post_id]
    place = f"{post.channel or post.source} > {post.thread_title or post.thread_id}"
    question = "  (asks)" if row.asks else ""
    output.say(f"{post.id:>7}  {row.why}{question}  {post.author} in {cut(place, 80)}")
    output.say(f"         {cut(post.plain)}")
    for answer in row.answers:
        said = told[answer.post_id]
        output.say(f"         {said.author}: {cut(said.plain)}")


def _facts(row: ColdPost, told: Mapping[int, PostRow]) -> dict[str, Any]:
    post = told[row.post_id]
    return {
        "author": post.author,
        "channel": post.channel,
        "thread": {"id": post.thread_id, "title": post.thread_title},
        "text": post.text,
        **asdict(row),
    }


def _group(row: CopyGroup) -> str:
    who = ", ".join(f"{one.name} {one.posts:,}" for one in row.accounts)
    threads = f"{row.threads:,} thread{'' if row.threads == 1 else 's'}"
    where = ", ".join(row.channels) or "-"
    return (
        f"{row.posts:>5} posts in {threads} by {who}  ({where})  "
        f"{row.first_at:%Y-%m-%d %H:%M} to {row.last_at:%Y-%m-%d %H:%M}"
    )
