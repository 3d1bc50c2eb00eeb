"""`groundswell topics`: listed, shown, changed, undone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.pipeline import run
from service.db.session import Database
from service.settings import Settings
from tests.jobs.community import records
from tests.jobs.conftest import Import, Run

STEPS = ("conversations", "encode", "topics")


@pytest.fixture(autouse=True)
def _ran(database: Database, settings: Settings, bring: Import, now: Any) -> None:
    bring(records())
    run(database, settings, now=now, steps=STEPS)


def rows(groundswell: Run, *more: str) -> list[dict[str, Any]]:
    code, said, _ = groundswell("topics", "--json", *more)
    assert code == 0
    return list(json.loads(said)["data"])


def test_topics_are_listed_and_shown(groundswell: Run) -> None:
    found = rows(groundswell)
    assert len(found) == 4
    assert [row["posts"] for row in found] == sorted((row["posts"] for row in found), reverse=True)
    first = found[0]
    code, said, _ = groundswell("topics")
    assert code == 0
    assert f"{first['id']:>5} {first['posts']:>7,}    {first['label']}" in said.splitlines()[0]
    assert said.splitlines()[-1].startswith("4 topics; ")
    code, said, _ = groundswell("topics", "show", str(first["id"]))
    assert code == 0
    assert said.startswith(f"{first['label']}  [topic {first['id']}]")
    assert f"born of {first['posts']} posts" in said
    shown = json.loads(groundswell("topics", "show", str(first["id"]), "--json")[1])
    assert shown["posts"] == first["posts"]
    assert [event["kind"] for event in shown["lineage"]] == ["born"]


def test_what_is_decided_is_said_with_what_undoes_it(groundswell: Run) -> None:
    before = rows(groundswell)
    one, other = before[0]["id"], before[1]["id"]
    for arguments in (
        ["rename", one, "Mine"],
        ["pin", other],
        ["hide", one],
        ["merge", one, other],
        ["split", one],
        ["move", "1", "2", "--to", one],
    ):
        code, said, _ = groundswell("topics", *map(str, arguments))
        assert code == 0, said
        last = said.splitlines()[-1]
        assert last.startswith("undo: groundswell topics undo ")
        assert groundswell("topics", "undo", last.split()[-1])[0] == 0
        assert groundswell("topics", "undo", last.split()[-1])[1].endswith("nothing was changed\n")
    assert [row["label"] for row in rows(groundswell)] == [row["label"] for row in before]
    assert [row["posts"] for row in rows(groundswell)] == [row["posts"] for row in before]


def test_a_name_and_marks_are_listed(groundswell: Run) -> None:
    one, other = (row["id"] for row in rows(groundswell)[:2])
    groundswell("topics", "rename", str(one), "Mine")
    groundswell("topics", "hide", str(one))
    groundswell("topics", "pin", str(other))
    assert rows(groundswell)[0]["id"] == other
    assert one not in [row["id"] for row in rows(groundswell)]
    assert one in [row["id"] for row in rows(groundswell, "--hidden")]
    code, said, _ = groundswell("topics", "show", str(one))
    assert (code, said.splitlines()[0]) == (0, f"Mine  [topic {one}]")
    assert "the machine calls it" in said
    code, said, _ = groundswell("topics", "rename", str(one), "--json")
    assert (code, json.loads(said)["changed"]) == (0, True)


def test_errors_are_one_line(groundswell: Run) -> None:
    for arguments, said in (
        (["show", "99"], "there is no topic 99"),
        (["rename", "99", "x"], "there is no topic 99"),
        (["merge", "1", "1"], "into itself"),
        (["move", "999"], "no run has placed post 999"),
        (["undo", "1"], "found by a run"),
    ):
        code, _, complaint = groundswell("topics", *arguments)
        assert code in (1, 2)
        assert said in complaint
        assert len(complaint.splitlines()) == 1
