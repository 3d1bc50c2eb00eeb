"""Alerts: what was told to rise, and what each tick spent of the budget of false alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, BigId


class AlertTick(Base):
    """One tick that was decided, once and for all. `span` is daily or hourly.

    Each of the `tested` topics was tested at `level`; `spent` is the sum of the levels, the false
    alerts that chance was let raise; `wealth` is what is left after it.
    """

    __tablename__ = "alert_tick"
    __table_args__ = (UniqueConstraint("span", "tick"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    span: Mapped[str] = mapped_column(String(10))
    tick: Mapped[datetime]
    tested: Mapped[int]
    level: Mapped[float]
    spent: Mapped[float]
    wealth: Mapped[float]
    alerts: Mapped[int]
    version: Mapped[str] = mapped_column(String(40))
    decided_at: Mapped[datetime]


class Alert(Base):
    """A topic that rose at a tick, told once until it has been quiet again.

    `verdict` is organic, or brigade: a few accounts or copies, which nobody is alerted of.
    `quiet` counts ticks with nothing unusual since; at the third `ended_at` is set, and the topic
    may raise the next. `receipt` says who, which posts, and how their sentiment shifted.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("topic_id", "span", "tick"),
        Index("ix_alert_tick_id", "tick", "id"),
        Index(
            "ix_alert_ended_at",
            "span",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topic.id"))
    span: Mapped[str] = mapped_column(String(10))
    tick: Mapped[datetime]
    verdict: Mapped[str] = mapped_column(String(20))
    observed: Mapped[int]
    expected: Mapped[float]
    p: Mapped[float]
    q: Mapped[float]
    level: Mapped[float]
    quiet: Mapped[int]
    ended_at: Mapped[datetime | None]
    receipt: Mapped[dict[str, Any]]
    version: Mapped[str] = mapped_column(String(40))
