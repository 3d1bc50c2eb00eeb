"""The record of alerts: what each tick decided, which topics wait, what is listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from service.db.models import Alert, AlertTick, Topic

# Both as an alert's verdict.
ORGANIC, BRIGADE = "organic", "brigade"


def newest_tick(session: Session, span: str, until: datetime | None = None) -> AlertTick | None:
    """Return the newest tick that was decided, or the newest at or before a time."""
    query = select(AlertTick).where(AlertTick.span == span).order_by(AlertTick.tick.desc())
    if until is not None:
        query = query.where(AlertTick.tick <= until)
    return session.scalar(query.limit(1))


def waiting(session: Session, span: str) -> dict[int, Alert]:
    """Return the alert of each topic that waits to be armed again."""
    query = select(Alert).where(Alert.span == span, Alert.ended_at.is_(None)).order_by(Alert.id)
    return {alert.topic_id: alert for alert in session.scalars(query)}


def decided(session: Session, span: str, tick: datetime) -> bool:
    """Return whether a tick has been decided."""
    query = select(AlertTick.id).where(AlertTick.span == span, AlertTick.tick == tick)
    return session.scalar(query) is not None


def add_tick(session: Session, row: Mapping[str, Any], alerts: Sequence[Mapping[str, Any]]) -> None:
    """Write what a tick decided, and its alerts."""
    session.execute(insert(AlertTick), [dict(row)])
    if alerts:
        session.execute(insert(Alert), [dict(alert) for alert in alerts])


def keep_waiting(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the quiet ticks of alerts that wait, and when they ended: id, quiet, ended_at."""
    if rows:
        session.execute(update(Alert), [dict(row) for row in rows])


def newest_first(
    session: Session,
    limit: int,
    *,
    verdict: str | None = None,
    topic: int | None = None,
    span: str | None = None,
    after: tuple[datetime, int] | None = None,
) -> list[Alert]:
    """Return at most `limit` alerts, newest first, that follow the one with these keys.

    Those of topics that people hid are left out, but of the one that is asked for.
    """
    query = select(Alert).order_by(Alert.tick.desc(), Alert.id.desc()).limit(limit)
    if verdict is not None:
        query = query.where(Alert.verdict == verdict)
    if topic is None:
        hidden = select(Topic.id).where(Topic.hidden_at.is_not(None))
        query = query.where(Alert.topic_id.not_in(hidden))
    else:
        query = query.where(Alert.topic_id == topic)
    if span is not None:
        query = query.where(Alert.span == span)
    if after is not None:
        tick, id = after
        query = query.where((Alert.tick < tick) | ((Alert.tick == tick) & (Alert.id < id)))
    return list(session.scalars(query))
