"""What `export --all` writes: the files, their fields, and the values that these may have."""

from __future__ import annotations

import math
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

from service.ingest.fields import BadRecord, clean, kind

FORMAT = "groundswell-export"
VERSION = 2
MANIFEST = "manifest.json"
AUDIT = "audit"
AUDIT_SUM = "audit.sha256"
VISIBILITIES = ("public", "private", "direct")
# What runs and `rebuild-index` make anew, and what belongs to one machine.
LEFT_OUT = (
    "embeddings",
    "topics",
    "trends",
    "scores",
    "flags",
    "index",
    "jobs",
    "api keys",
    "cursors of synced sources",
)

# A field's kind; with "?" it may be null. A key is [platform, handle]: the handle that a member
# was made for. A post, thread or event goes by its source's name and its id there.
POST = {"source": "text", "post": "text"}
FLAGS = {"is_bot": "flag", "is_staff": "flag", "is_deleted": "flag"}
TABLES: dict[str, dict[str, str]] = {
    "sources": {"name": "text", "kind": "text", "platform": "text", "address": "text?"},
    "accounts": {"domain": "text", "name": "text?", "plan": "text?", "annual_value": "number?"},
    "members": {
        "key": "key",
        "name": "text",
        **FLAGS,
        "created_at": "time",
        "account": "text?",
        "merged_into": "key?",
    },
    "identities": {
        "key": "key",
        "member": "key",
        "kind": "text",
        "name": "text?",
        "email": "text?",
        "verified": "flag",
        "links": "list",
        **FLAGS,
        "created_at": "time",
        "said_at": "time?",
    },
    "threads": {
        "source": "text",
        "id": "text",
        "title": "text?",
        "channel": "text?",
        "visibility": "visibility",
        "resolved": "flag",
        "accepted_answer_id": "text?",
        "confidence": "number?",
        "first_post_at": "time",
        "last_post_at": "time",
    },
    "posts": {
        "source": "text",
        "id": "text",
        "thread": "text",
        "member": "key",
        "created_at": "time",
        "edited_at": "time?",
        "edit_met": "flag",
        "deleted_at": "time?",
        "parent_id": "text?",
        "text": "text",
        "truncated": "flag",
        "flat": "flag",
        "url": "text?",
        "record_hash": "hash",
    },
    "reactions": {**POST, "name": "text", "author": "text", "count": "whole"},
    "raw_items": {**POST, "data": "bytes"},
    "reply_links": {**POST, "parent": "text?", "confidence": "number", "version": "text"},
    "events": {
        "source": "text",
        "id": "text",
        "kind": "text",
        "member": "key?",
        "account": "text?",
        "occurred_at": "time",
        "amount": "number?",
        "data": "object",
    },
    "suggestions": {
        "kind": "text",
        "left": "key",
        "right": "key",
        "confidence": "number",
        "parts": "list",
        "version": "text",
        "status": "text",
        "created_at": "time",
        "resolved_at": "time?",
        "resolved_by": "text?",
    },
    "corrections": {
        **POST,
        "task": "text",
        "label": "text",
        "actor": "text",
        "note": "text?",
        "sampled": "flag",
        "model": "text?",
        "version": "text?",
        "model_labels": "list?",
        "model_label": "text?",
        "model_confidence": "number?",
        "created_at": "time",
    },
    AUDIT: {
        "at": "time",
        "actor": "text",
        "action": "text",
        "target": "text",
        "target_key": "list?",
        "detail": "object",
    },
}
# Since which version a table is written; of older exports it is empty.
SINCE = {"corrections": 2}


def values(table: str, row: Any) -> dict[str, Any]:
    """Return the values of one line: keys as tuples, times aware, hashes and raw items as bytes.

    Raise BadRecord where a field is missing, unknown or of another kind.
    """
    fields = TABLES[table]
    if not isinstance(row, dict) or row.keys() != fields.keys():
        raise BadRecord(f"the line has not the fields {', '.join(fields)}")
    return {name: _value(name, form, row[name]) for name, form in fields.items()}


def _value(name: str, form: str, value: Any) -> Any:
    if value is None and form.endswith("?"):
        return None
    found = READ[form.removesuffix("?")](name, value)
    if found is None:
        raise BadRecord(f"`{name}` is {kind(value)}; it must be of kind {form}")
    return found


def _text(name: str, value: Any) -> str | None:
    return clean(value, name) if isinstance(value, str) else None


def _visibility(name: str, value: Any) -> str | None:
    return value if value in VISIBILITIES else None


def _flag(name: str, value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(name: str, value: Any) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    return value if fits else None


def _number(name: str, value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _time(name: str, value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _key(name: str, value: Any) -> tuple[str, str] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    platform, handle = (_text(name, part) for part in value)
    return None if platform is None or handle is None else (platform, handle)


def _hash(name: str, value: Any) -> bytes | None:
    try:
        found = bytes.fromhex(value)
    except (TypeError, ValueError):
        return None
    return found if len(found) == 16 else None


def _bytes(name: str, value: Any) -> bytes | None:
    """Return text as UTF-8; what is none stands as {"base64": "..."}."""
    if isinstance(value, str):
        return value.encode()
    try:
        return b64decode(value["base64"], validate=True)
    except (TypeError, KeyError, ValueError):
        return None


def _object(name: str, value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _list(name: str, value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


READ = {
    "text": _text,
    "visibility": _visibility,
    "flag": _flag,
    "whole": _whole,
    "number": _number,
    "time": _time,
    "key": _key,
    "hash": _hash,
    "bytes": _bytes,
    "object": _object,
    "list": _list,
}
