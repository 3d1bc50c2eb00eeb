"""The audit names members, suggestions and posts by natural keys, out and in again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from jobs.export.deeds import earlier
from jobs.export.tables import export_all
from jobs.refill.store import refill
from service.db.models import AuditEntry, Identity, Post, Source, Suggestion
from service.db.queries import audit, identities
from service.errors import BadArchive
from tests.jobs.export.conftest import NOW, Store
from tests.jobs.importers.test_groundswell import change

New = Callable[[], Store]
BO, U1 = ("chat.example.org", "bo"), ("forum.example.org", "u1")


def homes(store: Store) -> dict[tuple[str, str], int]:
    with store.database.read() as session:
        found = session.scalars(select(Identity))
        return {(row.platform, row.value): row.home_id for row in found}


def pending(store: Store) -> int:
    with store.database.read() as session:
        query = select(Suggestion.id).where(Suggestion.status == "pending")
        return session.scalars(query).one()


def deeds(store: Store) -> list[tuple[str, str, dict[str, Any]]]:
    columns = AuditEntry.action, AuditEntry.target, AuditEntry.detail
    found = store.rows(*columns)
    return [(action, target, detail) for action, target, detail in found if action != "import"]


@pytest.fixture
def written(full: Store, tmp_path: Path) -> Path:
    """An export of a store where people decided, and one entry names nobody that is there."""
    ids = homes(full)
    bo, u1, suggestion = ids[BO], ids[U1], pending(full)
    with full.database.write() as session:
        detail = {"member": bo, "into": u1, "from": u1, "posts": bo}
        audit.note(session, NOW, "ann", "member.unmerge", f"member {bo}", detail)
        target = f"suggestion {suggestion}"
        audit.note(session, NOW, "ann", "suggestion.accept", target, {"kept": u1})
        audit.note(session, NOW, "ann", "member.merge", "member 900", {"member": 900, "into": bo})
        audit.note(session, NOW, "ann", "suggestion.dismiss", "suggestion 900", {})
        audit.note(session, NOW, "ann", "job.create", f"member {bo}", {"member": 1})
    export_all(full.database, tmp_path / "all")
    return tmp_path / "all"


@pytest.fixture
def other(new_store: New) -> Store:
    """An empty store; ids are made in the order of the export, not in that of the first."""
    return new_store()


def test_no_id_of_a_member_or_suggestion_is_written(written: Path) -> None:
    lines = (written / "audit.jsonl").read_bytes().splitlines()
    found = [orjson.loads(line) for line in lines][-5:]
    bo, u1 = list(BO), list(U1)
    assert [(row["target"], row["target_key"]) for row in found] == [
        ("member", bo),
        ("suggestion", ["merge", bo, u1]),
        ("earlier member 900", None),
        ("earlier suggestion 900", None),
        (found[4]["target"], None),
    ]
    assert found[0]["detail"] | {"posts": 0} == {"member": bo, "into": u1, "from": u1, "posts": 0}
    assert found[1]["detail"] == {"kept": u1}
    assert found[2]["detail"] == {"member": "earlier member 900", "into": bo}


def test_entries_come_back_with_the_ids_of_the_store(
    full: Store, written: Path, other: Store, tmp_path: Path
) -> None:
    refill(other.database, written, now=NOW, actor="tester")
    ids = homes(other)
    bo, u1 = ids[BO], ids[U1]
    assert (bo, u1) != (homes(full)[BO], homes(full)[U1])
    told = deeds(other)[-5:]
    assert told[0][:2] == ("member.unmerge", f"member {bo}")
    # What is a number and no id stays as it was.
    assert told[0][2] == {"member": bo, "into": u1, "from": u1, "posts": homes(full)[BO]}
    assert told[1][1:] == (f"suggestion {pending(other)}", {"kept": u1})
    assert told[2][1:] == ("earlier member 900", {"member": "earlier member 900", "into": bo})
    assert told[3][1] == "earlier suggestion 900"
    assert told[4][1:] == (f"member {homes(full)[BO]}", {"member": 1})
    with other.database.read() as session:
        assert identities.undone(session) == {frozenset((bo, u1))}
    export_all(other.database, tmp_path / "again")
    again = (tmp_path / "again" / "audit.jsonl").read_bytes()
    assert again.startswith((written / "audit.jsonl").read_bytes())


def _seal(folder: Path) -> None:
    from hashlib import sha256

    digest = sha256((folder / "audit.jsonl").read_bytes()).hexdigest()
    (folder / "audit.sha256").write_text(f"{digest}  audit.jsonl\n")


def edit(folder: Path, number: int, **values: Any) -> None:
    manifest = (folder / "manifest.json").read_bytes()
    change(folder, "audit", number, lambda row: row.update(values))
    (folder / "manifest.json").write_bytes(manifest)
    _seal(folder)


def test_ids_without_a_key_are_marked_as_earlier_ones(written: Path, other: Store) -> None:
    edit(written, -5, target="member 1", target_key=None, detail={"member": 1, "into": 2})
    refill(other.database, written, now=NOW, actor="tester")
    mark = earlier("member", 1)
    assert deeds(other)[-5][1:] == (mark, {"member": mark, "into": earlier("member", 2)})


def posts(store: Store) -> dict[tuple[str, str], int]:
    with store.database.read() as session:
        query = select(Source.name, Post.external_id, Post.id).join(Post)
        return {(source, name): id_ for source, name, id_ in session.execute(query)}


def test_a_correction_is_about_the_same_post_in_every_store(
    full: Store, other: Store, tmp_path: Path
) -> None:
    ids = posts(full)
    corrected = ids["chat", "c0"]
    with full.database.write() as session:
        for target in (f"post {corrected}", "post 900"):
            audit.note(session, NOW, "ann", "judgement.correct", target, {"label": "neutral"})
    export_all(full.database, tmp_path / "all")
    lines = (tmp_path / "all" / "audit.jsonl").read_bytes().splitlines()[-2:]
    told = [(row["target"], row["target_key"]) for row in map(orjson.loads, lines)]
    assert told == [("post", ["chat", "c0"]), ("earlier post 900", None)]
    refill(other.database, tmp_path / "all", now=NOW, actor="tester")
    there = posts(other)["chat", "c0"]
    assert there != corrected
    assert deeds(other)[-2:] == [
        ("judgement.correct", f"post {there}", {"label": "neutral"}),
        ("judgement.correct", "earlier post 900", {"label": "neutral"}),
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"target_key": ["x", "y"]}, "names a member that"),
        ({"target_key": [1, "y"]}, "has no key of a member"),
        ({"detail": {"into": ["a\0", "b"]}}, "has no key of a member"),
        ({"target": "suggestion", "target_key": []}, "has no key of a suggestion"),
        ({"target": "suggestion", "target_key": ["no", [*BO], [*U1]]}, "names a suggestion that"),
        ({"target": "post", "target_key": ["chat"]}, "has no key of a post"),
        ({"target": "post", "target_key": ["chat", "no"]}, "names a post that"),
        ({"target": "post", "target_key": ["no", "c0"]}, "names a source that"),
    ],
)
def test_keys_that_cannot_be_used_are_refused(
    written: Path, other: Store, values: dict[str, Any], message: str
) -> None:
    edit(written, -5, **values)
    with pytest.raises(BadArchive, match=message):
        refill(other.database, written, now=NOW, actor="tester")
