"""Heat of threads, the flags that it raised, and what people did with them.

Threads and posts are named by ids that are never given twice, and may be gone: what people decided
is kept, and nobody is shown a flag whose thread they may not read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, BigId

_UNRESOLVED = text("status IN ('open', 'claimed', 'escalated', 'snoozed')")


class ThreadHeat(Base):
    """How heated a thread is after its newest post, by one version of the model.

    `curve` has [post id, heat] of the newest posts, oldest first; `peak` is the highest of the last
    eight weeks. `state` is the digest of the posts it was computed from; empty: to be read again.
    """

    __tablename__ = "thread_heat"

    thread_id: Mapped[int] = mapped_column(
        ForeignKey("thread.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[str] = mapped_column(String(80), primary_key=True)
    heat: Mapped[float]
    peak: Mapped[float]
    posts: Mapped[int]
    newest_post_id: Mapped[int] = mapped_column(BigId)
    turning_post_id: Mapped[int | None] = mapped_column(BigId)
    curve: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class Flag(Base):
    """One entry of the moderators' queue about one thread.

    `post_id` is the post that raised it; `heat`, `peak`, `reasons`, `turning_post_id`, `hostile`
    and `newest_at` follow the thread while nobody has decided, `features` are as of raising.
    `rank` orders the queue at any time (service.insights.heat.rank). Whoever changes what people
    see of its state raises `revision`. `reason` is that of a dismissal.
    """

    __tablename__ = "flag"
    __table_args__ = (
        Index(
            "uq_flag_thread_id",
            "thread_id",
            unique=True,
            sqlite_where=_UNRESOLVED,
            postgresql_where=_UNRESOLVED,
        ),
        Index("ix_flag_thread_id_id", "thread_id", "id"),
        Index("ix_flag_status_rank_id", "status", "rank", "id"),
        Index("ix_flag_raised_at", "raised_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    thread_id: Mapped[int] = mapped_column(BigId)
    status: Mapped[str] = mapped_column(String(20))
    raised_at: Mapped[datetime]
    post_id: Mapped[int] = mapped_column(BigId)
    heat: Mapped[float]
    peak: Mapped[float]
    threshold: Mapped[float]
    version: Mapped[str] = mapped_column(String(80))
    hostile: Mapped[int] = mapped_column(server_default="0")
    newcomer: Mapped[bool] = mapped_column(server_default=false())
    newest_at: Mapped[datetime]
    rank: Mapped[int] = mapped_column(BigId)
    reasons: Mapped[list[Any]]
    turning_post_id: Mapped[int | None] = mapped_column(BigId)
    features: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(server_default="1")
    claimed_by: Mapped[str | None] = mapped_column(String(120))
    snoozed_until: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(String(20))


class FlagReview(Base):
    """What a person, or a run that withdrew it, did with a flag. Rows are only added.

    `before` and `after` are the flag's state, `revision` its revision after; `post_id` is the
    newest post of the thread then. `undoes_id` names the review that this one undid, which has
    `undone_at` set.
    """

    __tablename__ = "flag_review"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    flag_id: Mapped[int] = mapped_column(ForeignKey("flag.id"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(20))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    revision: Mapped[int]
    reason: Mapped[str | None] = mapped_column(String(20))
    note: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[dict[str, Any]]
    post_id: Mapped[int | None] = mapped_column(BigId)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("flag_review.id"))
    undone_at: Mapped[datetime | None]
