"""People who come to the community of `http_store` in its last days, and how they are met."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.db.models import Member, Post, ScoreModel, Thread
from tests.service import http_store, judged

NOW = http_store.NOW
HELLO = "Hello, how do I keep a notebook on two tablets at once?"


def arrive(session: Session) -> None:
    """Add Mia, whom nobody answered in three days, and Noa, who was answered curtly a day ago."""
    person(session, 31, "Mia")
    person(session, 32, "Noa")
    thread(session, 31, NOW - timedelta(days=3))
    thread(session, 32, NOW - timedelta(days=1))
    post(session, 1001, 31, 31, NOW - timedelta(days=3), HELLO)
    post(session, 1002, 32, 32, NOW - timedelta(days=1), "My export is empty, any idea?")
    post(session, 1003, 32, 1, NOW - timedelta(hours=23), "Learn to read the manual.")
    hostile(session, 1003)


def person(session: Session, number: int, name: str, **values: object) -> None:
    """Add a member."""
    session.add(Member(id=number, name=name, created_at=NOW, **values))
    session.flush()


def thread(session: Session, number: int, first: datetime, **values: object) -> None:
    """Add a thread of the forum's channel `help`."""
    given = {"title": f"Question {number}", "channel": "help", "source_id": 1, **values}
    session.add(Thread(
        id=number, external_id=f"t{number}", first_post_at=first, last_post_at=first, **given,
    ))  # fmt: skip
    session.flush()


def post(
    session: Session, number: int, in_thread: int, author: int, made: datetime, text: str,
    **values: object,
) -> None:  # fmt: skip
    """Add a post."""
    digest = hashlib.blake2b(f"{number} {text}".encode(), digest_size=16).digest()
    given = {"source_id": 1, "text": text, "plain": text, **values}
    session.add(Post(
        id=number, external_id=f"p{number}", thread_id=in_thread, member_id=author,
        created_at=made, content_hash=digest, record_hash=digest, **given,
    ))  # fmt: skip
    session.flush()


def hostile(session: Session, number: int, label: str = "hostile", sure: float = 0.9) -> None:
    """Let a judge say of a post that it is hostile."""
    found = session.query(ScoreModel).filter_by(task="hostility").first()
    id_ = found.id if found else judged.model(session, "hostility", NOW, "1")
    judged.score(session, number, id_, "hostility", label, sure, unsure=False)
    session.flush()
