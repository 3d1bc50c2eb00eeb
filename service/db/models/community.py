"""Who said what, where and when.

Ids are never given twice (`sqlite_autoincrement`): an index or a link that still names a removed
post, thread or member must not come to mean another.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, BigId


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Source(Base):
    """One connector or file."""

    __tablename__ = "source"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    cursor: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class Account(Base):
    """A company."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    domain: Mapped[str] = mapped_column(String(253), unique=True)
    name: Mapped[str | None] = mapped_column(String(200))
    plan: Mapped[str | None] = mapped_column(String(100))
    annual_value: Mapped[float | None]


class Member(Base):
    """A person; handles hang on it as identities."""

    __tablename__ = "member"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(400), index=True)
    is_bot: Mapped[bool] = mapped_column(server_default=false())
    is_staff: Mapped[bool] = mapped_column(server_default=false())
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]


class Identity(Base):
    """A handle of a member on one platform."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("platform", "value"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    platform: Mapped[str] = mapped_column(String(200))
    value: Mapped[str] = mapped_column(String(400))
    kind: Mapped[str] = mapped_column(String(20), server_default="username")
    verified: Mapped[bool] = mapped_column(server_default=false())


class Thread(Base):
    """A conversation. `last_post_at` is kept up by imports, so that lists need no grouping."""

    __tablename__ = "thread"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index("ix_thread_last_post_at_id", "last_post_at", "id"),
        # The few that nobody may read are counted off, rather than all others counted.
        Index("ix_thread_visibility", "visibility", **_where("visibility <> 'public'")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str] = mapped_column(String(400))
    title: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(String(400), index=True)
    visibility: Mapped[str] = mapped_column(String(10), server_default="public")
    resolved: Mapped[bool] = mapped_column(server_default=false())
    accepted_post_external_id: Mapped[str | None] = mapped_column(String(400))
    first_post_at: Mapped[datetime]
    last_post_at: Mapped[datetime]


class Post(Base):
    """What was said.

    `text` is shown to people; `plain` is what models read, and `content_hash` is over `plain`.
    `record_hash` covers every field of the record, so that a repeated import writes nothing.
    `parent_external_id` is kept beside `reply_to_id`: a parent may come with a later import.
    """

    __tablename__ = "post"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index("ix_post_created_at_id", "created_at", "id"),
        Index("ix_post_thread_id_created_at", "thread_id", "created_at"),
        Index("ix_post_member_id_created_at", "member_id", "created_at"),
        Index("ix_post_source_id_parent_external_id", "source_id", "parent_external_id"),
        Index("ix_post_deleted_at", "deleted_at", **_where("deleted_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str] = mapped_column(String(400))
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    parent_external_id: Mapped[str | None] = mapped_column(String(400))
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    plain: Mapped[str] = mapped_column(Text)
    truncated: Mapped[bool] = mapped_column(server_default=false())
    url: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    record_hash: Mapped[bytes] = mapped_column(LargeBinary(16))


class Reaction(Base):
    """How often one reaction stands under a post, and by whom where the source says it."""

    __tablename__ = "reaction"
    __table_args__ = (UniqueConstraint("post_id", "name", "author"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    name: Mapped[str] = mapped_column(String(200))
    # The handle as the source gives it; "" where it gives only a count.
    author: Mapped[str] = mapped_column(String(400), server_default=text("''"))
    count: Mapped[int] = mapped_column(server_default="1")


class Event(Base):
    """What happened beside posts: joined, referred, purchased and so on."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index("ix_event_kind_occurred_at", "kind", "occurred_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str] = mapped_column(String(400))
    kind: Mapped[str] = mapped_column(String(40))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    occurred_at: Mapped[datetime]
    amount: Mapped[float | None]
    data: Mapped[dict[str, Any]]
