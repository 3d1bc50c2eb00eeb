"""`trends` and `alerts` on a store that has been run."""

from __future__ import annotations

import orjson
import pytest

from tests.jobs.community import records, write
from tests.jobs.conftest import Run


@pytest.fixture
def ran(groundswell: Run, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("GROUNDSWELL_JUDGES", "none")
    assert groundswell("import", "jsonl", write(tmp_path / "archive.jsonl", records()))[0] == 0
    assert groundswell("run")[0] == 0


@pytest.mark.usefixtures("ran")
def test_what_rises_is_shown_with_why(groundswell: Run) -> None:
    code, out, _ = groundswell("trends")
    assert code == 0
    assert out.startswith("1 of ")
    assert "people in the last day" in out
    assert "sync-room 12" in out
    found = orjson.loads(groundswell("trends", "--json")[1])
    assert found["window"] == "1d"
    assert found["trends"][0]["voices"]["verdict"] == "organic"
    assert found["trends"][0]["observed"] == 12


@pytest.mark.usefixtures("ran")
def test_other_windows_and_times(groundswell: Run) -> None:
    weeks = orjson.loads(groundswell("trends", "--window", "28d", "--json")[1])
    assert (weeks["window"], weeks["level"]) == ("28d", None)
    early = groundswell("trends", "--as-of", "2024-05-20")[1]
    assert early.startswith("0 of ")
    code, _, err = groundswell("trends", "--window", "2d")
    assert code == 2
    assert "1h" in err


@pytest.mark.usefixtures("ran")
def test_alerts_are_listed(groundswell: Run) -> None:
    code, out, _ = groundswell("alerts")
    assert code == 0
    [line] = out.splitlines()
    assert "12 people" in line
    assert "still up" in line
    [row] = orjson.loads(groundswell("alerts", "--json", "--brigades")[1])["data"]
    assert (row["span"], row["verdict"]) == ("daily", "organic")
    assert row["receipt"]["channels"] == [["sync-room", 12]]


def test_before_any_tick_there_is_nothing(
    groundswell: Run, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path / "data"))
    assert groundswell("alerts")[1] == "no alert has been raised\n"
