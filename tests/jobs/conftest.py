"""A store that the small community was imported to, and the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from jobs import cli
from jobs.load import load
from service.db.session import Database
from service.settings import Settings
from tests.jobs import community

Run = Callable[..., tuple[int, str, str]]
Import = Callable[[list[dict[str, Any]]], None]


@pytest.fixture
def bring(database: Database, settings: Settings, now: datetime, tmp_path: Path) -> Import:
    """Return a function that imports records into the store."""

    def bring_in(rows: list[dict[str, Any]]) -> None:
        path = community.write(tmp_path / "archive.jsonl", rows)
        load(database, "jsonl", path, settings, now=now, source="archive", actor="test")

    return bring_in


@pytest.fixture
def groundswell(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command and returns exit code, output and error output."""
    monkeypatch.setenv("GROUNDSWELL_ENCODER", "hashing")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["groundswell", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capfd.readouterr()

    return run
