"""`conflicts`: the threads that are heating up, why, and what people decide about them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from jobs import output
from jobs.commands import around
from jobs.commands.context import ACTOR, Json, clock, moment, opened
from jobs.commands.look import Limit, cut, sparkline
from service import flags
from service.conflicts import (
    Choice,
    Shown,
    alike,
    priority_of,
    reasons,
    seen_until,
    similar,
    statuses,
    summary,
)
from service.db.models import FlagReview
from service.db.queries import conflicts as queries
from service.db.queries import flags as record
from service.db.queries import heat
from service.db.queries.conflicts import FlagFilters, FlagRow
from service.errors import NotFound
from service.flag_people import history
from service.flag_words import tell
from service.flags import Done, status_at
from service.insights.heat.record import Tally

conflicts = typer.Typer(
    invoke_without_command=True,
    help="Threads that are heating up: list, show, claim, confirm, dismiss, escalate, snooze.",
)
FlagId = Annotated[int, typer.Argument(min=1, metavar="ID", help="Of `conflicts`.")]
Seen = Annotated[
    int | None,
    typer.Option(min=1, help="The revision you looked at: refused where somebody came between."),
]
Note = Annotated[str | None, typer.Option(help="Why, for others.")]


class Why(StrEnum):
    """Why a flag is dismissed."""

    TECHNICAL = "technical"
    BANTER = "banter"
    QUOTED = "quoted"
    RESOLVED = "resolved"
    OTHER = "other"


@conflicts.callback()
def list_conflicts(
    context: typer.Context,
    status: Annotated[Choice, typer.Option(help="Which flags.")] = Choice.WAITING,
    channel: Annotated[str | None, typer.Option(help="Only this channel.")] = None,
    topic: Annotated[int | None, typer.Option(min=1, help="Only with posts on it.")] = None,
    since: Annotated[str | None, typer.Option(help="Only raised from this time on.")] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List flags in the order in which to read them."""
    if context.invoked_subcommand is not None:
        return
    now = clock()
    filters = FlagFilters(statuses(status), channel, topic, moment(since, end=False))
    with opened() as held, held.database.read() as session:
        rows = queries.ranked(session, filters, now, limit)
        told = reasons(session, [row.flag for row in rows])
        counts = queries.counts(session, now)
        as_of = seen_until(session, now, held.settings.stale_after_days)
    if json:
        data = [_facts(row, told[row.flag.id], now, as_of) for row in rows]
        output.print_json({"data": data, "counts": counts})
        return
    for row in rows:
        output.say(_line(row, now, as_of))
        for line in _reasons(told[row.flag.id]):
            output.say(f"        {line}")
    output.say("; ".join(f"{count:,} {name}" for name, count in counts.items()) or "no flags yet")


@conflicts.command("show")
def show(flag: FlagId, json: Json = False) -> None:
    """Show a flag: its reasons, how heat went, what people did, similar threads."""
    now = clock()
    with opened() as held, held.database.read() as session:
        row = _readable(session, flag)
        [told] = reasons(session, [row.flag]).values()
        done = record.reviews(session, flag)
        near = similar(session, row.flag)
        found = heat.newest(session, row.flag.thread_id)
        curve = [] if found is None else found.curve
        people = history(session, row.flag)
        as_of = seen_until(session, now, held.settings.stale_after_days)
    if json:
        output.print_json({
            **_facts(row, told, now, as_of),
            "post_id": row.flag.post_id,
            "turning_post_id": row.flag.turning_post_id,
            "curve": [{"post": post, "heat": value} for post, value in curve],
            "reviews": [_step(review) for review in done],
            "similar": [
                {"id": one.flag.id, "title": one.title, "status": one.flag.status,
                 "reason": one.flag.reason, "similarity": round(share, 4)}
                for one, share in near
            ],
            "people": [around.person(one, now) for one in people],
        })  # fmt: skip
        return
    output.say(_line(row, now, as_of))
    output.say(f"  thread {row.flag.thread_id}, raised by post {row.flag.post_id}")
    if row.flag.turning_post_id is not None:
        output.say(f"  it turned at post {row.flag.turning_post_id}")
    output.say(f"  heat: {sparkline([round(100 * value) for _, value in curve])}")
    for line in _reasons(told):
        output.say(f"  {line}")
    for review in done:
        undone = "  (undone)" if review.undone_at else ""
        note = f": {cut(review.note)}" if review.note else ""
        output.say(f"  review {review.id}: {tell(review)}{note}{undone}")
    for who in people:
        output.say(f"  {around.person_line(who, now)}")
    for one, share in near:
        why = f" ({one.flag.reason})" if one.flag.reason else ""
        output.say(
            f"  like {one.flag.id} {cut(one.title or '-')}: {one.flag.status}{why}, {share:.2f}"
        )


