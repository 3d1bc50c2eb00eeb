"""People, and where they come from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from service.db.models import Identity, Member, Post, Source, Thread
from service.db.queries.posts import hidden, visible

# A row whose attributes are the columns of its query.
Found = Any


@dataclass(frozen=True, slots=True)
class MemberFilters:
    """Which members: platform and handle match exactly and together, a part of the name will do."""

    platform: str | None = None
    handle: str | None = None
    name: str | None = None
    is_bot: bool | None = None
    is_staff: bool | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """How much a member wrote that anyone may read, and when."""

    posts: int = 0
    first_post_at: datetime | None = None
    last_post_at: datetime | None = None


def total(session: Session) -> int:
    """Return how many people wrote a post that anyone may read."""
    own = exists().where(Post.member_id == Member.id, Post.id.not_in(hidden()))
    return session.scalar(select(func.count()).select_from(Member).where(own)) or 0


def names(session: Session) -> list[str]:
    """Return what people are called, each name once, in order; bots are left out."""
    query = select(Member.name).where(Member.is_bot.is_(False)).distinct().order_by(Member.name)
    return list(session.scalars(query))


def sources(session: Session) -> list[str]:
    """Return the names of the sources, in order."""
    return list(session.scalars(select(Source.name).order_by(Source.name)))


def listed(
    session: Session,
    filters: MemberFilters,
    limit: int,
    after: int | None = None,
    *,
    everyone: bool,
) -> list[Member]:
    """Return at most `limit` members that were merged into no other, by id, after an id.

    Without `everyone` only those who wrote what anyone may read, and no e-mail address is matched.
    """
    query = select(Member).where(Member.merged_into_id.is_(None))
    if not everyone:
        query = query.where(_heard(Member.id))
    if filters.platform is not None or filters.handle is not None:
        query = query.where(_holds(filters, everyone))
    if filters.name is not None:
        query = query.where(_called(filters.name))
        if not everyone:
            query = query.where(Member.name.not_like("%@%"))
    if filters.is_bot is not None:
        query = query.where(Member.is_bot == filters.is_bot)
    if filters.is_staff is not None:
        query = query.where(Member.is_staff == filters.is_staff)
    if after is not None:
        query = query.where(Member.id > after)
    return list(session.scalars(query.order_by(Member.id).limit(limit)))


def member(session: Session, id_: int, *, everyone: bool) -> Member | None:
    """Return a member; without `everyone` only one who wrote what anyone may read."""
    row = session.get(Member, id_)
    if row is None or everyone:
        return row
    if row.merged_into_id is None:
        known: Select[Any] = select(_heard(id_))
    else:
        own = select(Identity.id).where(Identity.home_id == id_, _spoke(Identity))
        known = select(own.exists())
    return row if session.scalar(known) else None


def by_ids(session: Session, ids: Collection[int]) -> list[Member]:
    """Return members, in the order of the ids."""
    found = {row.id: row for row in session.scalars(select(Member).where(Member.id.in_(ids)))}
    return [found[id_] for id_ in ids]


def merged_into(session: Session, id_: int) -> list[Member]:
    """Return the members that were merged into one itself, by id."""
    query = select(Member).where(Member.merged_into_id == id_).order_by(Member.id)
    return list(session.scalars(query))


def handles(
    session: Session, member_ids: Collection[int], *, everyone: bool
) -> dict[int, list[Identity]]:
    """Return the handles of members, those they were made for first.

    Without `everyone` only those that wrote what anyone may read.
    """
    query = select(Identity).where(Identity.member_id.in_(member_ids))
    if not everyone:
        query = query.where(_spoke(Identity))
    query = query.order_by(Identity.home_id != Identity.member_id, Identity.platform)
    found: dict[int, list[Identity]] = {id_: [] for id_ in member_ids}
    for row in session.scalars(query):
        found[row.member_id].append(row)
    return found


def activity(session: Session, member_ids: Collection[int]) -> dict[int, Activity]:
    """Return what members wrote that anyone may read; those who wrote nothing are left out."""
    query = (
        select(Post.member_id, func.count(), func.min(Post.created_at), func.max(Post.created_at))
        .join(Thread, Thread.id == Post.thread_id)
        .where(*visible(), Post.member_id.in_(member_ids))
        .group_by(Post.member_id)
    )
    found = session.execute(query)
    return {id_: Activity(posts, first, last) for id_, posts, first, last in found}


def open_book(member_id: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions that a member wrote what anyone may read, by each handle it has."""
    handle = aliased(Identity)
    silent = select(handle.id).where(handle.member_id == member_id, ~_spoke(handle))
    return _heard(member_id), ~silent.exists()


def _heard(member_id: Any) -> ColumnElement[bool]:
    said = select(Post.id).join(Thread, Thread.id == Post.thread_id)
    return said.where(Post.member_id == member_id, *visible()).exists()


def _spoke(handle: Any) -> ColumnElement[bool]:
    # A member has one handle on a platform: what it wrote there, that handle wrote.
    said = (
        select(Post.id)
        .join(Thread, Thread.id == Post.thread_id)
        .join(Source, Source.id == Post.source_id)
    )
    there = (Post.member_id == handle.member_id, Source.platform == handle.platform)
    return said.where(*there, *visible()).exists()


def _holds(filters: MemberFilters, everyone: bool) -> ColumnElement[bool]:
    held = select(Identity.id).where(Identity.member_id == Member.id)
    if filters.platform is not None:
        held = held.where(Identity.platform == filters.platform)
    if filters.handle is not None:
        held = held.where(Identity.value == filters.handle)
    if not everyone:
        held = held.where(_spoke(Identity))
    if not everyone and filters.handle is not None:
        held = held.where(Identity.value.not_like("%@%"))
    return held.exists()


def _called(name: str) -> ColumnElement[bool]:
    # SQLite knows upper and lower case of ASCII alone: other letters are tried in each form.
    forms = dict.fromkeys((name, name.lower(), name.upper(), name.title()))
    return or_(*(Member.name.icontains(form, autoescape=True) for form in forms))
