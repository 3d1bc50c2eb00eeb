"""Handles, the members they belong to, and suggestions that two members are one person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from service.db.models import AuditEntry, Event, Identity, Member, Post, Source, Suggestion
from service.db.queries import ids
from service.db.queries import members as people
from service.db.queries.members import open_book

# A row whose attributes are the columns of its query.
Found = Any
KIND = "identity"
PENDING, ACCEPTED, DISMISSED, EXPIRED = "pending", "accepted", "dismissed", "expired"


def handles(session: Session) -> list[Found]:
    """Return every handle with the number of its posts, in the order of ids."""
    written = (
        select(Post.member_id, Source.platform, func.count().label("posts"))
        .join(Source, Source.id == Post.source_id)
        .where(Post.deleted_at.is_(None))
        .group_by(Post.member_id, Source.platform)
        .subquery()
    )
    query = (
        select(*FACTS, func.coalesce(written.c.posts, 0).label("posts"))
        .outerjoin(
            written,
            (written.c.member_id == Identity.member_id) & (written.c.platform == Identity.platform),
        )
        .order_by(Identity.id)
    )
    return list(session.execute(query))


# What a platform says of the holder of a handle.
SAID = (
    Identity.name,
    Identity.email,
    Identity.verified,
    Identity.links,
    Identity.is_bot,
    Identity.is_staff,
    Identity.is_deleted,
)
FACTS = (
    Identity.id,
    Identity.member_id,
    Identity.home_id,
    Identity.platform,
    Identity.value,
    Identity.kind,
    *SAID,
    Identity.created_at,
)


def of_members(session: Session, member_ids: Collection[int]) -> list[Found]:
    """Return the handles of members, in the order of ids."""
    query = select(*FACTS).where(Identity.member_id.in_(member_ids)).order_by(Identity.id)
    return list(session.execute(query))


def made_for(session: Session, home_ids: Collection[int]) -> list[Found]:
    """Return the handles that members were made for, wherever they are now."""
    query = select(*FACTS).where(Identity.home_id.in_(home_ids)).order_by(Identity.id)
    return list(session.execute(query))


def homes(session: Session) -> dict[int, int]:
    """Return the member that each member's own handle belongs to now."""
    query = select(Identity.home_id, Identity.member_id)
    return {row.home_id: row.member_id for row in session.execute(query)}


def merged(session: Session, root: int) -> list[tuple[int, int]]:
    """Return (member, member that it was merged into) of all that a member holds, at any depth."""
    pairs: list[tuple[int, int]] = []
    level = [root]
    while level:
        query = select(Member.id, Member.merged_into_id).where(Member.merged_into_id.in_(level))
        found = [(id_, int(into or 0)) for id_, into in session.execute(query)]
        pairs += found
        level = [id_ for id_, _ in found]
    return sorted(pairs)


def hold(session: Session, member_ids: Collection[int]) -> dict[int, Member]:
    """Return members as they are now, by id, and let nobody else change them before this ends."""
    query = select(Member).where(Member.id.in_(member_ids)).order_by(Member.id).with_for_update()
    found = session.scalars(query, execution_options={"populate_existing": True})
    return {row.id: row for row in found}


def move_handles(session: Session, identity_ids: Collection[int], member_id: int) -> None:
    """Give handles to a member."""
    moved = update(Identity).where(Identity.id.in_(identity_ids)).values(member_id=member_id)
    _run(session, moved)


def move_deeds(
    session: Session, from_id: int, to_id: int, platforms: Collection[str] | None = None
) -> int:
    """Give the posts and events of a member to another; return how many posts.

    `platforms` narrows that to what was done there: which handle of a member did something shows
    in the platform, as a member has one handle on each.
    """
    there = select(Source.id)
    if platforms is not None:
        there = there.where(Source.platform.in_(platforms))
    count = 0
    for table in (Event, Post):
        moved = update(table).where(table.member_id == from_id, table.source_id.in_(there))
        count = _run(session, moved.values(member_id=to_id))
    return count


