"""What every test may use: a fixed time, an own data folder, a real SQLite database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.db import migrate
from service.db.session import Database, open_database
from service.settings import Settings

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep tests away from the store of whoever runs them, and from every model hub."""
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("GROUNDSWELL_JUDGES", "lists")


@pytest.fixture
def now() -> datetime:
    """Return the time that tests run at."""
    return NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of an own store with the encoder that a person can compute."""
    folder = tmp_path / "data"
    folder.mkdir(exist_ok=True)
    return Settings(data_dir=folder, encoder="hashing")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """Yield a migrated SQLite database."""
    found = open_database(settings.url)
    migrate.upgrade(found)
    yield found
    found.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data; skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared/data is not here")
    return SHARED
