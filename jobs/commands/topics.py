"""`topics`: what people talk about, what became of it, and what people decide about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from jobs import output
from jobs.commands.context import ACTOR, Json, clock, opened
from service import topics as decisions
from service.db.queries import ledger, posts, topic_fit
from service.db.queries import topics as queries
from service.db.queries.topics import NOTHING, TopicRow
from service.errors import NotFound, NothingRun
from service.lineage import tell
from service.topics import Done

topics = typer.Typer(
    invoke_without_command=True, help="Topics: list, name, pin, hide, merge, split, undo."
)
Topic = Annotated[int, typer.Argument(min=1, metavar="ID", help="A topic's id.")]
Decide = Callable[[Session, datetime, str], Done]
WORDS, EVENTS, QUOTE = 6, 20, 90


@topics.callback()
def list_topics(
    context: typer.Context,
    hidden: Annotated[bool, typer.Option("--hidden", help="Also those that people hid.")] = False,
    json: Json = False,
) -> None:
    """List topics: first those that are pinned, then those with most posts."""
    if context.invoked_subcommand is not None:
        return
    with opened() as held, held.database.read() as session:
        if topic_fit.newest_fit(session) is None:
            raise NothingRun("no topics yet: run `groundswell run`")
        counts = queries.counts(session)
        rows = queries.active(session, hidden=hidden)
    rows.sort(key=lambda row: (row.pinned_at is None, -counts.get(row.id, 0), row.id))
    if json:
        output.print_json({"data": [_facts(row, counts.get(row.id, 0)) for row in rows]})
        return
    for row in rows:
        marks = "".join(
            mark for mark, at in (("*", row.pinned_at), ("-", row.hidden_at)) if at is not None
        )
        words = ", ".join(map(str, row.words[:WORDS]))
        output.say(f"{row.id:>5} {counts.get(row.id, 0):>7,} {marks:>2} {row.label}  ({words})")
    output.say(f"{len(rows):,} topics; {counts.get(None, 0):,} posts in none")


@topics.command("show")
def show(topic: Topic, json: Json = False) -> None:
    """Show a topic: its words, who writes on it, posts, and what became of it."""
    with opened() as held, held.database.read() as session:
        row = queries.topic(session, topic)
        if row is None:
            raise NotFound(f"there is no topic {topic}: `groundswell topics`")
        size = queries.sizes(session, [topic]).get(topic, NOTHING)
        people = queries.people(session, topic, WORDS)
        related = queries.related(session, topic, WORDS)
        events = ledger.events(session, topic, EVENTS)
        rows = posts.by_ids(session, row.representatives)
        quotes = [rows[id_] for id_ in row.representatives if id_ in rows]
    if json:
        output.print_json({
            **_facts(row, size.posts),
            "authors": size.authors,
            "first_post_at": size.first_post_at,
            "last_post_at": size.last_post_at,
            "people": [{"id": id_, "name": name, "posts": n} for id_, name, n in people],
            "related": [{"id": id_, "label": label, "similarity": round(near, 4)}
                        for id_, label, near in related],
            "representatives": [post.id for post in quotes],
            "lineage": [
                {"id": event.id, "kind": event.kind, "at": event.at, "actor": event.actor,
                 "told": tell(event), "undone_at": event.undone_at}
                for event in events
            ],
        })  # fmt: skip
        return
    output.say(f"{row.label}  [topic {row.id}]")
    if row.named:
        output.say(f"  the machine calls it: {row.machine_label}")
    if row.description:
        output.say(f"  {row.description}")
    output.say(f"  {size.posts:,} posts by {size.authors:,} people; area: {row.area or 'none'}")
    output.say(f"  words: {', '.join(map(str, row.words))}")
    output.say(f"  who: {', '.join(f'{name} ({count:,})' for _, name, count in people)}")
    output.say(f"  near by: {', '.join(f'{label} [{id_}]' for id_, label, _ in related)}")
    for post in quotes:
        output.say(f"  {post.author}: {_cut(post.plain)}")
    for event in events:
        undone = "  (undone)" if event.undone_at else ""
        output.say(f"  {event.at:%Y-%m-%d} event {event.id}: {tell(event)}{undone}")


@topics.command("rename")
def rename(
    topic: Topic,
    name: Annotated[
        str | None, typer.Argument(help="Left out, the machine's label is back.")
    ] = None,
    json: Json = False,
) -> None:
    """Give a topic a name that wins over the machine's label."""
    _decide(lambda *by: decisions.rename(by[0], topic, name, *by[1:]), json)