def platforms_of(session: Session, member_id: int) -> set[str]:
    """Return the platforms on which a member wrote or did something."""
    found: set[str] = set()
    for table in (Event, Post):
        acted = select(table.source_id).where(table.member_id == member_id)
        query = select(Source.platform).where(Source.id.in_(acted))
        found.update(session.scalars(query))
    return found


def posts_of(session: Session, member_id: int) -> int:
    """Return how many posts a member has."""
    query = select(func.count()).select_from(Post).where(Post.member_id == member_id)
    return session.scalar(query) or 0


def set_merged(session: Session, member_id: int, into: int | None) -> None:
    """Write which member another was merged into."""
    _run(session, update(Member).where(Member.id == member_id).values(merged_into_id=into))


def name_of(session: Session, rows: Sequence[Found], member_id: int) -> str:
    """Return what a member is called that has the given handles, at least one, by their ids.

    It is the name of the handle that it was made for, but where only others of them wrote what
    anyone may read, that of the first of those: no name is published that was told in private.
    """
    if len(rows) == 1:
        return str(rows[0].name or rows[0].value)
    owners = {row.member_id for row in rows}
    held = people.handles(session, owners, everyone=False).values()
    heard = {handle.id for some in held for handle in some}
    named = min(rows, key=lambda row: (row.id not in heard, row.home_id != member_id, row.id))
    return str(named.name or named.value)


def shared(session: Session, member_ids: Collection[int]) -> list[int]:
    """Return those of the members that have handles of others, in the order of ids."""
    query = select(Identity.member_id).where(
        Identity.member_id.in_(member_ids), Identity.home_id != Identity.member_id
    )
    return list(session.scalars(query.distinct().order_by(Identity.member_id)))


def sum_up(session: Session, member_id: int) -> None:
    """Write the columns of a member that follow from its handles."""
    rows = of_members(session, [member_id])
    if not rows:
        return
    values = {
        "name": name_of(session, rows, member_id),
        "is_bot": any(row.is_bot for row in rows),
        "is_staff": any(row.is_staff for row in rows),
        "is_deleted": any(row.is_deleted for row in rows),
        "created_at": min(row.created_at for row in rows),
    }
    _run(session, update(Member).where(Member.id == member_id).values(**values))


def suggestion(
    session: Session, id_: int, *, held: bool = False, everyone: bool = True
) -> Suggestion | None:
    """Return a suggestion; `held`: nobody else changes it before this ends.

    `everyone` is as in `suggestions`.
    """
    query = select(Suggestion).where(Suggestion.id == id_, Suggestion.kind == KIND)
    if not everyone:
        query = query.where(_open())
    if held:
        query = query.with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one_or_none()


def between(session: Session, left: int, right: int) -> Suggestion | None:
    """Return the suggestion about two members."""
    low, high = sorted((left, right))
    query = select(Suggestion).where(
        Suggestion.kind == KIND, Suggestion.left_id == low, Suggestion.right_id == high
    )
    return session.scalars(query).one_or_none()


def across(
    session: Session, some: Collection[int], others: Collection[int], status: str
) -> list[Suggestion]:
    """Return the suggestions of a status between two groups of members, in the order of ids."""
    left, right = Suggestion.left_id, Suggestion.right_id
    query = select(Suggestion).where(
        Suggestion.kind == KIND,
        Suggestion.status == status,
        (left.in_(some) & right.in_(others)) | (left.in_(others) & right.in_(some)),
    )
    return list(session.scalars(query.order_by(Suggestion.id)))


def suggestions(
    session: Session,
    status: str | None = PENDING,
    limit: int | None = None,
    after: tuple[float, int] | None = None,
    *,
    everyone: bool = True,
) -> list[Suggestion]:
    """Return suggestions, surest first, that follow the key (confidence, id).

    Without `everyone` only those about people whose every handle wrote what anyone may read.
    """
    query = select(Suggestion).where(Suggestion.kind == KIND)
    if status is not None:
        query = query.where(Suggestion.status == status)
    if status == PENDING:
        query = query.where(Suggestion.id.in_(_waiting()))
    if not everyone:
        query = query.where(_open())
    if after is not None:
        confidence, id_ = after
        follows = or_(
            Suggestion.confidence < confidence,
            (Suggestion.confidence == confidence) & (Suggestion.id > id_),
        )
        query = query.where(follows)
    query = query.order_by(Suggestion.confidence.desc(), Suggestion.id).limit(limit)
    return list(session.scalars(query))


