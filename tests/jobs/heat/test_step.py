"""Step `heat`: threads are read when they change, flagged when hot, let go when calm."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from jobs.heat import HeatResult, update_heat
from jobs.heat.reading import talks
from nlp.encoders import describe
from nlp.heat import NAMES, HeatModel
from service import flags as acting
from service.db.models import Flag, FlagReview, Member, Post, Source, Thread, ThreadHeat
from service.db.queries import corrections, flags, load
from service.db.queries.scores import add_model, put_scores
from service.db.session import Database
from tests.service import http_store
from tests.service.http_store import NOW

MINUTE = timedelta(minutes=1)
START = NOW - timedelta(days=40)
CALM, HOT = "Thanks, that works for me.", "You never read what people write."


def weights(**given: float) -> HeatModel:
    """Return a model in which only some features count."""
    own = np.array([given.get(name, 0.0) for name in NAMES])
    zeros, ones = np.zeros(len(NAMES)), np.ones(len(NAMES))
    return HeatModel("test-1", NAMES, zeros, ones, own, -3.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = http_store.empty(tmp_path / "store")
    with database.write() as session:
        session.add(Source(id=1, name="chat", kind="jsonl", created_at=START))
        for number in range(1, 5):
            session.add(Member(id=number, name=f"m{number}", is_bot=number == 4, created_at=START))
        session.flush()
        add_model(session, "hostility", "test", "1", ("civil", "hostile", "personal"), START)
    talk(database, 1, [(1, CALM, 0.05), (2, CALM, 0.05)], START)
    yield database
    database.close()


def talk(
    database: Database,
    thread: int,
    said: list[tuple[int, str, float]],
    at: Any = NOW - timedelta(hours=3),
    *,
    visibility: str = "public",
) -> list[int]:
    """Add posts (member, text, P(not civil)) to a thread, a minute apart; return their ids."""
    with database.write() as session:
        row = session.get(Thread, thread)
        if row is None:
            session.add(Thread(
                id=thread, source_id=1, external_id=f"t{thread}", title=f"Thread {thread}",
                channel="general", visibility=visibility, first_post_at=at, last_post_at=at,
            ))  # fmt: skip
            session.flush()
            row = session.get_one(Thread, thread)
        ids = []
        for place, (member, text, hostile) in enumerate(said):
            made = at + place * MINUTE
            digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
            post = Post(
                source_id=1, external_id=f"{thread}-{made.isoformat()}", thread_id=thread,
                member_id=member, created_at=made, text=text, plain=text, content_hash=digest,
                record_hash=digest,
            )  # fmt: skip
            session.add(post)
            session.flush()
            shares = np.array([1 - hostile, hostile, 0], dtype=np.float16)
            put_scores(session, [{
                "post_id": post.id, "task": "hostility", "model_id": 1, "label": "civil",
                "confidence": max(hostile, 1 - hostile), "probabilities": shares,
            }])  # fmt: skip
            row.last_post_at = made
            ids.append(post.id)
    return ids


def run(database: Database, model: HeatModel | None = None, **changes: Any) -> HeatResult:
    given = {"now": NOW, "a_day": 2.0, "stale_after_days": 2, **changes}
    model = model or weights(worst=8.0, hostile=6.0)
    return update_heat(database, describe("hashing"), lambda: model, **given)


def queue(database: Database) -> dict[int, str]:
    with database.read() as session:
        return {flag.thread_id: flag.status for flag in session.scalars(select(Flag))}


def quarrel(database: Database, thread: int = 2, **options: Any) -> list[int]:
    said = [(1, CALM, 0.05), (2, HOT, 0.9), (1, HOT, 0.9), (2, HOT, 0.95)]
    return talk(database, thread, said, **options)


def test_a_hot_thread_is_flagged_with_its_reasons(store: Database) -> None:
    posts = quarrel(store)
    talk(store, 3, [(1, CALM, 0.05), (3, CALM, 0.05)])
    done = run(store)
    assert (done.threads, done.raised, done.withdrawn) == (3, 1, 0)
    with store.read() as session:
        [flag] = session.scalars(select(Flag))
        heat = session.get_one(ThreadHeat, (2, "test-1"))
        assert flag.thread_id == 2
        assert flag.post_id in posts[1:]
        assert (flag.hostile, flag.status, flag.revision) == (3, "open", 1)
        assert flag.heat > done.threshold > 0.5
        assert [point[0] for point in heat.curve] == posts
        assert heat.curve[-1][1] == pytest.approx(flag.heat)
        assert {reason["name"] for reason in flag.reasons} <= {"worst", "hostile"}
        assert flag.reasons
        assert all(reason["post_id"] in posts for reason in flag.reasons)
        assert set(flag.features) == set(NAMES)


def test_a_second_run_reads_nothing(store: Database) -> None:
    quarrel(store)
    run(store)
    again = run(store)
    assert (again.threads, again.raised) == (0, 0)


def test_a_thread_that_calms_down_is_let_go_and_says_why(store: Database) -> None:
    quarrel(store)
    run(store)
    posts = talk(store, 2, [(1, CALM, 0.02)] * 8, at=NOW - timedelta(hours=1))
    done = run(store)
    assert (done.raised, done.withdrawn) == (0, 1)
    assert queue(store) == {2: "withdrawn"}
    with store.read() as session:
        [review] = session.scalars(select(FlagReview))
        assert (review.actor, review.action) == ("run", "withdraw")
        assert review.evidence["posts"] >= 8
        assert review.evidence["heat"] < review.evidence["threshold"]
        assert review.evidence["post_id"] == posts[-1]


def test_what_a_person_claimed_is_not_taken_from_them(store: Database) -> None:
    quarrel(store)
    run(store)
    with store.write() as session:
        [flag] = flags.unresolved(session).values()
        acting.act(session, flag.id, "claim", revision=1, actor="mo", now=NOW)
    talk(store, 2, [(1, CALM, 0.02)] * 8, at=NOW - timedelta(hours=1))
    assert run(store).withdrawn == 0
    assert queue(store) == {2: "claimed"}


def test_a_decided_thread_is_flagged_again_by_new_posts_only(store: Database) -> None:
    quarrel(store)
    run(store)
    with store.write() as session:
        [flag] = flags.unresolved(session).values()
        acting.act(session, flag.id, "dismiss", revision=1, actor="mo", now=NOW, reason="technical")
    talk(store, 2, [(3, CALM, 0.02)], at=NOW - timedelta(hours=2))
    assert run(store, weights(worst=0.1)).raised == 0
    talk(store, 2, [(1, HOT, 0.97)] * 2, at=NOW - timedelta(hours=1))
    assert run(store).raised == 1


def test_old_quarrels_raise_nothing(store: Database) -> None:
    quarrel(store, at=NOW - timedelta(days=20))
    talk(store, 3, [(1, CALM, 0.05)])
    assert run(store).raised == 0


def test_an_old_archive_is_looked_at_as_of_its_newest_post(store: Database) -> None:
    quarrel(store)
    assert run(store, now=NOW + timedelta(days=400)).raised == 1


def test_private_threads_and_bots_are_left_out(store: Database) -> None:
    quarrel(store, visibility="private")
    talk(store, 5, [(4, HOT, 0.95)] * 5)
    done = run(store)
    assert (done.threads, done.raised) == (2, 0)
    with store.read() as session:
        assert session.get(ThreadHeat, (2, "test-1")) is None
        assert session.get_one(ThreadHeat, (5, "test-1")).curve == []


def test_the_budget_sets_the_threshold(store: Database) -> None:
    for thread in range(10, 40):
        worst = 0.5 + thread / 100
        talk(store, thread, [(1, CALM, 0.05), (2, HOT, worst), (1, HOT, worst)])
    few = run(store, weights(worst=5.0, hostile=4.0), a_day=0.125)  # over 40 days
    assert few.raised == 5


def test_edited_and_deleted_posts_are_read_again(store: Database) -> None:
    posts = quarrel(store)
    run(store)
    with store.write() as session:
        load.drop_judgements(session, [posts[1]])
    assert run(store).threads == 1
    with store.write() as session:
        load.empty_post(session, posts[3], bytes(16), NOW)
    assert run(store).threads == 1
    with store.read() as session:
        heat = session.get_one(ThreadHeat, (2, "test-1"))
        assert [post for post, _ in heat.curve] == posts[:3]


def test_what_a_person_says_of_a_post_is_heard(store: Database) -> None:
    posts = quarrel(store)
    run(store)
    with store.write() as session:
        for post in posts[1:]:
            corrections.add(session, post, "hostility", "civil", "mo", None, False, NOW)
    done = run(store, weights(worst=8.0))
    assert (done.threads, done.withdrawn) == (1, 1)


def test_a_flag_of_which_nothing_hot_is_left_is_taken_back(store: Database) -> None:
    posts = quarrel(store)
    run(store)
    with store.write() as session:
        for post in posts[1:]:
            load.empty_post(session, post, bytes(16), NOW)
    assert run(store).withdrawn == 1


def test_a_flag_whose_thread_fell_silent_is_taken_back(store: Database) -> None:
    quarrel(store)
    run(store)
    talk(store, 3, [(1, CALM, 0.05)], at=NOW + timedelta(days=15))
    assert run(store, now=NOW + timedelta(days=15)).withdrawn == 1
    with store.read() as session:
        [review] = session.scalars(select(FlagReview))
        assert review.evidence == {"silent_days": 15}


def test_a_thread_that_speaks_again_after_long_is_not_silent(store: Database) -> None:
    quarrel(store)
    run(store)
    talk(store, 2, [(1, HOT, 0.97)] * 2, at=NOW + timedelta(days=20))
    assert run(store, now=NOW + timedelta(days=21)).withdrawn == 0
    assert queue(store) == {2: "open"}


def test_older_posts_that_come_late_take_no_flag_back(store: Database) -> None:
    quarrel(store)
    run(store)
    talk(store, 2, [(3, CALM, 0.02)] * 5, at=NOW - timedelta(hours=9))
    assert run(store).withdrawn == 0
    assert queue(store) == {2: "open"}


def test_a_stopped_run_loses_no_flag(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    quarrel(store)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("jobs.heat.step.settle", stop)
        with pytest.raises(KeyboardInterrupt):
            run(store)
    assert run(store).raised == 1


def test_an_edit_during_a_run_is_read_by_the_next(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = quarrel(store)

    def edited(*given: Any) -> Any:
        read = talks(*given)
        with store.write() as session:
            session.get_one(Post, posts[1]).content_hash = bytes(range(16))
        return read

    monkeypatch.setattr("jobs.heat.step.talks", edited)
    run(store)
    monkeypatch.undo()
    assert run(store).threads == 1
    assert run(store).threads == 0


def test_only_threads_of_the_last_weeks_are_read(store: Database) -> None:
    talk(store, 6, [(1, CALM, 0.05)], at=NOW - timedelta(days=80))
    talk(store, 3, [(1, CALM, 0.05)])
    assert run(store).threads == 2


def test_an_old_quarrel_in_a_thread_is_not_this_one(store: Database) -> None:
    quarrel(store, at=NOW - timedelta(days=20))
    posts = talk(store, 2, [(1, CALM, 0.02)] * 12 + [(2, HOT, 0.95)])
    run(store)
    with store.read() as session:
        [flag] = session.scalars(select(Flag))
        assert (flag.hostile, flag.post_id) == (1, posts[-1])


def test_another_version_of_the_model_reads_everything(store: Database) -> None:
    quarrel(store)
    run(store)
    other = weights(worst=8.0, hostile=6.0)
    done = run(store, HeatModel("test-2", NAMES, other.mean, other.scale, other.weights, -3.0))
    assert (done.threads, done.raised) == (2, 0)
    with store.read() as session:
        versions = set(session.scalars(select(ThreadHeat.version)))
    assert versions == {"test-2"}


def test_an_empty_store_has_nothing_to_read(tmp_path: Path) -> None:
    database = http_store.empty(tmp_path / "none")
    assert run(database) == HeatResult(0, 0, 0, 0.0, "test-1")
    database.close()
