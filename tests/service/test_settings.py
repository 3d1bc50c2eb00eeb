"""Settings come from the environment; a slip is named, never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import BadSetting
from service.settings import PREFIX, Settings, load

README = Path(__file__).parents[2] / "README.md"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GROUNDSWELL_PORT", "9000")
    found = load()
    assert (found.data_dir, found.port) == (tmp_path, 9000)
    assert found.url == f"sqlite:///{tmp_path}/groundswell.sqlite3"
    assert found.index_dir == tmp_path / "index"


def test_another_database_is_used_as_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", "postgresql+psycopg://localhost/community")
    assert load().url == "postgresql+psycopg://localhost/community"


def test_an_unknown_variable_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATADIR", "/somewhere")
    with pytest.raises(BadSetting, match="did you mean GROUNDSWELL_DATA_DIR"):
        load()


def test_a_value_out_of_range_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_PORT", "99999")
    with pytest.raises(BadSetting, match="GROUNDSWELL_PORT"):
        load()


def test_the_readme_names_every_setting() -> None:
    text = README.read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"{PREFIX}{name.upper()}" not in text]
    assert missing == []