@conflicts.command("claim")
def claim(flag: FlagId, revision: Seen = None, json: Json = False) -> None:
    """Take a flag to oneself."""
    _act(flag, "claim", revision, json)


@conflicts.command("release")
def release(flag: FlagId, revision: Seen = None, json: Json = False) -> None:
    """Give a claimed flag back to the queue."""
    _act(flag, "release", revision, json)


@conflicts.command("confirm")
def confirm(flag: FlagId, note: Note = None, revision: Seen = None, json: Json = False) -> None:
    """Say that a thread was worth a moderator's time."""
    _act(flag, "confirm", revision, json, note=note)


@conflicts.command("dismiss")
def dismiss(
    flag: FlagId,
    reason: Annotated[Why | None, typer.Option(help="What it was instead.")] = None,
    note: Note = None,
    revision: Seen = None,
    json: Json = False,
) -> None:
    """Say that a thread was not worth a moderator's time."""
    _act(
        flag, "dismiss", revision, json, note=note, reason=None if reason is None else reason.value
    )


@conflicts.command("escalate")
def escalate(flag: FlagId, note: Note = None, revision: Seen = None, json: Json = False) -> None:
    """Hand a flag to somebody who decides more."""
    _act(flag, "escalate", revision, json, note=note)


@conflicts.command("snooze")
def snooze(
    flag: FlagId,
    until: Annotated[str, typer.Option(help="A date (its begin) or a time.")],
    note: Note = None,
    revision: Seen = None,
    json: Json = False,
) -> None:
    """Put a flag aside until a time."""
    _act(flag, "snooze", revision, json, note=note, until=moment(until, end=False))


@conflicts.command("reopen")
def reopen(flag: FlagId, note: Note = None, revision: Seen = None, json: Json = False) -> None:
    """Put a flag back into the queue, also one that a run withdrew."""
    _act(flag, "reopen", revision, json, note=note)


@conflicts.command("undo")
def undo(
    review: Annotated[int, typer.Argument(min=1, metavar="REVIEW", help="Of `conflicts show`.")],
    json: Json = False,
) -> None:
    """Undo what a person did with a flag."""
    with opened() as held, held.database.write() as session:
        row = record.review(session, review)
        if row is None:
            raise NotFound(f"there is no review {review}: `groundswell conflicts show ID`")
        _readable(session, row.flag_id)
        done = flags.undo(session, row.flag_id, review, clock(), ACTOR)
        made = _made(session, done)
    _say(done, made, json)


@conflicts.command("stats")
def stats(
    since: Annotated[
        str | None, typer.Option(help="Only raised by posts made from this time on.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel.")] = None,
    first: Annotated[
        int | None, typer.Option(min=1, help="Only so many of each week, the hottest.")
    ] = None,
    json: Json = False,
) -> None:
    """Say how many flags a week there are, and how often people agreed with them."""
    start = moment(since, end=False)
    with opened() as held, held.database.read() as session:
        found = summary(session, clock(), start, channel, first)
        habits = around.found_habits(session, held, start, channel)
    if json:
        output.print_json({
            "since": found.since, "until": found.until, "all": found.whole, "rate": found.rate,
            "dismissals": [{"reason": name, "flags": n} for name, n in found.reasons.items()],
            "weeks": [{"week": day, **asdict(one)} for day, one in found.weeks.items()],
            "channels": [{"channel": name, **asdict(one)} for name, one in found.channels.items()],
            "hours": [{"weekday": day, "hour": hour, **asdict(one)}
                      for (day, hour), one in found.hours.items()],
            "patterns": around.habit_facts(habits),
        })  # fmt: skip
        return
    output.say(f"all: {_tally(found.whole)}")
    if found.rate is not None:
        rate = found.rate
        output.say(f"flags a week: {rate.flags:.1f} ({rate.low:.1f} to {rate.high:.1f})")
    for name, count in found.reasons.items():
        output.say(f"dismissed, {name or 'no reason given'}: {count:,}")
    for day, one in found.weeks.items():
        output.say(f"week of {day:%Y-%m-%d}: {_tally(one)}")
    for channel_name, one in found.channels.items():
        output.say(f"{channel_name or '-'}: {_tally(one)}")
    for line in around.habit_lines(habits):
        output.say(line)


