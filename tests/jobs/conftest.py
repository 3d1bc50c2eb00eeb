"""A store that the small community was imported to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.load import load
from service.db.session import Database
from service.settings import Settings
from tests.jobs import community

Import = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def bring(database: Database, settings: Settings, now: datetime, tmp_path: Path) -> Import:
    """Return a function that imports records into the store."""

    def bring_in(rows: list[dict[str, Any]]) -> None:
        path = community.write(tmp_path / "archive.jsonl", rows)
        load(database, "jsonl", path, settings, now=now, source="archive", actor="test")

    return bring_in
