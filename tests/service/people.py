"""A store in which people say things under several handles, and ways to look at every row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from service import identity
from service.db.models import (
    AuditEntry,
    Event,
    Identity,
    Member,
    Post,
    Source,
    Suggestion,
    Thread,
)
from service.db.queries import identities as queries
from service.db.session import Database
from service.ingest.records import EventRecord, PostRecord
from service.ingest.state import Import
from service.ingest.store import store

AT = datetime(2026, 5, 1, tzinfo=UTC)
TABLES = (Source, Thread, Member, Identity, Post, Event, Suggestion)


class World:
    """A store with short ways to let people speak, and to look at every row of it."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now
        self.said = 0

    def put(self, *records: Any) -> None:
        run = Import(
            "jsonl", "forum", self.now, lambda reject: pytest.fail(reject.reason),
            include_private=True,
        )  # fmt: skip
        store(self.database, records, run)

    def say(self, platform: str, author: str, **more: Any) -> None:
        """One more post of a handle; `email` is one that the platform vouches for."""
        self.said += 1
        number = self.said
        if email := more.pop("email", None):
            more |= {"author_email": email, "verified": True}
        self.put(PostRecord(
            f"p{number}", author, AT + timedelta(minutes=number), f"word {number}",
            thread_id=more.pop("thread", "t"), source=platform, **more,
        ))  # fmt: skip

    def do(self, platform: str, member: str) -> None:
        self.said += 1
        self.put(EventRecord(
            external_id=f"e{self.said}", kind="joined", member=member, source=platform,
            occurred_at=AT + timedelta(minutes=self.said),
        ))  # fmt: skip

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        with self.database.read() as session:
            return {
                table.__tablename__: [
                    tuple(row) for row in session.execute(select(table.__table__).order_by("id"))
                ]
                for table in TABLES
            }

    def member(self, platform: str, value: str) -> int:
        """The member that a handle was made for."""
        with self.database.read() as session:
            query = select(Identity.home_id).where(Identity.platform == platform)
            return session.scalars(query.where(Identity.value == value)).one()

    def posts(self, member: int) -> list[str]:
        with self.database.read() as session:
            query = select(Post.external_id).where(Post.member_id == member).order_by(Post.id)
            return list(session.scalars(query))

    def look(self, rule: str = "none") -> identity.Found:
        return identity.look(self.database, now=self.now, rule=rule, actor="test")

    def call(self, function: Any, *arguments: Any, actor: str = "eve") -> Any:
        with self.database.write() as session:
            return function(session, *arguments, self.now, actor)

    def suggested(self, status: str | None = "pending") -> list[tuple[int, int]]:
        with self.database.read() as session:
            return [(row.left_id, row.right_id) for row in queries.suggestions(session, status)]

    def between(self, one: int, other: int) -> Suggestion:
        with self.database.read() as session:
            row = queries.between(session, one, other)
            assert row is not None
            return row

    def plant(self, one: int, other: int, status: str = "pending", confidence: float = 0.9) -> int:
        """Write a suggestion down as `look` would."""
        low, high = sorted((one, other))
        with self.database.write() as session:
            row = Suggestion(
                kind="identity", left_id=low, right_id=high, confidence=confidence, parts=[],
                version="test", status=status, created_at=self.now,
                resolved_by="zoe" if status == "dismissed" else None,
            )  # fmt: skip
            session.add(row)
            session.flush()
            return row.id

    def audit(self) -> list[tuple[str, str]]:
        with self.database.read() as session:
            query = select(AuditEntry.actor, AuditEntry.action).order_by(AuditEntry.id)
            return [tuple(row) for row in session.execute(query)]


def trio_of(world: World) -> tuple[int, int, int]:
    """Three members on three platforms who vouch for the address that all of them have."""
    for platform, author in (("forum", "ada"), ("chat", "countess"), ("code", "lovelace")):
        world.say(platform, author, email="ada@example.org", author_name=f"Ada of {platform}")
        world.do(platform, author)
    world.say("forum", "ada")
    world.say("forum", "bob", author_name="Robert Quimby", is_staff=True)
    return tuple(world.member(*key) for key in (
        ("forum", "ada"), ("chat", "countess"), ("code", "lovelace")
    ))  # type: ignore[return-value]  # fmt: skip


def check(world: World) -> None:
    """What is accepted is one, what waits or was dismissed is two; each post is by its handle."""
    with world.database.read() as session:
        root = queries.homes(session)
        for row in session.scalars(select(Suggestion)):
            assert (row.status == "accepted") == (root[row.left_id] == root[row.right_id])
        held = {(row.member_id, row.platform) for row in session.scalars(select(Identity))}
        query = select(Post.member_id, Source.platform).join(Source, Source.id == Post.source_id)
        assert {tuple(row) for row in session.execute(query)} <= held
