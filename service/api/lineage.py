"""What became of topics, as the API tells it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from service.db.models import TopicEvent
from service.db.queries import ledger
from service.lineage import tell, undoable

SHOWN = 50


class EventOut(BaseModel):
    """What a run found out about a topic, or what a person decided."""

    id: int
    kind: str = Field(
        description="By a run `born`, `drifted`, `split`, `merged`, `died` or `labelled`; by a "
        "person `renamed`, `pinned`, `unpinned`, `hidden`, `shown`, `merged`, `split`, `moved` or "
        "`undone`."
    )
    topic: int
    other: int | None = Field(description="The other topic of a merge or a split.")
    at: datetime
    actor: str = Field(description="`run`, or who decided: a key by its name, or `local`.")
    told: str = Field(description="The event in one sentence.")
    evidence: dict[str, Any] = Field(description="What it rests on.")
    undoes: int | None = Field(description="The event that this one undid.")
    undone_at: datetime | None
    undoable: bool = Field(description="Whether `POST /topics/events/{id}/undo` may undo it.")


def lineage(session: Session, topic_id: int) -> list[EventOut]:
    """Return the newest events of a topic, newest first."""
    return present_events(ledger.events(session, topic_id, SHOWN))


def present_events(rows: Sequence[TopicEvent]) -> list[EventOut]:
    """Return events as the API gives them; which posts were moved is left out."""
    return [
        EventOut(
            id=row.id,
            kind=row.kind,
            topic=row.topic_id,
            other=row.other_id,
            at=row.at,
            actor=row.actor,
            told=tell(row),
            evidence={name: value for name, value in row.evidence.items() if name != "places"},
            undoes=row.undoes_id,
            undone_at=row.undone_at,
            undoable=undoable(row),
        )
        for row in rows
    ]
