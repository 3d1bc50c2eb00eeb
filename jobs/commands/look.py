"""`search` and `doctor`: what is in the store."""

from __future__ import annotations

from shutil import disk_usage
from typing import Annotated, Any

import typer

from jobs import output
from jobs.commands.context import Json, moment, opened
from service.db.migrate import current
from service.db.queries import posts as post_queries
from service.db.queries.index import Filters
from service.db.queries.posts import newest_at
from service.search import Searcher

QUOTE = 160
Limit = Annotated[int, typer.Option("--limit", min=1, max=200, help="How many to print.")]


def search(
    text: Annotated[str, typer.Argument(help="What to look for, in words of your own.")],
    channel: Annotated[str | None, typer.Option(help="Only this channel.")] = None,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    author: Annotated[str | None, typer.Option(help="Only posts by this member.")] = None,
    after: Annotated[str | None, typer.Option(help="From this date or time on.")] = None,
    before: Annotated[str | None, typer.Option(help="Up to this date's end, or this time.")] = None,
    limit: Limit = 10,
    json: Json = False,
) -> None:
    """Find posts by meaning."""
    filters = Filters(channel, source, author, moment(after, end=False), moment(before))
    with opened() as context, context.database.read() as session:
        hits = Searcher(context.database, context.settings).search(session, text, filters, limit)
        found = post_queries.by_ids(session, [hit.post_id for hit in hits])
        newest = newest_at(session)
    rows: list[dict[str, Any]] = [
        {
            "score": round(hit.score, 4),
            "post_id": hit.post_id,
            "author": found[hit.post_id].author,
            "channel": found[hit.post_id].channel,
            "thread": found[hit.post_id].thread_title,
            "created_at": found[hit.post_id].created_at,
            "text": found[hit.post_id].text,
            "plain": found[hit.post_id].plain,
        }
        for hit in hits
    ]
    if json:
        output.print_json({"query": text, "data_as_of": newest, "data": rows})
        return
    for row in rows:
        output.say(
            f"{row['score']:.2f}  {row['created_at']:%Y-%m-%d}  {row['author']} in "
            f"{row['channel'] or '-'} > {row['thread'] or '-'}"
        )
        output.say(f"      {cut(row['plain'])}")
    if not rows:
        output.say("nothing found")


def sparkline(counts: list[int]) -> str:
    """Return counts as a line of block characters, the highest as the full block."""
    top = max([*counts, 1])
    return "".join(" ▁▂▃▄▅▆▇█"[round(8 * count / top)] for count in counts)


def cut(text: str, length: int = QUOTE) -> str:
    """Return a text on one line, cut at a word."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length].rsplit(" ", 1)[0] + " …"


def doctor(json: Json = False) -> None:
    """Say where everything is and what needs mending; exit 1 where something does."""
    with opened() as context, context.database.read() as session:
        settings = context.settings
        status = Searcher(context.database, settings).status(session)
        newest = newest_at(session)
        checks = {
            "data_dir": str(settings.data_dir),
            "database": context.database.engine.url.render_as_string(hide_password=True),
            "schema": current(context.database),
            "encoder": settings.encoder,
            "newest_post": newest,
            "index": status.reason or f"{status.posts:,} posts, {status.behind:,} behind",
            "free_gb": round(disk_usage(settings.data_dir).free / 1e9, 1),
        }
    red = newest is not None and not status.ready
    if json:
        output.print_json({"ok": not red, **checks})
    else:
        for name, value in checks.items():
            output.say(f"{name:>12}  {value if value is not None else 'none'}")
    if red:
        raise typer.Exit(1)