conflicts.command("first-posts")(around.list_first_posts)
conflicts.command("copies")(around.list_copies)


def _act(
    flag: int,
    action: str,
    revision: int | None,
    json: bool,
    *,
    note: str | None = None,
    reason: str | None = None,
    until: datetime | None = None,
) -> None:
    with opened() as held, held.database.write() as session:
        _readable(session, flag)
        done = flags.act(
            session, flag, action, revision=revision, actor=ACTOR, now=clock(),
            note=note, reason=reason, until=until,
        )  # fmt: skip
        made = _made(session, done)
    _say(done, made, json)


def _made(session: Session, done: Done) -> FlagReview | None:
    return None if done.review is None else record.review(session, done.review)


def _say(done: Done, made: FlagReview | None, json: bool) -> None:
    if json:
        output.print_json(asdict(done))
        return
    told = f": {tell(made)}" if made is not None else ""
    output.say(f"flag {done.flag} is {done.status}{told}")
    if not done.changed:
        output.say("nothing was changed")
    elif made is not None and made.undoes_id is None:
        output.say(f"undo: groundswell conflicts undo {made.id}")


def _readable(session: Session, flag: int) -> FlagRow:
    row = queries.by_ids(session, [flag]).get(flag)
    if row is None:
        raise NotFound(f"there is no flag {flag}: `groundswell conflicts --status any`")
    return row


def _line(row: FlagRow, now: datetime, as_of: datetime) -> str:
    flag = row.flag
    status = status_at(flag, now)
    who = f" by {flag.claimed_by}" if flag.claimed_by else ""
    title = cut(row.title or f"thread {flag.thread_id}", 80)
    place = f"{row.channel or row.source}: {title}"
    rank = f"{priority_of(flag, as_of):>5.2f}  heat {flag.heat:.2f}"
    return f"{flag.id:>5}  {rank}  {status}{who}  {place}"


def _reasons(told: list[Shown]) -> list[str]:
    """Return reasons in lines: those that one sentence shows in one, and then the sentence."""
    lines = []
    for own, sentence in alike(told):
        shown = [f"“{cut(sentence)}”"] if sentence else []
        lines.append(" ".join([reason.words for reason in own] + shown))
    return lines


def _tally(one: Tally) -> str:
    counts = (
        f"{one.flags:,} flags, {one.confirmed:,} confirmed, {one.dismissed:,} dismissed, "
        f"{one.withdrawn:,} withdrawn, {one.waiting:,} waiting"
    )
    if one.precision is None:
        return counts
    return f"{counts}; precision {one.precision:.2f} ({one.low:.2f} to {one.high:.2f})"


def _facts(row: FlagRow, told: list[Shown], now: datetime, as_of: datetime) -> dict[str, Any]:
    flag = row.flag
    return {
        "id": flag.id,
        "status": status_at(flag, now),
        "revision": flag.revision,
        "thread": {"id": flag.thread_id, "title": row.title, "channel": row.channel},
        "priority": round(priority_of(flag, as_of), 4),
        "heat": flag.heat,
        "peak": flag.peak,
        "threshold": flag.threshold,
        "hostile": flag.hostile,
        "newcomer": flag.newcomer,
        "raised_at": flag.raised_at,
        "newest_at": flag.newest_at,
        "reasons": told,
        "claimed_by": flag.claimed_by,
        "snoozed_until": flag.snoozed_until,
        "decided_at": flag.decided_at,
        "decided_by": flag.decided_by,
        "reason": flag.reason,
        "version": flag.version,
    }


def _step(review: FlagReview) -> dict[str, Any]:
    return {
        "id": review.id,
        "at": review.at,
        "actor": review.actor,
        "action": review.action,
        "told": tell(review),
        "note": review.note,
        "evidence": review.evidence if review.action == record.WITHDRAW else None,
        "undone_at": review.undone_at,
    }
