"""Members merged into one, and parted again to the byte.

A merge moves handles, posts and events to the member that is kept; the other keeps its row and id
and names it. No member ever has two handles of one platform, so which handle wrote a post is
always known, and an undone merge gives back exactly what was brought along, and what came since.

A suggestion waits as long as its members are two, and is accepted as long as they are one:
whatever merges them accepts it, and whatever parts them lets it wait again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.db.models import Member
from service.db.queries import audit
from service.db.queries import identities as queries
from service.db.queries import members as people
from service.db.queries.identities import ACCEPTED, DISMISSED, PENDING
from service.errors import Conflict, NotFound

HIDDEN = "what stands against it only admins may see: ask one of them"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do, and what stands against it: `against` is None where nothing does."""

    kept: int
    other: int
    name: str
    platforms: tuple[str, ...]
    posts: int
    against: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision came to: `changed` is False where it had been made before.

    `member` is the member that is kept or, of a merge undone, the one that is its own again;
    `posts` is how many posts it was given.
    """

    changed: bool
    member: int
    posts: int = 0


def preview(session: Session, kept: int, other: int, *, everyone: bool = True) -> Preview:
    """Return what merging `other` into `kept` would do; raise NotFound for no such member.

    Without `everyone`, `against` tells of nothing that was said or done in private.
    """
    members = {id_: _member(session, id_) for id_ in (kept, other)}
    rows = queries.of_members(session, [kept, other])
    own = any(row.member_id == kept for row in rows)
    name = queries.name_of(session, rows, kept) if own else members[kept].name
    platforms = tuple(sorted({row.platform for row in rows}))
    posts = queries.posts_of(session, other)
    against = _against(session, members[kept], members[other], rows, everyone)
    return Preview(kept, other, name, platforms, posts, against)


def _against(
    session: Session, kept: Member, other: Member, rows: Sequence[Any], everyone: bool
) -> str | None:
    """Return what stands against a merge, in words, or None."""
    mine, theirs = (
        {row.platform for row in rows if row.member_id == one.id} for one in (kept, other)
    )
    if kept.id == other.id or root_of(session, kept.id) == root_of(session, other.id):
        return "they are one member already"
    for one in (kept, other):
        if one.merged_into_id is not None:
            return f"member {one.id} was merged before: take member {root_of(session, one.id)}"
    if both := mine & theirs:
        known = sorted(both if everyone else both & _heard_on(session, kept.id, other.id))
        return f"both have a handle on {known[0]}: one person has one there" if known else HIDDEN
    if kept.is_bot != other.is_bot:
        return "one of them is a bot, the other a person"
    for one, own in ((kept, mine), (other, theirs)):
        # Else nobody could tell afterwards whose that was.
        if strange := sorted(queries.platforms_of(session, one.id) - own):
            if not everyone:
                return HIDDEN
            return f"member {one.id} did something on {strange[0] or 'a source'} without a handle"
    groups = [group_of(session, one.id) for one in (kept, other)]
    dismissed = queries.across(session, groups[0], groups[1], DISMISSED)
    for row in dismissed:
        if queries.suggestion(session, row.id, everyone=everyone):
            return f"suggestion {row.id} was dismissed by {row.resolved_by}: restore it first"
    return HIDDEN if dismissed else None


def _heard_on(session: Session, left: int, right: int) -> set[str]:
    """Return the platforms on which both members wrote what anyone may read."""
    held = people.handles(session, {left, right}, everyone=False)
    one, other = ({handle.platform for handle in held[id_]} for id_ in (left, right))
    return one & other


def merge(
    session: Session, kept: int, other: int, now: datetime, actor: str, *, everyone: bool = True
) -> Outcome:
    """Give all that `other` said and did to `kept`; to do it again changes nothing.

    Raise NotFound for no such member, Conflict where a rule or what people decided is against it;
    `everyone` is as in `preview`.
    """
    held = queries.hold(session, [kept, other])
    if other in held and held[other].merged_into_id == kept:
        return Outcome(False, kept)
    seen = preview(session, kept, other, everyone=everyone)
    if seen.against:
        raise Conflict(f"members {kept} and {other} cannot be merged: {seen.against}")
    sides = [group_of(session, id_) for id_ in (kept, other)]
    handles = [row.id for row in queries.of_members(session, [other])]
    queries.move_handles(session, handles, kept)
    posts = queries.move_deeds(session, other, kept)
    queries.set_merged(session, other, kept)
    queries.sum_up(session, kept)
    for row in queries.across(session, sides[0], sides[1], PENDING):
        row.status, row.resolved_at, row.resolved_by = ACCEPTED, now, actor
    detail = {"member": other, "into": kept, "posts": posts}
    audit.note(session, now, actor, "member.merge", f"member {kept}", detail)
    return Outcome(True, kept, posts)


def unmerge(
    session: Session, member: int, now: datetime, actor: str, *, everyone: bool = True
) -> Outcome:
    """Undo the merge of a member into another; to do it again changes nothing.

    What was merged into it before comes along. Suggestions that they are one wait again. Raise
    NotFound for no such member, Conflict for one that was never merged, which without `everyone`
    names no member that wrote in private only.
    """
    into = _member(session, member).merged_into_id
    if into is None:
        return _own(session, member, everyone)
    root = root_of(session, member)
    held = queries.hold(session, [member, root])
    if held[member].merged_into_id != into or held[root].merged_into_id is not None:
        raise Conflict(f"member {member} is being changed by somebody else: look again")
    below = group_of(session, member)
    handles = queries.made_for(session, below)
    queries.move_handles(session, [row.id for row in handles], member)
    platforms = {row.platform for row in handles}
    posts = queries.move_deeds(session, root, member, platforms)
    queries.set_merged(session, member, None)
    for id_ in (root, member):
        queries.sum_up(session, id_)
    for row in queries.across(session, below, group_of(session, root), ACCEPTED):
        row.status, row.resolved_at, row.resolved_by = PENDING, None, None
    detail = {"member": member, "into": into, "from": root, "posts": posts}
    audit.note(session, now, actor, "member.unmerge", f"member {member}", detail)
    return Outcome(True, member, posts)


def _own(session: Session, member: int, everyone: bool) -> Outcome:
    """Return that a member was parted before, or raise Conflict that says whom to part."""
    if queries.merges_of(session, [member], "member.unmerge"):
        return Outcome(False, member)
    inside = people.merged_into(session, member)
    seen = [one.id for one in inside if people.member(session, one.id, everyone=everyone)]
    if seen:
        named = ", ".join(f"member {id_}" for id_ in seen)
        raise Conflict(f"member {member} was merged into no other; part from it {named}")
    raise Conflict(f"member {member} was merged into no other")


def keeper(session: Session, left: int, right: int) -> tuple[int, int]:
    """Return (kept, other): who wrote more that anyone may read is kept, of equals who wrote more.

    Of those who are equal in both it is the one who came first.
    """
    active = people.activity(session, [left, right])

    def rank(id_: int) -> tuple[int, int, int]:
        heard = active[id_].posts if id_ in active else 0
        return -heard, -queries.posts_of(session, id_), id_

    kept, other = sorted((left, right), key=rank)
    return kept, other


def joint(session: Session, left: int, right: int) -> int | None:
    """Return the member whose unmerge parts two that are one again, None where they are two.

    Each may have been merged by way of others: it is the one that was merged last.
    """
    ways = [_way(session, id_) for id_ in (left, right)]
    met = next((id_ for id_ in ways[0] if id_ in ways[1]), None)
    if met is None or left == right:
        return None
    below = [way[way.index(met) - 1] for way in ways if way[0] != met]
    return [*below, *queries.merges_of(session, below, "member.merge")][-1]


def _way(session: Session, id_: int) -> list[int]:
    """Return a member, whom it was merged into, and so on."""
    into = _member(session, id_).merged_into_id
    return [id_] if into is None else [id_, *_way(session, into)]


def _member(session: Session, id_: int) -> Member:
    row = session.get(Member, id_)
    if row is None:
        raise NotFound(f"there is no member {id_}")
    return row


def root_of(session: Session, id_: int) -> int:
    """Return the member that holds what a member said and did."""
    into = _member(session, id_).merged_into_id
    return id_ if into is None else root_of(session, into)


def group_of(session: Session, id_: int) -> set[int]:
    """Return a member and all that were merged into it, at any depth."""
    return {id_, *(member for member, _ in queries.merged(session, id_))}
