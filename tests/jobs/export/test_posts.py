"""Posts out and in again."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from sqlalchemy import event, text

from jobs.commands.export import write_posts
from service.db.queries import export as queries
from tests.jobs.export.conftest import ODD, Store, dump, rows

New = Callable[[], Store]


def lines(found: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in found.splitlines()]


@pytest.mark.parametrize("format", ["jsonl", "csv"])
@pytest.mark.parametrize("options", [{}, {"emails": True}, {"private": True, "emails": True}])
def test_out_in_and_out_again_is_equal(
    full: Store, new_store: New, format: str, options: dict[str, bool]
) -> None:
    first = dump(full, format, **options)
    other = new_store()
    path = other.folder / f"out.{format}"
    path.write_bytes(first)
    result = other.read(path, kind=format, include_private=options.get("private", False))
    assert (result.rejected, result.private_skipped) == (0, 0)
    assert dump(other, format, **options) == first
    assert dump(other, **options) == dump(full, **options)
    path.write_bytes(dump(full, "csv" if format == "jsonl" else "jsonl", **options))
    assert (
        other.read(path, kind="csv" if format == "jsonl" else "jsonl", include_private=True).updated
        == 0
    )


def test_order_and_parts_do_not_matter(new_store: New) -> None:
    known = rows()
    once = new_store()
    once.load(*known, include_private=True)
    wanted = dump(once, private=True, emails=True)
    once.load(*known, include_private=True)
    assert dump(once, private=True, emails=True) == wanted
    for seed in range(3):
        mixed = new_store()
        mixed.load(*random.Random(seed).sample(known, len(known)), include_private=True)
        assert dump(mixed, private=True, emails=True) == wanted
    parts = new_store()
    for part in range(7):
        parts.load(*known[part::7], include_private=True)
    assert dump(parts, private=True, emails=True) == wanted


def test_a_post_tells_all_that_is_known_of_it(full: Store) -> None:
    found = {row["id"]: row for row in lines(dump(full, emails=True))}
    assert found["p0"] == {
        "id": "p0",
        "thread_id": "t0",
        "thread_title": "=Thread, 0",
        "channel": "general",
        "author": "u0",
        "created_at": "2024-06-01T00:00:00Z",
        "parent_id": None,
        "text": ODD[0],
        "reactions": [
            {"name": "+1", "author": "u1", "count": 1},
            {"name": "+1", "author": "u2", "count": 1},
            {"name": "heart", "count": 3},
        ],
        "url": "https://forum.example.org/p0",
        "source": "forum",
        "platform": "forum.example.org",
        "visibility": "public",
        "author_name": "Ann 'A'",
        "author_email": "ann@example.org",
        "author_verified": True,
        "author_links": ["https://ann.example.org", "https://b.example.org"],
        "is_bot": False,
        "is_staff": True,
    }
    assert found["p5"]["edited_at"] == "2024-06-02T00:00:00.123456Z"
    assert found["p5"]["parent_id"] == "nowhere"
    assert {found[id_]["accepted_answer_id"] for id_ in ("p1", "p4", "p7")} == {"p4"}
    assert found["c4"]["is_bot"] is True
    assert (found["c2"]["thread_id"], found["c2"]["flat"]) == ("c0", True)
    assert found["c9"]["thread_id"] == "c3"


def test_posts_stand_by_time_then_source_then_id(full: Store) -> None:
    found = [(row["created_at"], row["source"], row["id"]) for row in lines(dump(full))]
    assert found == sorted(found)
    assert found[:4] == [
        ("2024-06-01T00:00:00Z", "chat", "c0"),
        ("2024-06-01T00:00:00Z", "chat", "c1"),
        ("2024-06-01T00:00:00Z", "forum", "p0"),
        ("2024-06-01T00:00:00Z", "forum", "p1"),
    ]


def test_what_is_private_deleted_or_an_address_stays(full: Store) -> None:
    public = dump(full)
    assert {row["id"] for row in lines(public)} == {
        *(f"p{n}" for n in range(len(ODD))),
        *(f"c{n}" for n in range(10)),
    }
    assert b"@example.org" not in public
    assert b"secret" not in public
    private = {row["id"] for row in lines(dump(full, private=True))}
    assert {"s1", "s2", "d1"} <= private
    assert "gone" not in private


def test_a_merged_member_keeps_the_handle_of_each_platform(full: Store) -> None:
    authors = {row["id"]: row["author"] for row in lines(dump(full))}
    assert (authors["p0"], authors["c0"]) == ("u0", "ann")


def test_controls_of_terminals_are_written_as_escapes(full: Store) -> None:
    found = dump(full)
    assert b"\\u007f" in found
    assert b"\\u0085" in found
    assert b"\x7f" not in found
    assert b"\xc2\x85" not in found


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            said.append(statement)

    event.listen(store.database.engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(store.database.engine, "before_cursor_execute", hear)


def test_queries_grow_with_pages_not_with_posts(
    new_store: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store()
    store.load(*rows()[:10])
    with counted(store) as few:
        dump(store)
    store.load(*rows(), include_private=True)
    with counted(store) as many:
        dump(store)
    assert len(few) == len(many) == 4
    monkeypatch.setattr(queries, "PAGE", 5)
    with counted(store) as paged:
        count = write_posts(store.database, io.BytesIO(), "jsonl")
    assert count == 24
    assert len(paged) == 2 + 2 * 5


def test_the_database_sorts_ties_only(full: Store) -> None:
    """A sort of all posts would hold them all in memory."""
    with counted(full) as said:
        dump(full)
    query = next(one for one in said if "ORDER BY post.created_at" in one)
    with full.database.read() as session:
        connection = session.connection()
        raw = connection.connection.cursor()
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {query}", ("public",))]
        assert session.scalar(text("SELECT count(*) FROM post")) == 27
    assert plan[0] == "SCAN post USING INDEX ix_post_created_at_id"
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan
