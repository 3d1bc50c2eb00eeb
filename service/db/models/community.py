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
    """One connector or file.

    `platform` is where its handles are unique: sources of one platform share people. `address`
    and `cursor` are of sources that are synced: where they live, and how far a sync has got.
    """

    __tablename__ = "source"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    platform: Mapped[str] = mapped_column(String(200), server_default=text("''"))
    address: Mapped[str | None] = mapped_column(Text)
    cursor: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    synced_at: Mapped[datetime | None]


class Account(Base):
    """A company."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    domain: Mapped[str] = mapped_column(String(253), unique=True)
    name: Mapped[str | None] = mapped_column(String(200))
    plan: Mapped[str | None] = mapped_column(String(100))
    annual_value: Mapped[float | None]


class Member(Base):
    """A person; handles hang on it as identities.

    The columns sum up what its identities say. A member that was merged into another keeps its
    row and its id, holds no identity, and names the other in `merged_into_id`.
    """

    __tablename__ = "member"
    __table_args__ = (
        Index("ix_member_merged_into_id", "merged_into_id", **_where("merged_into_id IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(400), index=True)
    is_bot: Mapped[bool] = mapped_column(server_default=false())
    is_staff: Mapped[bool] = mapped_column(server_default=false())
    is_deleted: Mapped[bool] = mapped_column(server_default=false())
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]


class Identity(Base):
    """A handle of a member on one platform, and what the platform says of its holder.

    `home_id` is the member that was made for the handle: where it returns when a merge is undone.
    `said_at` is when the newest post was made that told the name, e-mail or links. `verified`
    says that the platform vouches for the e-mail.
    """

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("platform", "value"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    platform: Mapped[str] = mapped_column(String(200))
    value: Mapped[str] = mapped_column(String(400))
    kind: Mapped[str] = mapped_column(String(20), server_default="username")
    home_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(400))
    email: Mapped[str | None] = mapped_column(String(400), index=True)
    verified: Mapped[bool] = mapped_column(server_default=false())
    links: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    is_bot: Mapped[bool] = mapped_column(server_default=false())
    is_staff: Mapped[bool] = mapped_column(server_default=false())
    is_deleted: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime]
    said_at: Mapped[datetime | None]


class Thread(Base):
    """A conversation. `last_post_at` is kept up by imports, so that lists need no grouping.

    `confidence` is of a conversation that was rebuilt from flat chat: the mean over its links,
    0 to 1; null where the source itself knows the thread.
    """

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
    confidence: Mapped[float | None]
    first_post_at: Mapped[datetime]
    last_post_at: Mapped[datetime]


class Post(Base):
    """What was said.

    `text` is shown to people; `plain` is what models read, and `content_hash` is over `plain`.
    `record_hash` covers every field of the record, so that a repeated import writes nothing.
    `parent_external_id` is kept beside `reply_to_id`: a parent may come with a later import.
    `flat` says that the source has no threads here, so that they may be rebuilt. Of a deleted post
    the row stays, without its text.
    """

    __tablename__ = "post"
    __table_args__ = (
        UniqueConstraint("source_id", "external_id"),
        Index("ix_post_created_at_id", "created_at", "id"),
        Index("ix_post_thread_id_created_at", "thread_id", "created_at"),
        Index("ix_post_member_id_created_at", "member_id", "created_at"),
        Index(
            "ix_post_source_id_parent_external_id",
            "source_id",
            "parent_external_id",
            **_where("parent_external_id IS NOT NULL"),
        ),
        Index("ix_post_reply_to_id", "reply_to_id", **_where("reply_to_id IS NOT NULL")),
        Index("ix_post_deleted_at", "deleted_at", **_where("deleted_at IS NOT NULL")),
        Index("ix_post_flat", "source_id", "created_at", **_where("flat")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str] = mapped_column(String(400))
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    # The source told no time: `edited_at` is when an import met the other text.
    edit_met: Mapped[bool] = mapped_column(server_default=false())
    deleted_at: Mapped[datetime | None]
    parent_external_id: Mapped[str | None] = mapped_column(String(400))
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"))
    text: Mapped[str] = mapped_column(Text)
    plain: Mapped[str] = mapped_column(Text)
    truncated: Mapped[bool] = mapped_column(server_default=false())
    flat: Mapped[bool] = mapped_column(server_default=false())
    url: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    record_hash: Mapped[bytes] = mapped_column(LargeBinary(16))


class RawItem(Base):
    """The item that a post was read from, as it came, packed by zlib."""

    __tablename__ = "raw_item"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


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
