"""The demo keeps to a store of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.commands.archive import demo_settings
from service.settings import load


def test_what_is_served_is_the_demo_and_not_the_community(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", "postgresql+psycopg://host/community")
    made = demo_settings(load(), 7)
    served = load()
    assert served.url == made.url == f"sqlite:///{tmp_path}/data/demo-7/groundswell.sqlite3"
    assert served.data_dir == made.data_dir == tmp_path / "data" / "demo-7"
