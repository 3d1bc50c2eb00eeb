"""`trends` and `alerts`: which topics rise or fall, and what was told of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from jobs import output
from jobs.commands.context import AsOf, Json, clock, moment, opened
from jobs.commands.look import Limit, cut, sparkline
from service.db.models import Alert
from service.db.queries import alerts as record
from service.db.queries import posts as post_queries
from service.db.queries import trend_detail
from service.db.queries.trends import FALLING, Trending, TrendingTopic, trending
from service.insights.trends import LEAST_HISTORY


class Window(StrEnum):
    """How much of the time before is compared with the weeks before it."""

    HOUR = "1h"
    DAY = "1d"
    WEEK = "7d"
    MONTH = "28d"


SAID = {
    Window.HOUR: "in the last hour",
    Window.DAY: "in the last day",
    Window.WEEK: "a day, summed over 7 days",
    Window.MONTH: "a day, summed over 28 days",
}


def trends(
    window: Annotated[
        Window, typer.Option(help="What is compared with the weeks before it.")
    ] = Window.DAY,
    as_of: AsOf = None,
    limit: Limit = 10,
    json: Json = False,
) -> None:
    """Show which topics rise (and, in 7d and 28d, fall), and why."""
    with opened() as context, context.database.read() as session:
        found = trending(
            session,
            as_of=moment(as_of),
            now=clock(),
            stale_after_days=context.settings.stale_after_days,
            limit=limit,
            window=window.value,
            monthly=context.settings.alert_budget,
        )
        wanted = [post for trend in found.trends for post in trend.posts]
        texts = {post: row.plain for post, row in post_queries.by_ids(session, wanted).items()}
    if json:
        output.print_json(found)
    else:
        _show(found, texts)


def alerts(
    limit: Limit = 20,
    brigades: Annotated[
        bool, typer.Option("--brigades", help="With those that a few accounts made.")
    ] = False,
    json: Json = False,
) -> None:
    """List the alerts that were raised, newest first."""
    with opened() as context, context.database.read() as session:
        rows = record.newest_first(session, limit, verdict=None if brigades else record.ORGANIC)
        labels = trend_detail.labels(session, sorted({row.topic_id for row in rows}))
    if json:
        output.print_json({"data": [_row(row, labels) for row in rows]})
        return
    for row in rows:
        output.say(_line(row, labels))
    if not rows:
        output.say("no alert has been raised")


def _row(row: Alert, labels: dict[int, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "topic_id": row.topic_id,
        "label": labels[row.topic_id],
        "span": row.span,
        "tick": row.tick,
        "verdict": row.verdict,
        "observed": row.observed,
        "expected": row.expected,
        "p": row.p,
        "q": row.q,
        "level": row.level,
        "ended_at": row.ended_at,
        "receipt": row.receipt,
        "version": row.version,
    }


def _line(row: Alert, labels: dict[int, str]) -> str:
    state = "" if row.ended_at else ", still up"
    return (
        f"{row.tick:%Y-%m-%d %H:%M}  {row.verdict:>7}  {labels[row.topic_id]}  "
        f"[topic {row.topic_id}]: {row.observed} people, {row.expected:.1f} expected "
        f"(p = {row.p:.1g}, level {row.level:.1g}{state})"
    )


def _show(found: Trending, texts: dict[int, str]) -> None:
    newest = f"{found.data_as_of:%Y-%m-%d %H:%M}" if found.data_as_of else "none"
    down = sum(trend.verdict == FALLING for trend in found.trends)
    falling = f", {down} fall" if down else ""
    output.say(
        f"{len(found.trends) - down} of {found.topics_tested:,} topics rise{falling} as of "
        f"{found.as_of:%Y-%m-%d %H:%M} UTC (newest post {newest})"
    )
    if found.history_days < LEAST_HISTORY:
        output.say(
            f"too early to say: {found.history_days} days of habit, {LEAST_HISTORY} are needed"
        )
    for trend in found.trends:
        _trend(trend, SAID[Window(found.window)], texts)


def _trend(trend: TrendingTopic, span: str, texts: dict[int, str]) -> None:
    channels = ", ".join(f"{name} {count}" for name, count in trend.channels[:3])
    output.say("")
    output.say(f"{trend.label}  [topic {trend.topic_id}]  {trend.verdict}")
    output.say(
        f"  {trend.observed} people {span}, {trend.expected:.1f} expected "
        f"(q = {trend.q:.2g}); {channels}"
    )
    output.say(f"  {sparkline([count for _, count in trend.series])}")
    for post in trend.posts:
        output.say(f"  > {cut(texts.get(post, ''))}")