@topics.command("pin")
def pin(topic: Topic, json: Json = False) -> None:
    """Pin a topic: lists begin with it, and no run lets it end."""
    _decide(lambda *by: decisions.pin(by[0], topic, True, *by[1:]), json)


@topics.command("unpin")
def unpin(topic: Topic, json: Json = False) -> None:
    """Unpin a topic."""
    _decide(lambda *by: decisions.pin(by[0], topic, False, *by[1:]), json)


@topics.command("hide")
def hide(topic: Topic, json: Json = False) -> None:
    """Hide a topic: no list has it, and it never trends."""
    _decide(lambda *by: decisions.hide(by[0], topic, True, *by[1:]), json)


@topics.command("show-again")
def show_again(topic: Topic, json: Json = False) -> None:
    """Show a hidden topic again."""
    _decide(lambda *by: decisions.hide(by[0], topic, False, *by[1:]), json)


@topics.command("merge")
def merge(
    kept: Annotated[int, typer.Argument(min=1, help="The topic that is kept.")],
    other: Annotated[int, typer.Argument(min=1, help="The one that is merged into it.")],
    json: Json = False,
) -> None:
    """Merge a topic into the one that is kept: its posts, and those to come, count for that."""
    _decide(lambda *by: decisions.merge(by[0], kept, other, *by[1:]), json)


@topics.command("split")
def split(
    topic: Topic,
    post: Annotated[list[int] | None, typer.Option(min=1, help="A post of the new part.")] = None,
    thread: Annotated[list[int] | None, typer.Option(min=1, help="A thread of it.")] = None,
    json: Json = False,
) -> None:
    """Split a topic: into what is named and the rest, or into two parts that are found."""
    from service.topic_split import split as part

    _decide(lambda *by: part(by[0], topic, *by[1:], posts=post or (), threads=thread or ()), json)


@topics.command("move")
def move(
    post: Annotated[list[int], typer.Argument(min=1, metavar="POST...", help="Posts.")],
    to: Annotated[int | None, typer.Option(min=1, help="A topic; left out, none.")] = None,
    json: Json = False,
) -> None:
    """Put posts into a topic, or into none, where every run leaves them."""
    _decide(lambda *by: decisions.move(by[0], post, to, *by[1:]), json)


@topics.command("undo")
def undo(
    event: Annotated[int, typer.Argument(min=1, metavar="EVENT", help="Of `topics show`.")],
    json: Json = False,
) -> None:
    """Undo what a person decided."""
    _decide(lambda *by: decisions.undo(by[0], event, *by[1:]), json)


def _decide(decide: Decide, json: bool) -> None:
    with opened() as held, held.database.write() as session:
        done = decide(session, clock(), ACTOR)
        session.flush()
        made = ledger.by_ids(session, [] if done.event is None else [done.event])
        labels = {id_: row.label for id_ in done.topics if (row := queries.topic(session, id_))}
    if json:
        output.print_json(asdict(done))
        return
    for event in made:
        output.say(tell(event) if done.changed else f"{tell(event)}: before")
    for id_, label in labels.items():
        output.say(f"  {id_:>5} {label}")
    if not done.changed:
        output.say("nothing was changed")
    elif made and made[0].undoes_id is None:
        output.say(f"undo: groundswell topics undo {made[0].id}")


def _facts(row: TopicRow, count: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "label": row.label,
        "machine_label": row.machine_label,
        "description": row.description,
        "words": row.words,
        "phrases": row.phrases,
        "area": row.area,
        "pinned": row.pinned_at is not None,
        "hidden": row.hidden_at is not None,
        "merged_into": row.merged_into_id,
        "parent": row.parent_id,
        "posts": count,
        "born_at": row.born_at,
        "retired_at": row.retired_at,
    }


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTE else f"{line[: QUOTE - 1]}…"
