"""`conflicts first-posts`, `conflicts copies`, and what `show` and `stats` tell beside."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.commands import around, conflicts
from service.db.session import open_database
from tests.jobs.conftest import Run
from tests.service import http_store
from tests.service.newcomers import arrive, hostile, post, thread

NOW = http_store.NOW


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    http_store.build(folder)
    database = open_database(http_store.settings(folder).url)
    with database.write() as session:
        arrive(session)
        for number in range(6):
            made = http_store.START + timedelta(weeks=3 + number, hours=9)
            thread(session, 70 + number, made, channel="arena")
            post(session, 5000 + number, 70 + number, 1, made, "Nonsense!")
            hostile(session, 5000 + number)
    database.close()
    return folder


@pytest.fixture(autouse=True)
def _store(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(built, tmp_path / "store")
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(folder))
    for module in (around, conflicts):
        monkeypatch.setattr(module, "clock", lambda: NOW)


def test_first_posts(groundswell: Run) -> None:
    code, said, _ = groundswell("conflicts", "first-posts")
    assert code == 0
    assert said.splitlines() == [
        "   1001  Nobody has answered for 3 days.  (asks)  Mia in help > Question 31",
        "         Hello, how do I keep a notebook on two tablets at once?",
        "   1002  The only answer is curt; it was posted 24 hours ago.  (asks)  Noa in help > "
        "Question 32",
        "         My export is empty, any idea?",
        "         Ada: Learn to read the manual.",
        "2 of 2 people who first posted in the 14 days before 2026-02-28 12:00 UTC were left cold",
    ]
    found = json.loads(groundswell("conflicts", "first-posts", "--days", "2", "--json")[1])
    assert [(row["post_id"], row["kind"]) for row in found["data"]] == [(1002, "curt")]
    assert groundswell("conflicts", "first-posts", "--no-asks")[1].startswith("0 of 2 people")
    assert groundswell("conflicts", "first-posts", "--days", "99")[0] == 2


def test_copies(groundswell: Run) -> None:
    code, said, _ = groundswell("conflicts", "copies", "--channel", "sync")
    assert code == 0
    lines = said.splitlines()
    assert lines[0].startswith("    3 posts in 3 threads by ")
    assert "  (sync)  2026-02-" in lines[0]
    assert lines[1].strip().startswith("The phone app will not sync my notebook")
    assert lines[2].startswith("1 groups of copies among ")
    found = json.loads(groundswell("conflicts", "copies", "--json", "--channel", "sync")[1])
    assert (found["found"], found["data"][0]["post_ids"]) == (1, [152, 166, 179])
    assert groundswell("conflicts", "copies", "--as-of", "soon")[0] == 2


def test_patterns_and_people_are_told(groundswell: Run) -> None:
    said = groundswell("conflicts", "stats")[1]
    assert "more hostile posts than chance explains: arena, 6 of 6 cases, 100.0% (" in said
    assert "more hostile posts than chance explains: Monday 09:00 UTC, 6 of " in said
    found = json.loads(groundswell("conflicts", "stats", "--json")[1])["patterns"]
    assert found["hostile_channels"][0]["channel"] == "arena"
    assert (found["hostile_hours"][0]["weekday"], found["hostile_hours"][0]["hour"]) == (0, 9)
    shown = json.loads(groundswell("conflicts", "show", "4", "--json")[1])
    assert shown["people"][0]["posts"] > shown["people"][0]["posts_here"] > 0
    lines = groundswell("conflicts", "show", "4")[1]
    assert " posts here, " in lines
    assert " in flag 2 (" in lines


def test_an_empty_store_says_so(
    groundswell: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path / "none"))
    for command in ("first-posts", "copies"):
        code, _, error = groundswell("conflicts", command)
        assert (code, "there are no posts yet" in error) == (1, True)
    assert groundswell("conflicts", "stats")[0] == 0
