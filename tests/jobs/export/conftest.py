"""A store with everything in it that an export must carry."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from jobs.commands.export import write_posts
from jobs.export.tables import export_all
from service.db.models import Identity, Member, Post, ReplyLink, Suggestion, Thread
from service.db.queries import corrections, scores
from service.ingest.posts import store_deletions
from service.ingest.records import Deletion
from service.ingest.state import Import
from tests.jobs.importers.conftest import NOW, Store, new_store, store, template

__all__ = ["new_store", "store", "template"]

ODD = (
    "two\nlines\r\nand a lone \r return",
    'a "quote", a comma; a semicolon\tand a tab',
    "=HYPERLINK(1)",
    "'=already guarded",
    "''",
    "' a lone apostrophe",
    "\u00a0＝full width",
    "-1",
    "@ann: hello",
    "\n=behind a line end",
    "👩‍👩‍👧‍👦 e\u0301 \u202eright to left\u202c \u0085 \u007f \u2028",
    "  blanks around  ",
    "",
)
HOME = {"source": "forum", "platform": "forum.example.org"}
CHAT = {"source": "chat", "platform": "chat.example.org"}


def rows() -> list[dict[str, Any]]:
    """Return records of the archive schema: two sources, odd texts, private and direct threads."""
    found = [
        _row(f"p{number}", f"u{number % 4}", number, text, thread_id=f"t{number % 3}", **HOME)
        for number, text in enumerate(ODD)
    ]
    for row in found:
        number = int(row["thread_id"][1:])
        row |= {"thread_title": f"=Thread, {number}", "channel": "general", "is_bot": False}
    found[0] |= {
        "reactions": [{"name": "heart", "count": 3}, {"name": "+1", "users": ["u2", "u1"]}],
        "author_name": "Ann 'A'",
        "author_email": "ann@example.org",
        "author_verified": True,
        "author_links": ["https://ann.example.org", "https://b.example.org"],
        "url": "https://forum.example.org/p0",
        "is_staff": True,
    }
    found[4] |= {"accepted_answer_id": "p4", "resolved": True, "parent_id": "p1"}
    found[5] |= {"edited_at": "2024-06-02T00:00:00.123456Z", "parent_id": "nowhere"}
    secret = {"thread_id": "s", "thread_title": "secret", "visibility": "private", **HOME}
    found.append(_row("s1", "u1", 40, "not for all", **secret))
    found.append(_row("s2", "mod", 41, "nor this", parent_id="s1", **secret))
    direct = {"thread_id": "d", "visibility": "direct", **CHAT}
    found.append(_row("d1", "ann", 42, "for two", **direct))
    flat = {"channel": "lobby", "flat": True, **CHAT}
    found += [
        _row(f"c{n}", ("ann", "helper bot", "bo")[n % 3], n, f"line {n}", **flat) for n in range(9)
    ]
    found.append(_row("c9", "bo", 9, "an answer", parent_id="c3", **CHAT))
    found.append(_row("gone", "bo", 11, "soon deleted", **CHAT))
    return found


def _row(id_: str, author: str, at: int, text: str, **more: Any) -> dict[str, Any]:
    stamp = (datetime(2024, 6, 1, tzinfo=UTC) + timedelta(minutes=at // 2)).isoformat()
    # What no column holds: the row is kept as it came.
    odd = {"client": "web"} if at % 2 else {}
    return {"id": id_, "author": author, "created_at": stamp, "text": text, **odd, **more}


EVENTS = [
    {
        "id": "e1",
        "kind": "joined",
        "occurred_at": "2024-06-01T00:00:00Z",
        "member": "ann",
        "source": "chat",
        "data": {"z": 1, "a": ["é", None]},
    },
    {
        "id": "e2",
        "kind": "purchased",
        "occurred_at": "2024-06-03T00:00:00Z",
        "account": "example.org",
        "amount": 12,
        "source": "shop",
    },
]
ACCOUNTS = [
    {"domain": "example.org", "name": "Example", "plan": "pro", "annual_value": 1200.5},
    {"domain": "example.com"},
]


def fill(store: Store) -> Store:
    """Bring everything into a store: edits, deletions, accounts, merges, rebuilt threads."""
    store.load(*rows(), include_private=True)
    edited = next(row for row in rows() if row["id"] == "p7") | {"text": "-2, edited"}
    store.load(edited, now=NOW + timedelta(hours=1), include_private=True)
    store.load(*EVENTS, kind="events")
    store.load(*ACCOUNTS, kind="accounts")
    run = Import("chat", "chat", NOW + timedelta(hours=2), lambda reject: None)
    store_deletions(store.database, [Deletion("gone", "chat")], run)
    with store.database.write() as session:
        ids = {(row.platform, row.value): row.home_id for row in session.scalars(select(Identity))}
        ann, u0 = ids["chat.example.org", "ann"], ids["forum.example.org", "u0"]
        bo, u1 = ids["chat.example.org", "bo"], ids["forum.example.org", "u1"]
        merge(session, ann, u0)
        common = {"kind": "merge", "version": "identity-1", "created_at": NOW - timedelta(days=3)}
        parts: list[Any] = [{"name": "email", "weight": 4.5, "why": "one address"}]
        accepted = {"status": "accepted", "resolved_at": NOW, "resolved_by": "local"}
        for pair, more in (
            ((ann, u0), {"confidence": 0.99, "parts": parts, **accepted}),
            ((bo, u1), {"confidence": 0.6, "parts": [], "status": "pending"}),
        ):
            left, right = sorted(pair)
            session.add(Suggestion(left_id=left, right_id=right, **common, **more))
        chat = {
            row.external_id: row
            for row in session.scalars(select(Post))
            if row.external_id.startswith("c")
        }
        for child, parent in (("c0", None), ("c1", "c0"), ("c2", "c1")):
            session.add(
                ReplyLink(
                    post_id=chat[child].id,
                    parent_id=chat[parent].id if parent else None,
                    confidence=0.75,
                    version="links-1",
                )
            )
        home = chat["c0"].thread_id
        session.execute(update(Thread).where(Thread.id == home).values(confidence=0.75))
        judge(session, chat["c0"].id, chat["c1"].id)
        for child in ("c1", "c2"):
            old, chat[child].thread_id = chat[child].thread_id, home
            session.flush()
            session.delete(session.get_one(Thread, old))
    return store


def judge(session: Any, first: int, second: int) -> None:
    """Let a model judge one post, and people correct that one twice and another once."""
    model = scores.add_model(session, "sentiment", "ours", "1", ["negative", "positive"], NOW)
    score = {"post_id": first, "task": "sentiment", "model_id": model, "label": "negative"}
    scores.put_scores(session, [score | {"confidence": 0.75, "probabilities": [0.75, 0.25]}])
    for label, note, actor in (("negative", "sure?", "zoe"), ("positive", None, "eve")):
        corrections.add(session, first, "sentiment", label, actor, note, True, NOW)
    corrections.add(session, second, "intent", "question", "eve", None, False, NOW)


def merge(session: Any, kept: int, gone: int) -> None:
    """Let one member be another, as a person decides it."""
    theirs = Identity.member_id == gone
    session.execute(update(Identity).where(theirs).values(member_id=kept))
    session.execute(update(Post).where(Post.member_id == gone).values(member_id=kept))
    session.execute(update(Member).where(Member.id == gone).values(merged_into_id=kept))


def dump(store: Store, format: str = "jsonl", **options: Any) -> bytes:
    """Return the posts of a store as a file of bytes."""
    file = io.BytesIO()
    write_posts(store.database, file, format, **options)
    return file.getvalue()


def dump_all(store: Store, folder: Path, **options: Any) -> dict[str, bytes]:
    """Return every file of `export --all`, without the audit."""
    export_all(store.database, folder, **options)
    return {
        file.name: file.read_bytes()
        for file in sorted(folder.iterdir())
        if not file.name.startswith("audit")
    }


@pytest.fixture
def full(new_store: Callable[[], Store]) -> Store:
    """A store with everything."""
    return fill(new_store())
