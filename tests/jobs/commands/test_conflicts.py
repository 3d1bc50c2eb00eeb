"""`groundswell conflicts`: the queue on the command line, decided and undone."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.commands import conflicts
from service.db.models import Flag
from service.db.queries import flags as record
from service.db.session import open_database
from tests.jobs.conftest import Run
from tests.service import http_store

NOW = http_store.NOW


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    http_store.build(folder)
    return folder


@pytest.fixture(autouse=True)
def _store(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(built, tmp_path / "store")
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(folder))
    monkeypatch.setattr(conflicts, "clock", lambda: NOW)


def rows(groundswell: Run, *more: str) -> list[dict[str, Any]]:
    code, said, _ = groundswell("conflicts", *more, "--json")
    assert code == 0
    return list(json.loads(said)["data"])


def test_the_queue_is_listed_with_reasons(groundswell: Run) -> None:
    code, said, _ = groundswell("conflicts")
    assert code == 0
    lines = said.splitlines()
    assert lines[0] == "    1   0.37  heat 0.80  open  editor: Editor shortcuts, part 2"
    assert lines[1] == "        A sentence begins with “you”. “Which”"
    assert lines[2].startswith("    4   0.24  heat 0.70  claimed by ann  lounge: thread 4")
    assert lines[-1] == "1 claimed; 1 dismissed; 1 open"
    assert [row["id"] for row in rows(groundswell)] == [1, 4]
    assert [row["id"] for row in rows(groundswell, "--status", "dismissed")] == [2]
    assert [row["id"] for row in rows(groundswell, "--channel", "editor")] == [1]
    assert rows(groundswell, "--since", "2026-02-27") == []


def test_one_is_shown(groundswell: Run) -> None:
    code, said, _ = groundswell("conflicts", "show", "2")
    assert code == 0
    assert "thread 3, raised by post 181" in said
    assert "review 1: dismissed as a technical dispute by ann on 2026-02-28 11:00 UTC" in said
    assert ": About colours." in said
    shown = json.loads(groundswell("conflicts", "show", "1", "--json")[1])
    assert shown["similar"][0]["id"] == 2
    assert shown["curve"][-1] == {"post": 180, "heat": 0.8}
    for flag in ("3", "99"):  # of a private thread; none at all
        code, _, error = groundswell("conflicts", "show", flag)
        assert (code, f"there is no flag {flag}" in error) == (1, True)


def test_an_older_archive_is_shown_as_of_its_newest_post(
    groundswell: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [row["priority"] for row in rows(groundswell)]
    monkeypatch.setattr(conflicts, "clock", lambda: NOW + timedelta(days=4_000))
    later = [row["priority"] for row in rows(groundswell)]
    assert before[0] == pytest.approx(0.372, abs=1e-3)
    assert before[0] < later[0] < before[0] * 1.1


def test_a_sentence_is_said_once(groundswell: Run, tmp_path: Path) -> None:
    database = open_database(http_store.settings(tmp_path / "store").url)
    with database.write() as session:
        flag = session.get_one(Flag, 1)
        more = {**flag.reasons[0], "words": "It grows.", "weight": 0.5}
        flag.reasons = [*flag.reasons, {**more, "words": "Many.", "start": 0, "end": 0}, more]
        record.withdraw(session, flag, NOW, {"heat": 0.125, "threshold": 0.5})
    database.close()
    code, said, _ = groundswell("conflicts", "show", "1")
    assert code == 0
    assert "  A sentence begins with “you”. It grows. “Which”\n  Many.\n" in said
    assert (
        "withdrawn as the thread calmed down by a run on 2026-02-28 12:00 UTC (heat 0.12, " in said
    )
    shown = json.loads(groundswell("conflicts", "show", "1", "--json")[1])
    assert shown["reviews"][0]["evidence"] == {"heat": 0.125, "threshold": 0.5}


def test_steps_are_said_with_what_undoes_them(groundswell: Run) -> None:
    until = f"{NOW + timedelta(days=2):%Y-%m-%d}"
    for action, *more in (
        ["claim"], ["release"], ["escalate", "--note", "For the team."], ["reopen"],
        ["snooze", "--until", until], ["confirm"], ["dismiss", "--reason", "banter"],
    ):  # fmt: skip
        code, said, _ = groundswell("conflicts", action, "1", *more)
        if action == "dismiss":  # it was confirmed: that is undone first
            assert code == 1
            code, said, _ = groundswell("conflicts", "reopen", "1")
            code, said, _ = groundswell("conflicts", action, "1", *more)
        assert code == 0, (action, said)
        assert "by local on 2026-02-28 12:00 UTC" in said
        assert "undo: groundswell conflicts undo " in said
    review = said.split("undo ")[-1].strip()
    code, said, _ = groundswell("conflicts", "undo", review)
    assert (code, "flag 1 is open" in said) == (0, True)
    code, said, _ = groundswell("conflicts", "undo", review, "--json")
    assert json.loads(said)["changed"] is False
    assert groundswell("conflicts", "undo", "999")[0] == 1


def test_a_revision_that_is_over_is_refused(groundswell: Run) -> None:
    assert groundswell("conflicts", "claim", "1", "--revision", "1")[0] == 0
    code, _, error = groundswell("conflicts", "confirm", "1", "--revision", "1")
    assert code == 1
    assert "claimed by local on 2026-02-28 12:00 UTC" in error
    assert groundswell("conflicts", "dismiss", "1", "--reason", "boring")[0] == 2
    assert groundswell("conflicts", "snooze", "1", "--until", "2020-01-01")[0] == 2


def test_the_record(groundswell: Run) -> None:
    code, said, _ = groundswell("conflicts", "stats")
    assert code == 0
    assert said.splitlines()[0] == (
        "all: 3 flags, 0 confirmed, 1 dismissed, 0 withdrawn, 2 waiting; "
        "precision 0.00 (0.00 to 0.73)"
    )
    assert "flags a week: 3.9" in said
    assert "dismissed, technical: 1" in said
    found = json.loads(groundswell("conflicts", "stats", "--json", "--channel", "editor")[1])
    assert (found["all"]["flags"], found["all"]["precision"]) == (1, None)
    assert found["weeks"][0]["week"] == "2026-02-23T00:00:00Z"
