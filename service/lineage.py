"""The events of a topic in words, for pages, the API and the command line alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.db.models import TopicEvent
from service.db.queries.ledger import RUN
from service.topics import UNDONE


def undoable(event: TopicEvent) -> bool:
    """Return whether a person decided this, and nobody has undone it."""
    return event.actor != RUN and event.undone_at is None and event.kind in UNDONE


def tell(event: TopicEvent) -> str:
    """Return what became of a topic in one sentence."""
    told, known = event.evidence, event.actor == RUN
    said: Callable[[TopicEvent, dict[str, Any]], str] | None = {
        "born": _born,
        "drifted": _drifted,
        "split": _split,
        "merged": _merged,
        "died": _died,
        "renamed": _renamed,
        "labelled": _labelled,
        "moved": _moved,
        "undone": _undone,
    }.get(event.kind)
    sentence = said(event, told) if said else event.kind
    return sentence if known else f"{sentence}, by {event.actor}"


def _born(event: TopicEvent, told: dict[str, Any]) -> str:
    count = f"{_posts(told)} by {told.get('authors', 0):,} people"
    parent = f" out of topic {event.other_id}" if event.other_id else ""
    return f"born{parent} of {count}"


def _died(event: TopicEvent, told: dict[str, Any]) -> str:
    return "no longer found"


def _undone(event: TopicEvent, told: dict[str, Any]) -> str:
    return f"undone: {told.get('undid')}"


def _drifted(event: TopicEvent, told: dict[str, Any]) -> str:
    moved = f"drifted to {told['near']:.2f} of what it was" if "near" in told else "drifted"
    if "label" in told:
        return f"{moved}: “{told['label_before']}” is now “{told['label']}”"
    return moved


def _split(event: TopicEvent, told: dict[str, Any]) -> str:
    count = f": {_posts(told)} went" if "posts" in told else ""
    return f"split: topic {event.other_id} “{told.get('label', '')}” is part of what it was{count}"


def _merged(event: TopicEvent, told: dict[str, Any]) -> str:
    count = f" with {_posts(told)}" if "posts" in told else ""
    return f"topic {event.topic_id} “{told.get('label', '')}” merged into {event.other_id}{count}"


def _renamed(event: TopicEvent, told: dict[str, Any]) -> str:
    name = told.get("name")
    return f"named “{name}”" if name else f"name taken away: “{told.get('label')}” again"


def _labelled(event: TopicEvent, told: dict[str, Any]) -> str:
    return f"“{told.get('from')}” is called “{told.get('to')}” by {told.get('model')}"


def _moved(event: TopicEvent, told: dict[str, Any]) -> str:
    to = "no topic" if told.get("to") is None else f"topic {told['to']}"
    return f"{_posts(told)} moved to {to}"


def _posts(told: dict[str, Any]) -> str:
    count = int(told.get("posts", 0))
    return f"{count:,} post" + ("" if count == 1 else "s")
