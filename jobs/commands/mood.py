"""`mood`: how a community feels, by topic, channel or week."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from jobs import output
from jobs.commands.context import AsOf, Json, clock, moment, opened
from jobs.commands.look import Limit
from service.insights.mood import DOWN, LEAST_POSTS, UP
from service.mood import By, Mood, Segment, Share
from service.mood import mood as told

ARROWS = {UP: " ▲", DOWN: " ▼", None: ""}
WIDTH = 24
SHADES = "█▒░▚▞▖▗▘▝"


def mood(
    by: Annotated[By, typer.Option(help="What to tell it by.")] = By.TOPIC,
    weeks: Annotated[
        int, typer.Option(min=1, max=52, help="How many weeks, against as many before them.")
    ] = 4,
    as_of: AsOf = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Show the shares of negative, neutral and positive posts, and which of them changed."""
    with opened() as context, context.database.read() as session:
        found = told(
            session,
            by=by,
            weeks=weeks,
            as_of=moment(as_of),
            now=clock(),
            stale_after_days=context.settings.stale_after_days,
            limit=limit,
        )
    if json:
        output.print_json(found)
    else:
        _show(found)


def _show(found: Mood) -> None:
    against = "each against the week before" if found.by == By.WEEK else "against as many before"
    output.say(
        f"{found.task} by {found.by}, {found.weeks} weeks to {found.as_of:%Y-%m-%d %H:%M} UTC, "
        f"{against}: {found.judged:,} posts judged, {found.unread:,} that no judge could read"
    )
    if found.too_small:
        output.say(f"{found.too_small:,} with fewer than {LEAST_POSTS} posts are not shown")
    if not found.segments:
        output.say("too few posts to say anything")
        return
    labels = [share.label for share in found.segments[0].shares]
    columns = [found.by, "posts", *labels, " ".join(map("{} {}".format, SHADES, labels))]
    output.table("", columns, [_row(segment) for segment in found.segments])


def _row(segment: Segment) -> list[object]:
    cells = [cell(share) for share in segment.shares]
    return [segment.name, segment.posts, *cells, bar([share.share for share in segment.shares])]


def cell(share: Share) -> str:
    """Return a share in per cent with its interval, and an arrow where it surely changed."""
    return (
        f"{100 * share.share:.0f} % ({100 * share.low:.0f}-{100 * share.high:.0f})"
        f"{ARROWS[share.direction]}"
    )


def bar(shares: Sequence[float], width: int = WIDTH) -> str:
    """Return shares that sum to 1 as stretches of one bar, in the order of SHADES."""
    ends = [round(width * sum(shares[: place + 1])) for place in range(len(shares))]
    starts = [0, *ends[:-1]]
    return "".join(
        shade * (end - start) for shade, start, end in zip(SHADES, starts, ends, strict=False)
    )
