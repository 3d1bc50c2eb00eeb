"""A small community that says what it means, for tests of the steps."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

START = datetime(2024, 3, 1, 9, tzinfo=UTC)
DAYS = 90
SUBJECTS = {
    "sync": ["sync", "conflict", "laptop", "phone", "merge", "offline", "server", "queue"],
    "export": ["export", "pdf", "margin", "page", "font", "print", "heading", "layout"],
    "plugin": ["plugin", "api", "hook", "manifest", "sandbox", "script", "command", "install"],
    "theme": ["theme", "dark", "color", "contrast", "css", "accent", "sidebar", "palette"],
}


def records(seed: int = 1, each: int = 70, burst: int = 12) -> list[dict[str, Any]]:
    """Return archive records of 4 subjects over 90 days; `sync` bursts on the last day."""
    chance = random.Random(seed)
    rows = []
    for subject, words in SUBJECTS.items():
        for number in range(each):
            at = START + timedelta(days=chance.uniform(0, DAYS - 1))
            rows.append(_row(subject, words, number, f"{subject}{number % 15}", at, chance))
    for number in range(burst):
        at = START + timedelta(days=DAYS - 1, hours=number)
        rows.append(_row("sync", SUBJECTS["sync"], 900 + number, f"guest{number}", at, chance))
    return sorted(rows, key=lambda row: (str(row["created_at"]), str(row["id"])))


def _row(
    subject: str, words: list[str], number: int, author: str, at: datetime, chance: random.Random
) -> dict[str, Any]:
    return {
        "id": f"{subject}-{number}",
        "thread_id": f"{subject}-{number // 4}",
        "thread_title": f"About {subject} {number // 4}",
        "channel": f"{subject}-room",
        "author": author,
        "created_at": at.isoformat(),
        "parent_id": None,
        "text": " ".join(chance.choices(words, k=8)),
    }


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write records as JSON Lines and return the path."""
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path
