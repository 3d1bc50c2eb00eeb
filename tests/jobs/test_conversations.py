"""Flat chat gets its conversations back, the same however it came in, and nothing else is moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from jobs import conversations
from jobs.conversations import rebuild
from jobs.load import load
from service.db.session import Database
from service.settings import Settings

TALK = (
    ("ann", "hi, does anyone know how to mount an ntfs disk in fstab?"),
    ("carl", "my wifi card is not found after the kernel upgrade, any ideas?"),
    ("bob", "ann: which options did you put into fstab?"),
    ("dora", "carl: what does lspci say about the wifi card?"),
    ("ann", "bob: only defaults, and the disk is read only"),
    ("carl", "dora: lspci says broadcom"),
    ("bob", "ann: use ntfs-3g as the type, then the disk can be written"),
    ("dora", "carl: then install the broadcom firmware package"),
    ("ann", "bob: thanks, the disk works now"),
    ("carl", "dora: thanks, wifi works"),
)


def rows(talk: tuple[tuple[str, str], ...] = TALK, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": f"m-{number}",
            "author": author,
            "created_at": f"2024-06-01T10:{number // 4:02}:00Z",
            "text": said,
            "channel": "#help",
            **more,
        }
        for number, (author, said) in enumerate(talk)
    ]


@pytest.fixture
def bring(database: Database, settings: Settings, now: datetime, tmp_path: Path) -> Any:
    def bring_in(found: list[dict[str, Any]], **options: Any) -> None:
        path = tmp_path / "chat.jsonl"
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in found))
        load(database, "jsonl", path, settings, now=now, source="chat", actor="test", **options)

    return bring_in


def places(database: Database) -> dict[str, str]:
    query = "SELECT p.external_id, t.external_id FROM post p JOIN thread t ON t.id = p.thread_id"
    with database.read() as session:
        return dict(tuple(row) for row in session.execute(text(query)))


def threads(database: Database) -> list[tuple[Any, ...]]:
    query = (
        "SELECT external_id, channel, confidence, first_post_at, last_post_at FROM thread "
        "ORDER BY external_id"
    )
    with database.read() as session:
        return [tuple(row) for row in session.execute(text(query))]


def links(database: Database) -> list[tuple[Any, ...]]:
    query = (
        "SELECT p.external_id, a.external_id, round(l.confidence, 3) FROM reply_link l "
        "JOIN post p ON p.id = l.post_id LEFT JOIN post a ON a.id = l.parent_id ORDER BY 1"
    )
    with database.read() as session:
        return [tuple(row) for row in session.execute(text(query))]


def test_two_conversations_are_told_apart_and_marked(database: Database, bring: Any) -> None:
    bring(rows())
    assert len(threads(database)) == len(TALK)
    done = rebuild(database)
    assert (done.posts, done.channels, done.threads) == (10, 1, 2)
    home = places(database)
    assert {home[f"m-{n}"] for n in (0, 2, 4, 6, 8)} == {"m-0"}
    assert {home[f"m-{n}"] for n in (1, 3, 5, 7, 9)} == {"m-1"}
    found = threads(database)
    assert [row[0] for row in found] == ["m-0", "m-1"]
    assert all(0 < row[2] <= 1 and row[1] == "#help" for row in found)
    assert str(found[0][3]).startswith("2024-06-01 10:00")
    assert str(found[0][4]).startswith("2024-06-01 10:02")
    assert rebuild(database).posts == 0


def orders() -> Iterator[Any]:
    whole = rows()
    yield pytest.param([whole[:5], whole[5:]], id="two parts")
    yield pytest.param([whole[5:], whole[:5]], id="the later part first")
    yield pytest.param([[row] for row in whole], id="one by one")
    yield pytest.param([whole[1::2], whole[::2]], id="one conversation, then the other")


@pytest.mark.parametrize("parts", list(orders()))
def test_parts_and_their_order_do_not_matter(
    database: Database, bring: Any, parts: list[list[dict[str, Any]]]
) -> None:
    for part in parts:
        bring(part)
        rebuild(database)
    assert set(places(database).values()) == {"m-0", "m-1"}
    there = links(database), threads(database)
    with database.write() as session:
        session.execute(text("DELETE FROM reply_link"))
    rebuild(database)
    assert (links(database), threads(database)) == there


def test_windows_give_what_one_look_gives(
    database: Database, bring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(rows(TALK * 12))
    rebuild(database)
    whole = links(database), threads(database)
    with database.write() as session:
        session.execute(text("DELETE FROM reply_link"))
    monkeypatch.setattr(conversations, "WINDOW", 30)
    rebuild(database)
    assert (links(database), threads(database)) == whole


def test_explicit_replies_and_threads_stay(database: Database, bring: Any) -> None:
    found = rows()
    # Bob's answer is said to answer Carl, and what follows it by a reply goes along.
    found[2] |= {"parent_id": "m-1", "flat": True}
    found[4] |= {"parent_id": "m-2", "flat": True}
    found[6] |= {"thread_id": "own", "thread_title": "Options"}
    bring(found)
    rebuild(database)
    home = places(database)
    assert home["m-2"] == home["m-4"] == "m-1"
    assert home["m-6"] == "own"
    marked = {row[0]: row[2] for row in threads(database)}
    assert marked["own"] is None
    assert ("m-2", "m-1", 1.0) in links(database)


def test_answers_to_a_flat_post_move_with_it(database: Database, bring: Any) -> None:
    found = rows()
    found.append(found[4] | {"id": "m-99", "parent_id": "m-4", "created_at": "2024-06-01T10:09Z"})
    bring(found)
    assert places(database)["m-99"] == "m-4"
    rebuild(database)
    assert places(database)["m-99"] == places(database)["m-4"] == "m-0"


def test_an_edit_is_looked_at_again_and_tears_nothing(database: Database, bring: Any) -> None:
    bring(rows())
    rebuild(database)
    before = places(database)
    bring([rows()[8] | {"text": "bob: thanks, that fstab line mounts the disk"}])
    assert places(database) == before
    done = rebuild(database)
    assert done.posts == 1
    assert places(database) == before


def test_a_forum_is_no_chat(database: Database, bring: Any) -> None:
    questions = [row | {"id": f"q-{n}"} for n, row in enumerate(rows()[:3])]
    answers = [
        row | {"id": f"a-{n}", "parent_id": f"q-{n % 3}", "flat": False}
        for n, row in enumerate(rows()[3:])
    ]
    bring(questions + answers)
    before = places(database)
    assert rebuild(database).posts == 0
    assert places(database) == before


def test_channels_and_private_talk_are_kept_apart(database: Database, bring: Any) -> None:
    secret = [row | {"id": f"s-{n}", "visibility": "private"} for n, row in enumerate(rows()[::2])]
    other = [row | {"id": f"o-{n}", "channel": "#other"} for n, row in enumerate(rows()[::2])]
    bring([*rows()[::2], *secret, *other], include_private=True)
    assert rebuild(database).channels == 3
    home = places(database)
    assert {thread.split("-")[0] for post, thread in home.items() if post.startswith("s-")} == {"s"}
    assert {thread.split("-")[0] for post, thread in home.items() if post.startswith("o-")} == {"o"}
    with database.read() as session:
        private = session.execute(
            text("SELECT external_id FROM thread WHERE visibility = 'private'")
        )
        assert all(name.startswith("s-") for name in private.scalars())
