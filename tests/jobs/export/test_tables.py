"""Every table by natural keys."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select, update

from jobs.export.tables import export_all
from service.db.models import Identity, Member, Post, RawItem, Reaction
from service.errors import GroundswellError
from tests.jobs.export.conftest import NOW, Store, dump_all, fill, merge, rows

New = Callable[[], Store]
COUNTS = {
    "sources": 3,
    "accounts": 2,
    "members": 8,
    "identities": 8,
    "threads": 13,
    "posts": 27,
    "reactions": 3,
    "raw_items": 12,
    "reply_links": 3,
    "events": 2,
    "suggestions": 2,
    "corrections": 3,
}


def read(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def folder(full: Store, tmp_path: Path) -> Path:
    """What `export --all` writes of the full store."""
    export_all(full.database, tmp_path / "all")
    return tmp_path / "all"


def test_the_manifest_counts_and_sums_every_file_but_the_audit(folder: Path) -> None:
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    assert (manifest["format"], manifest["version"]) == ("groundswell-export", 2)
    files = manifest["files"]
    assert {name.removesuffix(".jsonl"): file["rows"] for name, file in files.items()} == COUNTS
    assert {name: len(read(folder / name)) for name in files} == {
        name: file["rows"] for name, file in files.items()
    }
    assert {"embeddings", "scores"} <= set(manifest["left_out"])
    sums = "".join(f"{file['sha256']}  {name}\n" for name, file in files.items())
    sums += (folder / "audit.sha256").read_text()
    done = subprocess.run(["sha256sum", "--check", "--quiet"], input=sums, text=True, cwd=folder)
    assert done.returncode == 0


def test_rows_go_by_natural_keys(folder: Path) -> None:
    ann, u0 = ["chat.example.org", "ann"], ["forum.example.org", "u0"]
    members = {tuple(row["key"]): row for row in read(folder / "members.jsonl")}
    assert members[tuple(u0)]["merged_into"] == ann
    identities = {tuple(row["key"]): row for row in read(folder / "identities.jsonl")}
    assert identities[tuple(u0)]["member"] == ann
    assert identities[tuple(u0)]["email"] == "ann@example.org"
    posts = {row["id"]: row for row in read(folder / "posts.jsonl")}
    assert (posts["p0"]["member"], posts["c0"]["member"]) == (ann, ann)
    assert posts["gone"]["deleted_at"] == "2025-01-01T02:00:00Z"
    assert posts["gone"]["record_hash"] == 32 * "0"
    assert (posts["p5"]["edit_met"], posts["p7"]["edit_met"]) == (False, True)
    assert read(folder / "reply_links.jsonl")[1] == {
        "source": "chat",
        "post": "c1",
        "parent": "c0",
        "confidence": 0.75,
        "version": "links-1",
    }
    assert read(folder / "suggestions.jsonl")[0] == {
        "kind": "merge",
        "left": ann,
        "right": u0,
        "confidence": 0.99,
        "parts": [{"name": "email", "weight": 4.5, "why": "one address"}],
        "version": "identity-1",
        "status": "accepted",
        "created_at": "2024-12-29T00:00:00Z",
        "resolved_at": "2025-01-01T00:00:00Z",
        "resolved_by": "local",
    }
    assert read(folder / "corrections.jsonl")[1] == {
        "source": "chat",
        "post": "c0",
        "task": "sentiment",
        "label": "positive",
        "actor": "eve",
        "note": None,
        "sampled": True,
        "model": "ours",
        "version": "1",
        "model_labels": ["negative", "positive"],
        "model_label": "negative",
        "model_confidence": 0.75,
        "created_at": "2025-01-01T00:00:00Z",
    }
    assert read(folder / "events.jsonl")[0]["member"] == ann
    assert read(folder / "sources.jsonl")[0] == {
        "name": "chat",
        "kind": "jsonl",
        "platform": "chat.example.org",
        "address": None,
    }
    raw = {row["post"]: row["data"] for row in read(folder / "raw_items.jsonl")}
    assert orjson.loads(raw["p3"])["text"] == "'=already guarded"
    assert not {"gone", "p2"} & raw.keys()


def test_two_stores_with_one_record_give_equal_bytes(
    full: Store, new_store: New, tmp_path: Path
) -> None:
    mixed = new_store()
    mixed.load(*reversed(rows()), include_private=True)
    plain = new_store()
    plain.load(*rows(), include_private=True)
    plain.load(*rows(), include_private=True, now=NOW.replace(year=2026))
    assert dump_all(mixed, tmp_path / "1") == dump_all(plain, tmp_path / "2")


def test_a_merge_undone_leaves_no_trace(new_store: New, tmp_path: Path) -> None:
    store = new_store()
    store.load(*rows(), include_private=True)
    before = dump_all(store, tmp_path / "before")
    with store.database.write() as session:
        ids = {row.value: row.home_id for row in session.scalars(select(Identity))}
        merge(session, ids["ann"], ids["u0"])
    during = dump_all(store, tmp_path / "during")
    assert {name for name in before if before[name] != during[name]} == {
        "identities.jsonl",
        "manifest.json",
        "members.jsonl",
        "posts.jsonl",
    }
    with store.database.write() as session:
        home = Identity.value == "u0"
        session.execute(update(Identity).where(home).values(member_id=Identity.home_id))
        moved = Post.external_id.in_([row["id"] for row in rows() if row["author"] == "u0"])
        session.execute(update(Post).where(moved).values(member_id=ids["u0"]))
        session.execute(update(Member).values(merged_into_id=None))
    assert dump_all(store, tmp_path / "after") == before


def test_raw_items_can_stay(full: Store, tmp_path: Path) -> None:
    found = dump_all(full, tmp_path / "all", raw=False)
    assert found["raw_items.jsonl"] == b""
    assert orjson.loads(found["manifest.json"])["files"]["raw_items.jsonl"]["rows"] == 0


def test_raw_items_that_are_no_text_are_told_in_base64(full: Store, tmp_path: Path) -> None:
    with full.database.write() as session:
        session.execute(update(RawItem).values(data=b"\xff\x00"))
    export_all(full.database, tmp_path / "all")
    raw = read(tmp_path / "all" / "raw_items.jsonl")
    assert {orjson.dumps(row["data"]) for row in raw} == {b'{"base64":"/wA="}'}


def test_rows_that_cannot_be_told_are_an_error(full: Store, tmp_path: Path) -> None:
    with full.database.write() as session:
        session.execute(delete(Identity).where(Identity.value == "mod"))
    with pytest.raises(GroundswellError, match="1 members hang on a member without a handle"):
        export_all(full.database, tmp_path / "all")
    assert list(tmp_path.glob("*all*")) == []


def test_an_empty_store_gives_empty_files(store: Store, tmp_path: Path) -> None:
    assert set(export_all(store.database, tmp_path / "all").values()) == {0}
    assert fill(store).rows(Reaction.name, Reaction.author, Reaction.count)[0] == ("+1", "u1", 1)
