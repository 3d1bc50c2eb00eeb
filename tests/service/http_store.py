"""A small community for the tests of the service: ten weeks, two sources, one burst.

196 posts that anyone may read: 69 each on the editor and on themes (one a day), 35 on nothing in
particular (every second day), 14 on sync (every fifth day) and 9 more by 9 people on the last day.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from indexes.exact import ExactIndex
from indexes.store import publish
from nlp.encoders import load
from service.app import create_app
from service.conflicts import hash_of
from service.db import migrate
from service.db.models import (
    Alert,
    AuditEntry,
    Embedding,
    EncoderRow,
    Flag,
    Identity,
    IndexBuild,
    JobRun,
    Member,
    Post,
    PostTopic,
    Reaction,
    Source,
    Suggestion,
    Thread,
    ThreadHeat,
    Topic,
    TopicArea,
    TopicEvent,
    TopicFit,
)
from service.db.queries import flags
from service.db.session import Database, open_database
from service.insights.heat.rank import standing
from service.settings import Settings
from tests.service import judged

NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)
START = datetime(2025, 12, 22, tzinfo=UTC)  # a Monday
DAYS = 69
NAMES = ("Ada", "Bo", "Cleo", "Dev", "Eve", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kai", "Lea")
LABELS = ("Offline sync on the phone", "Editor shortcuts", "Colour themes")
TEXTS = (
    "The phone app will not sync my notebook since the update, attempt number {n}.",
    "Which shortcut moves the cursor to line {n} of the editor?",
    "My theme number {n} has a warmer dark palette, colours are attached.",
    "Good morning everyone, coffee number {n} is ready.",
)

# What nine people say of sync on the last day, each in words of their own.
CRIES = (
    "The phone app lost what I wrote on the train; sync says that all is well.",
    "The phone app asks me to log in again each time it should fetch a notebook.",
    "The phone app and my laptop show two versions of one page since this morning.",
    "The phone app hangs at forty per cent, and the battery is warm from it.",
    "The phone app came back from offline with last week's list of tags.",
    "The phone app: is anybody else left with a spinning wheel after the update?",
    "The phone app made a copy of every note, and sync carried them everywhere.",
    "The phone app no longer merges what my colleague and I write together.",
    "The phone app works on the old tablet, so the newest release must be at fault.",
)


def settings(folder: Path, **changes: object) -> Settings:
    """Return settings for a data folder, with an encoder that needs no model."""
    values: dict[str, object] = {"data_dir": folder, "encoder": "hashing", "threads": 1}
    return Settings(**(values | changes))  # type: ignore[arg-type]


def open_client(folder: Path, **changes: object) -> TestClient:
    """Return a client, not yet entered, of the service on a data folder."""
    app = create_app(settings(folder, **changes), clock=lambda: NOW)
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1))


def empty(folder: Path) -> Database:
    """Return a migrated database in the folder with nothing in it."""
    folder.mkdir(parents=True, exist_ok=True)
    database = open_database(settings(folder).url)
    migrate.upgrade(database)
    return database


def build(folder: Path) -> None:
    """Make the community in a folder: posts, topics, vectors, a published index."""
    database = empty(folder)
    with database.write() as session:
        _people(session)
        _doubles(session)
        _talk(session)
        session.flush()
        _topics(session)
        _index(session, folder)
        judged.judge(session, NOW)
        judged.review(session, NOW)
        _jobs(session)
        _alerts(session)
        _flags(session)
    database.close()


def double(folder: Path) -> None:
    """Add as many posts and threads again, in topics as before."""
    database = open_database(settings(folder).url)
    with database.write() as session:
        for number in range(40):
            _thread(session, 100 + number, number % 3, START + timedelta(days=number))
        session.flush()
        for number in range(300):
            _post(session, 2_000 + number, 100 + number % 40, number % 12, number % 3, number % 60)
        session.flush()
        for number in range(300):
            topic = number % 3 + 1
            session.add(PostTopic(post_id=2_000 + number, topic_id=topic, fit_id=1, similarity=0.5))
    database.close()


def _people(session: Session) -> None:
    session.add_all([
        Source(id=1, name="forum", kind="jsonl", platform="forum", created_at=START),
        Source(id=2, name="chat", kind="jsonl", platform="forum", created_at=START),
    ])  # fmt: skip
    for number, name in enumerate(NAMES, 1):
        session.add(Member(id=number, name=name, created_at=START))
    session.flush()
    for number, name in enumerate(NAMES, 1):
        session.add(
            Identity(
                member_id=number,
                home_id=number,
                platform="forum",
                value=name.lower(),
                name=name,
                created_at=START,
            )
        )


def _doubles(session: Session) -> None:
    """Add second handles of three people: one suggested, one dismissed, one merged."""
    for number, name in ((13, "Ada Byron"), (14, "Bo"), (15, "Cleo")):
        into = 3 if number == 15 else None
        session.add(Member(id=number, name=name, created_at=START, merged_into_id=into))
        session.flush()
        session.add(Identity(
            member_id=into or number, home_id=number, platform="github", name=name,
            value=f"{name.lower().replace(' ', '')}-dev", email=f"dev{number}@example.org",
            verified=True, created_at=START,
        ))  # fmt: skip
    part = {"name": "name", "weight": 4.5, "why": "They have the same or nearly the same name."}
    for number, status in enumerate(("pending", "dismissed", "accepted"), 1):
        who = {} if number == 1 else {"resolved_at": NOW, "resolved_by": "local"}
        session.add(Suggestion(
            id=number, kind="identity", left_id=number, right_id=number + 12, status=status,
            confidence=0.95 - number / 100, parts=[part], version="identity-1", created_at=START,
            **who,
        ))  # fmt: skip


def _talk(session: Session) -> None:
    for number in range(12):
        _thread(session, number + 1, number % 4, START + timedelta(days=DAYS - 12 + number))
    _thread(session, 20, 0, START, visibility="private")
    session.flush()
    number = 0
    for day in range(DAYS):
        for subject in (1, 2, *([3] if day % 2 == 0 else []), *([0] if day % 5 == 0 else [])):
            number += 1
            _post(session, number, subject + 1 + 4 * (day % 3), (number * 5) % 12, subject, day)
    for author in range(9):
        number += 1
        _post(session, number, 1, author, 0, DAYS - 1, text=CRIES[author])
    session.flush()
    _post(session, number + 1, 20, 0, 0, DAYS - 1, text="a private word about sync")
    _post(session, number + 2, 1, 1, 0, DAYS - 1, text="a deleted word about sync", gone=True)
    session.flush()
    session.get_one(Post, 2).reply_to_id = 1
    session.get_one(Post, 2).edited_at = START + timedelta(days=1)
    for name, author, count in (("heart", "", 4), ("tada", "bo", 1), ("tada", "cleo", 1)):
        session.add(Reaction(post_id=1, name=name, author=author, count=count))


def _thread(
    session: Session, number: int, subject: int, last: datetime, visibility: str = "public"
) -> None:
    session.add(Thread(
        id=number, source_id=1 + (subject == 3), external_id=f"t{number}",
        title=None if subject == 3 else f"{LABELS[subject]}, part {number}",
        channel=("sync", "editor", "themes", "lounge")[subject], visibility=visibility,
        resolved=subject == 1, first_post_at=START, last_post_at=last,
    ))  # fmt: skip


def _post(
    session: Session, number: int, thread: int, author: int, subject: int, day: int,
    text: str | None = None, gone: bool = False,
) -> None:  # fmt: skip
    text = text or TEXTS[subject].format(n=number)
    made = START + timedelta(days=day, hours=9, minutes=number % 50)
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    session.add(Post(
        id=number, source_id=1 + (subject == 3), external_id=f"p{number}", thread_id=thread,
        member_id=author + 1, created_at=made, text=text, plain=text,
        url=f"https://forum.example/p/{number}", deleted_at=NOW if gone else None,
        content_hash=digest, record_hash=digest,
    ))  # fmt: skip


def _topics(session: Session) -> None:
    session.add(EncoderRow(id=1, name="hashing", revision="crc32-256", dimensions=256,
                           created_at=START))  # fmt: skip
    session.flush()
    posts = session.query(Post).order_by(Post.id).all()
    outliers = sum(_subject(post) == 3 for post in posts)
    session.add(TopicFit(id=1, encoder_id=1, model="test", parameters={}, posts=len(posts),
                         outliers=outliers, fitted_at=NOW))  # fmt: skip
    session.flush()
    middle = np.full(256, 1 / 16, dtype=np.float16)
    for number, label in enumerate(("Apps", "Writing"), 1):
        session.add(TopicArea(id=number, label=label, words=[label.lower()], centroid=middle,
                              born_at=NOW))  # fmt: skip
    session.flush()
    words = (["sync", "phone", "notebook"], ["shortcut", "editor", "cursor"], ["theme", "dark"])
    for number, label in enumerate(LABELS, 1):
        centroid = np.zeros(256, dtype=np.float16)
        centroid[[0, number]] = 0.6, 0.8
        shown = [post.id for post in posts if _subject(post) == number - 1][:3]
        session.add(Topic(id=number, fit_id=1, mass=23, anchor=centroid, area_id=1 + (number > 1),
                          phrases=words[number - 1][:2], description=f"About {label.lower()}.",
                          pinned_at=NOW if number == 2 else None, label=label,
                          words=words[number - 1], centroid=centroid, radius=0.5,
                          representatives=shown, born_at=NOW))  # fmt: skip
    session.flush()
    for number, kind, who in ((1, "born", "run"), (2, "pinned", "local")):
        told = {"posts": 23, "authors": 12} if kind == "born" else {}
        session.add(TopicEvent(id=number, topic_id=number, kind=kind, at=NOW, actor=who,
                               evidence=told))  # fmt: skip
    session.flush()
    for post in posts:
        subject = _subject(post)
        topic = None if subject == 3 else subject + 1
        session.add(PostTopic(post_id=post.id, topic_id=topic, fit_id=1, similarity=0.5))


def _alerts(session: Session) -> None:
    """Add what two ticks raised: an alert that ended, and a brigade of the last day."""
    voices = {"accounts": 6, "posts": 8, "copied": 0.0, "young": 0.0, "top": 0.5,
              "verdict": "organic"}  # fmt: skip
    shift = {"label": "negative", "before": 0.2, "now": 0.6, "direction": "up", "posts": 8,
             "posts_before": 30}  # fmt: skip
    told = {"posts": [1, 4], "people": [[1, 3], [2, 2]], "channels": [["editor", 8]],
            "first_seen": (NOW - timedelta(days=9)).isoformat(), "voices": voices,
            "sentiment": shift}  # fmt: skip
    made = NOW - timedelta(days=8)
    session.add(Alert(
        id=1, topic_id=2, span="daily", tick=made, verdict="organic", observed=6, expected=0.75,
        p=1e-6, q=3e-6, level=1e-3, quiet=0, ended_at=made + timedelta(days=3), receipt=told,
        version="trends-2",
    ))  # fmt: skip
    session.add(Alert(
        id=2, topic_id=3, span="daily", tick=NOW - timedelta(days=1), verdict="brigade",
        observed=3, expected=0.5, p=1e-5, q=3e-5, level=1e-3, quiet=0, ended_at=None,
        receipt={**told, "sentiment": None, "voices": {**voices, "verdict": "brigade"}},
        version="trends-2",
    ))  # fmt: skip


def _flags(session: Session) -> None:
    """Add flags: one waits, one was dismissed, one is of a private thread, one is claimed."""
    for number, thread, heat in ((1, 2, 0.8), (2, 3, 0.6), (3, 20, 0.9), (4, 4, 0.7)):
        posts = session.query(Post).filter_by(thread_id=thread).order_by(Post.id).all()
        newest = posts[-1]
        reason = {"name": "you", "words": "A sentence begins with “you”.", "weight": 1.25,
                  "post_id": newest.id, "start": 0, "end": 5,
                  "hash": hash_of(newest.plain[:5])}  # fmt: skip
        session.add(Flag(
            id=number, thread_id=thread, status="open", raised_at=newest.created_at,
            post_id=newest.id, heat=heat, peak=heat, threshold=0.5, version="heat-1", hostile=2,
            newcomer=number == 1, newest_at=newest.created_at, reasons=[reason], revision=1,
            rank=standing(heat, 2, number == 1, newest.created_at),
            turning_post_id=posts[0].id, features={"hostile": heat, "you": 1.0 / number},
        ))  # fmt: skip
        session.add(ThreadHeat(
            thread_id=thread, version="heat-1", heat=heat, peak=heat, posts=len(posts),
            newest_post_id=newest.id, turning_post_id=posts[0].id,
            curve=[[posts[0].id, 0.25], [newest.id, heat]], state="x", at=NOW,
        ))  # fmt: skip
    session.flush()
    at = NOW - timedelta(hours=1)
    decided = {"decided_at": at, "decided_by": "ann", "reason": "technical"}
    _reviewed(session, 2, "dismiss", at, {"status": "dismissed", **decided})
    _reviewed(session, 4, "claim", at, {"status": "claimed", "claimed_by": "ann"})


def _reviewed(
    session: Session, flag_id: int, action: str, at: datetime, values: dict[str, object]
) -> None:
    flag = session.get_one(Flag, flag_id)
    before = flags.state(flag)
    for name, value in values.items():
        setattr(flag, name, value)
    flags.add_review(session, flag, before, at, "ann", action, reason=flag.reason,
                     note="About colours." if flag.reason else None)  # fmt: skip


def _subject(post: Post) -> int:
    starts = [text[:12] for text in TEXTS]
    return starts.index(post.text[:12]) if post.text[:12] in starts else 0


def _index(session: Session, folder: Path) -> None:
    posts = session.query(Post).order_by(Post.id).all()
    vectors = load("hashing").encode([post.plain for post in posts])
    for post, vector in zip(posts, vectors, strict=True):
        session.add(Embedding(post_id=post.id, encoder_id=1, vector=vector))
    index = ExactIndex(256)
    index.add(np.array([post.id for post in posts], dtype=np.int64), vectors)
    manifest = publish(settings(folder).index_dir, index, {})
    session.add(IndexBuild(
        encoder_id=1, generation=manifest.generation, sha256=manifest.sha256,
        count=manifest.count, last_embedding_id=len(posts), built_at=NOW, manifest={},
    ))  # fmt: skip


def _jobs(session: Session) -> None:
    session.add(JobRun(
        id=1, kind="run", arguments={}, status="succeeded", actor="local", requested_at=START,
        started_at=START, finished_at=START + timedelta(minutes=2), attempts=1, step="trends",
        result={"posts": 196},
    ))  # fmt: skip
    session.add(JobRun(
        id=2, kind="sync", arguments={}, status="failed", actor="local", attempts=3,
        requested_at=NOW - timedelta(days=1), started_at=NOW - timedelta(days=1),
        finished_at=NOW - timedelta(hours=23), step="fetch", idempotency_key="night-7",
        error="the forum did not answer",
    ))  # fmt: skip
    session.add(AuditEntry(
        id=1, at=NOW - timedelta(days=1), actor="local", action="job.create", target="job 2",
        detail={"kind": "sync"},
    ))  # fmt: skip