def _open() -> ColumnElement[bool]:
    left, right = aliased(Identity), aliased(Identity)
    return exists().where(
        left.home_id == Suggestion.left_id,
        right.home_id == Suggestion.right_id,
        *open_book(left.member_id),
        *open_book(right.member_id),
    )


def waiting(session: Session) -> int:
    """Return how many suggestions wait for somebody to decide."""
    return session.scalar(select(func.count()).select_from(_waiting().subquery())) or 0


def _waiting() -> Select[tuple[int]]:
    """Return the query for the ids of the suggestions to decide about.

    Members that were merged since stand for whom they were merged into. Of several about the same
    two people it is the one that names them, or else the surest, and none where somebody said of
    any two of their members that they differ.
    """
    left, right = aliased(Identity), aliased(Identity)
    low = case((left.member_id < right.member_id, left.member_id), else_=right.member_id)
    high = case((left.member_id < right.member_id, right.member_id), else_=left.member_id)
    own = (Suggestion.left_id == left.member_id) & (Suggestion.right_id == right.member_id)
    place = func.row_number().over(
        partition_by=(low, high),
        order_by=(
            _last(Suggestion.status == PENDING),
            _last(~own),
            Suggestion.confidence.desc(),
            Suggestion.id,
        ),
    )
    ranked = (
        select(Suggestion.id, Suggestion.status, place.label("place"))
        .join(left, left.home_id == Suggestion.left_id)
        .join(right, right.home_id == Suggestion.right_id)
        .where(
            Suggestion.kind == KIND,
            Suggestion.status.in_([PENDING, DISMISSED]),
            left.member_id != right.member_id,
        )
        .subquery()
    )
    return select(ranked.c.id).where(ranked.c.place == 1, ranked.c.status == PENDING)


def _last(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def every_suggestion(session: Session) -> list[Found]:
    """Return id, pair, status, confidence and parts of every suggestion about identities."""
    query = select(
        Suggestion.id,
        Suggestion.left_id,
        Suggestion.right_id,
        Suggestion.status,
        Suggestion.confidence,
        Suggestion.parts,
        Suggestion.version,
    ).where(Suggestion.kind == KIND)
    return list(session.execute(query))


def undone(session: Session) -> set[frozenset[int]]:
    """Return the pairs of members that were parted again after a merge."""
    query = select(AuditEntry.detail).where(AuditEntry.action == "member.unmerge")
    details = session.scalars(query)
    return {frozenset((row.get("member"), row.get("into"))) for row in details}


def merges_of(session: Session, member_ids: Collection[int], action: str) -> list[int]:
    """Return which of the members were the one merged, or parted, in the order it was done."""
    query = select(AuditEntry.detail).where(AuditEntry.action == action).order_by(AuditEntry.id)
    done = [row.get("member") for row in session.scalars(query)]
    return [id_ for id_ in done if id_ in member_ids]


def add_suggestions(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add suggestions."""
    ids.put(session, Suggestion, [{"kind": KIND, **row} for row in rows])


def change_suggestions(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the given columns of the suggestions with the given ids."""
    if rows:
        session.execute(update(Suggestion), list(rows))


def expire_suggestions(session: Session, suggestion_ids: Sequence[int]) -> None:
    """Write that suggestions are no longer found. Their ids stay theirs."""
    for some in ids.parts(suggestion_ids):
        _run(session, update(Suggestion).where(Suggestion.id.in_(some)).values(status=EXPIRED))


def _run(session: Session, statement: Any) -> int:
    found: Any = session.execute(statement, execution_options={"synchronize_session": "fetch"})
    return int(found.rowcount)
