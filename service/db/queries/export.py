"""What an export reads: streamed, in an order that hangs on no id, by natural keys.

Every list is told in pages of rows whose attributes are the fields that are written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from service.db.base import Base
from service.db.models import (
    Account,
    AuditEntry,
    Correction,
    Event,
    Identity,
    Member,
    Post,
    RawItem,
    Reaction,
    ReplyLink,
    ScoreModel,
    Source,
    Suggestion,
    Thread,
)
from service.db.queries.identities import FACTS, SAID
from service.db.queries.posts import visible

PAGE = 500
# A row whose attributes are the columns of its query.
Found = Any
Pages = Iterator[Sequence[Found]]


def hold_still(session: Session) -> None:
    """Let every later query of a fresh session see the same moment, as SQLite does by itself."""
    if _postgres(session):
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def total_posts(session: Session, *, private: bool) -> int:
    """Return how many posts `posts` gives."""
    query = select(func.count()).select_from(Post).join(Thread, Thread.id == Post.thread_id)
    return session.scalar(query.where(*_readable(private))) or 0


def posts(session: Session, *, private: bool) -> Pages:
    """Return posts that are not deleted, by (time, source, external id), with their threads."""
    query = (
        select(
            Post.id,
            Post.external_id,
            Post.member_id,
            Post.created_at,
            Post.edited_at,
            Post.parent_external_id,
            Post.text,
            Post.truncated,
            Post.flat,
            Post.url,
            Source.name.label("source"),
            Source.platform,
            Thread.external_id.label("thread"),
            Thread.title,
            Thread.channel,
            Thread.visibility,
            Thread.resolved,
            Thread.accepted_post_external_id,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .join(Source, Source.id == Post.source_id)
        .where(*_readable(private))
        .order_by(Post.created_at, _exact(session, Source.name), _exact(session, Post.external_id))
    )
    return _pages(session, query)


def reactions(session: Session, post_ids: Collection[int]) -> list[Found]:
    """Return the reactions under posts."""
    query = select(Reaction.post_id, Reaction.name, Reaction.author, Reaction.count)
    return list(session.execute(query.where(Reaction.post_id.in_(post_ids))))


def handles(session: Session, member_ids: Collection[int]) -> list[Found]:
    """Return the handles that the members hold, or were made for."""
    query = select(*FACTS)
    theirs = or_(Identity.member_id.in_(member_ids), Identity.home_id.in_(member_ids))
    return list(session.execute(query.where(theirs)))


def count(session: Session, table: type[Base]) -> int:
    """Return how many rows a table has."""
    return session.scalar(select(func.count()).select_from(table)) or 0


def sources(session: Session) -> Pages:
    """Return the sources, without how far a sync has got."""
    query = select(Source.id, Source.name, Source.kind, Source.platform, Source.address)
    return _pages(session, query.order_by(_exact(session, Source.name)))


def accounts(session: Session) -> Pages:
    """Return the companies."""
    query = select(Account.domain, Account.name, Account.plan, Account.annual_value)
    return _pages(session, query.order_by(_exact(session, Account.domain)))


def members(session: Session) -> Pages:
    """Return the members, each by the handle that it was made for."""
    home, into = aliased(Identity), aliased(Identity)
    query = (
        select(
            *_key("key", home),
            Member.name,
            Member.is_bot,
            Member.is_staff,
            Member.is_deleted,
            Member.created_at,
            Account.domain.label("account"),
            *_key("merged_into", into),
        )
        .select_from(home)
        .join(Member, Member.id == home.home_id)
        .outerjoin(Account, Account.id == Member.account_id)
        .outerjoin(into, into.home_id == Member.merged_into_id)
    )
    return _pages(session, query.order_by(*_by_handle(session, home)))


def identities(session: Session) -> Pages:
    """Return the handles, with the member that holds each now."""
    owner = aliased(Identity)
    query = (
        select(
            *_key("key", Identity),
            *_key("member", owner),
            Identity.kind,
            *SAID,
            Identity.created_at,
            Identity.said_at,
        )
        .select_from(Identity)
        .join(owner, owner.home_id == Identity.member_id)
    )
    return _pages(session, query.order_by(*_by_handle(session, Identity)))


def threads(session: Session, source_id: int) -> Pages:
    """Return the threads of a source."""
    query = select(
        Thread.external_id.label("id"),
        Thread.title,
        Thread.channel,
        Thread.visibility,
        Thread.resolved,
        Thread.accepted_post_external_id.label("accepted_answer_id"),
        Thread.confidence,
        Thread.first_post_at,
        Thread.last_post_at,
    ).where(Thread.source_id == source_id)
    return _pages(session, query.order_by(_exact(session, Thread.external_id)))


def every_post(session: Session, source_id: int) -> Pages:
    """Return the posts of a source, private and deleted ones too."""
    home = aliased(Identity)
    query = (
        select(
            Post.external_id.label("id"),
            Thread.external_id.label("thread"),
            *_key("member", home),
            Post.created_at,
            Post.edited_at,
            Post.edit_met,
            Post.deleted_at,
            Post.parent_external_id.label("parent_id"),
            Post.text,
            Post.truncated,
            Post.flat,
            Post.url,
            Post.record_hash,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .join(home, home.home_id == Post.member_id)
        .where(Post.source_id == source_id)
    )
    return _pages(session, query.order_by(_exact(session, Post.external_id)))


def every_reaction(session: Session, source_id: int) -> Pages:
    """Return the reactions under the posts of a source."""
    order = _exact(session, Reaction.name), _exact(session, Reaction.author)
    columns = Reaction.name, Reaction.author, Reaction.count
    query = _of_posts(source_id, *columns).join(Reaction, Reaction.post_id == Post.id)
    return _pages(session, query.order_by(_exact(session, Post.external_id), *order))


def raw_items(session: Session, source_id: int) -> Pages:
    """Return what the posts of a source were read from."""
    query = _of_posts(source_id, RawItem.data).join(RawItem, RawItem.post_id == Post.id)
    return _pages(session, query.order_by(_exact(session, Post.external_id)))


def reply_links(session: Session, source_id: int) -> Pages:
    """Return which post each post of flat chat answers, as a model found."""
    parent = aliased(Post)
    query = (
        _of_posts(
            source_id, parent.external_id.label("parent"), ReplyLink.confidence, ReplyLink.version
        )
        .join(ReplyLink, ReplyLink.post_id == Post.id)
        .outerjoin(parent, parent.id == ReplyLink.parent_id)
    )
    return _pages(session, query.order_by(_exact(session, Post.external_id)))


def corrections(session: Session, source_id: int) -> Pages:
    """Return the labels that people gave each post, the winning one of a task last."""
    query = (
        _of_posts(
            source_id,
            Correction.task,
            Correction.label,
            Correction.actor,
            Correction.note,
            Correction.sampled,
            ScoreModel.name.label("model"),
            ScoreModel.version,
            ScoreModel.labels.label("model_labels"),
            Correction.model_label,
            Correction.model_confidence,
            Correction.created_at,
        )
        .join(Correction, Correction.post_id == Post.id)
        .outerjoin(ScoreModel, ScoreModel.id == Correction.model_id)
    )
    return _pages(session, query.order_by(_exact(session, Post.external_id), Correction.id))


def events(session: Session, source_id: int) -> Pages:
    """Return the events of a source."""
    home = aliased(Identity)
    query = (
        select(
            Event.external_id.label("id"),
            Event.kind,
            *_key("member", home),
            Account.domain.label("account"),
            Event.occurred_at,
            Event.amount,
            Event.data,
        )
        .outerjoin(home, home.home_id == Event.member_id)
        .outerjoin(Account, Account.id == Event.account_id)
        .where(Event.source_id == source_id)
    )
    return _pages(session, query.order_by(_exact(session, Event.external_id)))


def suggestions(session: Session, ids: Collection[int] | None = None) -> list[Found]:
    """Return which members may be one, in no order: all, or those with the ids."""
    left, right = aliased(Identity), aliased(Identity)
    query = (
        select(
            Suggestion.id,
            Suggestion.kind,
            *_key("left", left),
            *_key("right", right),
            Suggestion.confidence,
            Suggestion.parts,
            Suggestion.version,
            Suggestion.status,
            Suggestion.created_at,
            Suggestion.resolved_at,
            Suggestion.resolved_by,
        )
        .join(left, left.home_id == Suggestion.left_id)
        .join(right, right.home_id == Suggestion.right_id)
    )
    if ids is not None:
        query = query.where(Suggestion.id.in_(ids))
    return list(session.execute(query))


def home_handles(session: Session, member_ids: Collection[int]) -> list[Found]:
    """Return home_id, platform and value of the handles that members were made for."""
    query = select(Identity.home_id, Identity.platform, Identity.value)
    return list(session.execute(query.where(Identity.home_id.in_(member_ids))))


def post_keys(session: Session, post_ids: Collection[int]) -> list[Found]:
    """Return id, source and external_id of posts."""
    query = select(Post.id, Source.name.label("source"), Post.external_id)
    query = query.join(Source, Source.id == Post.source_id)
    return list(session.execute(query.where(Post.id.in_(post_ids))))


def audit(session: Session) -> Pages:
    """Return who did what, in the order in which it was done."""
    query = select(
        AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.target, AuditEntry.detail
    )
    return _pages(session, query.order_by(AuditEntry.id))


def _readable(private: bool) -> tuple[ColumnElement[bool], ...]:
    return (Post.deleted_at.is_(None),) if private else visible()


def _key(name: str, handle: Any) -> tuple[Any, Any]:
    return handle.platform.label(f"{name}_platform"), handle.value.label(f"{name}_value")


def _by_handle(session: Session, handle: Any) -> tuple[Any, Any]:
    return _exact(session, handle.platform), _exact(session, handle.value)


def _of_posts(source_id: int, *columns: Any) -> Select[*tuple[Any, ...]]:
    query = select(Post.external_id.label("post"), *columns).select_from(Post)
    return query.where(Post.source_id == source_id)


def _exact(session: Session, column: InstrumentedAttribute[str]) -> Any:
    """Return the column in the order of its bytes, as SQLite has it, and not of a language."""
    return column.collate("C") if _postgres(session) else column


def _postgres(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _pages(session: Session, query: Select[*tuple[Any, ...]]) -> Pages:
    return session.execute(query, execution_options={"yield_per": PAGE}).partitions()
