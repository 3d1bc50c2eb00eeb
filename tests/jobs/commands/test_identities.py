"""`identities` on a store that two platforms were imported to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.load import load
from service.db.queries import identities as queries
from service.db.session import Database
from service.settings import Settings
from tests.jobs import community
from tests.jobs.conftest import Run

Bring = Callable[..., None]
PEOPLE = ("Marguerite Oyelaran", "Tobias Wendelstein", "Priyanka Raghunathan")


def row(source: str, author: str, name: str, at: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{source}-{author}-{at}", "thread_id": f"{source}-t", "source": source,
        "author": author, "author_name": name, "text": f"word {at}",
        "created_at": f"2026-05-01T10:{at:02}:00Z",
    } | more  # fmt: skip


@pytest.fixture
def brought(database: Database, settings: Settings, now: datetime, tmp_path: Path) -> None:
    rows = []
    for at, name in enumerate(PEOPLE):
        first, last = name.lower().split()
        rows += [
            row("forum", f"{first}.{last}", name, at),
            row("forum", f"{first}.{last}", name, 9 + at),
        ]
        rows.append(row("chat", f"{first[0]}{last}", name, at))
    path = community.write(tmp_path / "two.jsonl", rows)
    load(database, "jsonl", path, settings, now=now, actor="test")


def found(groundswell: Run, *arguments: str | int) -> Any:
    code, out, err = groundswell("identities", *map(str, arguments), "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_people_are_found_and_listed_with_reasons(groundswell: Run, brought: None) -> None:
    assert found(groundswell, "suggest") == {
        "handles": 6, "pending": 3, "new": 3, "dropped": 0, "accepted": 0,
    }  # fmt: skip
    assert found(groundswell, "suggest")["new"] == 0
    listed = found(groundswell, "list")["data"]
    assert {one["members"][0]["name"] for one in listed} == set(PEOPLE)
    assert [one["confidence"] for one in listed] == sorted(
        (one["confidence"] for one in listed), reverse=True
    )
    assert all(one["parts"] and one["status"] == "pending" for one in listed)
    assert len(found(groundswell, "list", "--limit", 1)["data"]) == 1
    code, out, _ = groundswell("identities", "list")
    assert code == 0
    name = "Tobias Wendelstein [member 2] (tobias.wendelstein on forum)  =  Tobias Wendelstein"
    assert name in out
    assert listed[0]["parts"][0]["why"] in out


def test_a_suggestion_is_shown_accepted_and_undone(groundswell: Run, brought: None) -> None:
    found(groundswell, "suggest")
    before = found(groundswell, "list")
    one = before["data"][0]
    kept, other = (member["id"] for member in one["members"])
    shown = found(groundswell, "show", one["id"])
    assert shown["preview"] == {
        "kept": kept, "other": other, "name": one["members"][0]["name"],
        "platforms": ["chat", "forum"], "posts": 1, "against": None,
    }  # fmt: skip
    code, out, _ = groundswell("identities", "show", str(one["id"]))
    assert (code, "would get 1 post and be on chat, forum" in out) == (0, True)
    [done] = found(groundswell, "accept", one["id"])["data"]
    assert (done["status"], done["resolved_by"]) == ("accepted", "local")
    assert [member["merged_into"] for member in done["members"]] == [None, kept]
    assert len(done["members"][0]["handles"]) == 2
    assert found(groundswell, "show", one["id"])["preview"] is None
    undo = f"     undo: groundswell identities unmerge {other}\n"
    for command in ("show", "accept"):
        assert groundswell("identities", command, str(one["id"]))[1].endswith(undo)
    assert len(found(groundswell, "list")["data"]) == 2
    assert found(groundswell, "unmerge", other) == {"changed": True, "member": other, "posts": 1}
    assert found(groundswell, "unmerge", other)["changed"] is False
    assert found(groundswell, "list") == before


def test_one_that_expired_is_shown_as_such(
    groundswell: Run, brought: None, database: Database
) -> None:
    found(groundswell, "suggest")
    id_ = found(groundswell, "list")["data"][0]["id"]
    with database.write() as session:
        queries.expire_suggestions(session, [id_])
    assert found(groundswell, "show", id_)["preview"] is None
    code, out, _ = groundswell("identities", "show", str(id_))
    assert (code, out.endswith("     expired: no longer found\n")) == (0, True)
    assert "would get" not in out


def test_several_are_decided_together_or_not_at_all(groundswell: Run, brought: None) -> None:
    found(groundswell, "suggest")
    ids = [one["id"] for one in found(groundswell, "list")["data"]]
    found(groundswell, "dismiss", ids[0])
    code, out, err = groundswell("identities", "accept", str(ids[1]), str(ids[0]))
    assert (code, out) == (1, "")
    assert err == f"groundswell: suggestion {ids[0]} was dismissed by local: restore it first\n"
    assert found(groundswell, "list", "--status", "accepted") == {"data": []}
    found(groundswell, "restore", ids[0])
    assert len(found(groundswell, "accept", *ids)["data"]) == 3
    assert groundswell("identities", "list")[1] == "none\n"
    code, out, err = groundswell("identities", "dismiss", str(ids[0]))
    assert (code, err.count("\n")) == (1, 1)
    assert "was accepted by local: undo the merge first" in err


def test_two_are_merged_by_hand(groundswell: Run, brought: None) -> None:
    assert groundswell("identities", "merge", "2", "5")[:2] == (
        0,
        "member 5 is merged into 2: 1 post moved\n     undo: groundswell identities unmerge 5\n",
    )
    assert groundswell("identities", "unmerge", "2")[2] == (
        "groundswell: member 2 was merged into no other; part from it member 5\n"
    )
    assert found(groundswell, "merge", 1, 4) == {"changed": True, "member": 1, "posts": 1}
    assert groundswell("identities", "merge", "1", "4")[:2] == (
        0, "member 4 was merged into 1 before\n",
    )  # fmt: skip
    code, _, err = groundswell("identities", "merge", "1", "3")
    assert (code, err) == (
        1,
        "groundswell: members 1 and 3 cannot be merged: both have a handle on forum: one person "
        "has one there\n",
    )
    assert groundswell("identities", "unmerge", "4")[1].startswith(
        "member 4 is its own again: 1 post c"
    )
    assert groundswell("identities", "unmerge", "99")[2] == "groundswell: there is no member 99\n"


def test_the_rule_is_a_setting(
    groundswell: Run, brought: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_IDENTITY_RULE", "verified-email")
    assert found(groundswell, "suggest")["accepted"] == 0  # nobody vouches for an address
    monkeypatch.setenv("GROUNDSWELL_IDENTITY_RULE", "all")
    code, _, err = groundswell("identities", "suggest")
    assert (code, err.count("\n")) == (2, 1)
    assert "GROUNDSWELL_IDENTITY_RULE" in err
