"""What every command starts from: times as people write them, and a store that can be used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jobs.commands.context import moment
from service.errors import InvalidInput
from tests.jobs.conftest import Run


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2024-10-05", "2024-10-05 00:00:00+00:00", "2024-10-06 00:00:00+00:00"),
        ("2200-12-31", "2200-12-31 00:00:00+00:00", "2201-01-01 00:00:00+00:00"),
        ("2024-10-05T18:00:00+02:00", *["2024-10-05 16:00:00+00:00"] * 2),
        ("2024-10-05T18:00", *["2024-10-05 18:00:00+00:00"] * 2),
    ],
)
def test_a_date_is_its_end_or_its_begin(text: str, begin: str, end: str) -> None:
    assert str(moment(text, end=False)) == begin
    assert str(moment(text)) == end


def test_no_time_is_none() -> None:
    assert moment(None) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2024-13-05", "is no time: write 2024-10-05"),
        ("soon", "is no time"),
        ("0001-01-02", "years run from 1980 to 2200"),
        ("1979-12-31", "years run from 1980 to 2200"),
        ("9999-12-31", "years run from 1980 to 2200"),
        ("0001-01-01T00:00:00+14:00", "years run from 1980 to 2200"),
        ("9999-12-31T23:59:59-14:00", "years run from 1980 to 2200"),
    ],
)
def test_what_is_no_time_of_a_community_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        moment(text)


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("nonsense", "is no address of a database"),
        ("nonsense://h/x", "is no address of a database"),
        ("postgresql://u:hunter2@h:port/x", "is no address of a database"),
        ("postgresql://u:hunter2@h/x", "pip install -e '.[postgres]'"),
    ],
)
def test_a_database_that_cannot_be_is_one_line(
    groundswell: Run, monkeypatch: pytest.MonkeyPatch, url: str, line: str
) -> None:
    for driver in ("psycopg", "psycopg2"):
        monkeypatch.setitem(sys.modules, driver, None)
    monkeypatch.setenv("GROUNDSWELL_DATABASE_URL", url)
    code, out, error = groundswell("run")
    assert (code, out) == (2, "")
    assert error.startswith("groundswell: GROUNDSWELL_DATABASE_URL")
    assert line in error
    assert "postgresql+psycopg://" in error
    assert error.count("\n") == 1
    assert "hunter2" not in error


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_data_folder_that_cannot_be_is_one_line(
    groundswell: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path / folder))
    for command in ("run", "demo"):
        code, out, error = groundswell(command)
        assert (code, out, error.count("\n")) == (2, "", 1)
        assert f"cannot use {tmp_path / 'file'}" in error
        assert "GROUNDSWELL_DATA_DIR" in error
