"""`identities`: who may be one person, and what people decide about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from sqlalchemy.orm import Session

from jobs import output
from jobs.commands.context import ACTOR, Json, clock, opened
from service import identity
from service.db.models import Suggestion
from service.db.queries import identities as queries
from service.db.queries import members
from service.errors import NotFound

identities = typer.Typer(
    no_args_is_help=True, help="Find people with several handles; merge them, and part them again."
)
Ids = Annotated[list[int], typer.Argument(min=1, metavar="ID...", help="Suggestions.")]
Member = Annotated[int, typer.Argument(min=1, help="A member's id.")]
Decision = Callable[[Session, int, datetime, str], object]


@identities.command("suggest")
def suggest(json: Json = False) -> None:
    """Look who may be one person; GROUNDSWELL_IDENTITY_RULE says what is merged at once."""
    with opened() as context:
        rule = context.settings.identity_rule
        found = identity.look(context.database, now=clock(), rule=rule, actor=ACTOR)
    if json:
        output.print_json(found)
        return
    output.say(
        f"{found.handles:,} handles: {found.new:,} new suggestions, {found.dropped:,} no longer "
        f"found, {found.accepted:,} accepted by rule; {found.pending:,} wait"
    )
    if found.pending:
        output.say("decide with `groundswell identities list` and `accept` or `dismiss`")


@identities.command("list")
def list_suggestions(
    status: Annotated[
        Literal["pending", "accepted", "dismissed"], typer.Option(help="Which ones.")
    ] = "pending",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to print.")] = 50,
    json: Json = False,
) -> None:
    """List suggestions, surest first."""
    with opened() as context, context.database.read() as session:
        found = [_shown(session, row) for row in queries.suggestions(session, status, limit)]
    if json:
        output.print_json({"data": found})
        return
    for row in found:
        _say(row)
    if not found:
        output.say("none")


@identities.command("show")
def show(
    id_: Annotated[int, typer.Argument(min=1, metavar="ID", help="A suggestion.")],
    json: Json = False,
) -> None:
    """Show a suggestion, and what to accept it would do."""
    with opened() as context, context.database.read() as session:
        row = queries.suggestion(session, id_)
        if row is None:
            raise NotFound(f"there is no suggestion {id_}: `groundswell identities list`")
        found = _shown(session, row)
        over = row.status in (queries.ACCEPTED, queries.EXPIRED)
        seen = None if over else identity.preview(session, *identity.people(session, row))
        joint = identity.joint(session, row.left_id, row.right_id)
    found["preview"] = asdict(seen) if seen else None
    if json:
        output.print_json(found)
        return
    _say(found)
    if found["status"] == queries.EXPIRED:
        output.say("     expired: no longer found")
    elif seen is None:
        output.say(f"     accepted by {found['resolved_by']}")
        _undo(joint)
    elif seen.against:
        output.say(f"     cannot be merged: {seen.against}")
    else:
        output.say(
            f"     accepted, {seen.name} (member {seen.kept}) would get {_posts(seen.posts)} and "
            f"be on {', '.join(seen.platforms)}"
        )


@identities.command("accept")
def accept(ids: Ids, json: Json = False) -> None:
    """Accept suggestions and merge their members: all of them, or none where one cannot be."""
    _decide(identity.accept, ids, json)


@identities.command("dismiss")
def dismiss(ids: Ids, json: Json = False) -> None:
    """Dismiss suggestions, so that they are not made again."""
    _decide(identity.dismiss, ids, json)


@identities.command("restore")
def restore(ids: Ids, json: Json = False) -> None:
    """Let dismissed suggestions wait again."""
    _decide(identity.restore, ids, json)


@identities.command("merge")
def merge(kept: Member, other: Member, json: Json = False) -> None:
    """Merge a member into the one that is kept: handles, posts and events."""
    with opened() as context, context.database.write() as session:
        done = identity.merge(session, kept, other, clock(), ACTOR)
    if json:
        output.print_json(done)
    elif done.changed:
        output.say(f"member {other} is merged into {kept}: {_posts(done.posts)} moved")
        _undo(other)
    else:
        output.say(f"member {other} was merged into {kept} before")


@identities.command("unmerge")
def unmerge(member: Member, json: Json = False) -> None:
    """Undo the merge of a member into another; what was its own comes back."""
    with opened() as context, context.database.write() as session:
        done = identity.unmerge(session, member, clock(), ACTOR)
    if json:
        output.print_json(done)
    elif done.changed:
        output.say(f"member {member} is its own again: {_posts(done.posts)} came back")
    else:
        output.say(f"member {member} was parted before")


def _decide(decide: Decision, ids: list[int], json: bool) -> None:
    now = clock()
    with opened() as context, context.database.write() as session:
        for id_ in ids:
            decide(session, id_, now, ACTOR)
        rows = [row for id_ in ids if (row := queries.suggestion(session, id_))]
        found = [_shown(session, row) for row in rows]
        joints = [identity.joint(session, row.left_id, row.right_id) for row in rows]
    if json:
        output.print_json({"data": found})
        return
    for one, joint in zip(found, joints, strict=True):
        output.say(f"{one['id']} is {one['status']}: {_pair(one)}")
        _undo(joint)


def _undo(member: int | None) -> None:
    if member is not None:
        output.say(f"     undo: groundswell identities unmerge {member}")


def _shown(session: Session, row: Suggestion) -> dict[str, Any]:
    pair = identity.people(session, row)
    handles = members.handles(session, pair, everyone=True)
    return {
        "id": row.id,
        "status": row.status,
        "confidence": row.confidence,
        "members": [
            {
                "id": one.id,
                "name": one.name,
                "merged_into": one.merged_into_id,
                "handles": [
                    {"platform": handle.platform, "value": handle.value}
                    for handle in handles[one.id]
                ],
            }
            for one in members.by_ids(session, pair)
        ],
        "parts": row.parts,
        "version": row.version,
        "created_at": row.created_at,
        "resolved_at": row.resolved_at,
        "resolved_by": row.resolved_by,
    }


def _say(row: Mapping[str, Any]) -> None:
    output.say(f"{row['id']:>4} {row['confidence']:.2f}  {_pair(row)}")
    for part in row["parts"]:
        output.say(f"     {part['weight']:+.1f}  {part['why']}")


def _posts(count: int) -> str:
    return f"{count:,} post" + ("" if count == 1 else "s")


def _pair(row: Mapping[str, Any]) -> str:
    return "  =  ".join(map(_name, row["members"]))


def _name(member: Mapping[str, Any]) -> str:
    held = ", ".join(f"{handle['value']} on {handle['platform']}" for handle in member["handles"])
    return f"{member['name']} [member {member['id']}] ({held or 'no handle'})"
