"""Jobs: claimed once, done once, on record however they end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from jobs import runner
from jobs.lock import hold
from jobs.pipeline import STEPS, RunResult
from service.db.models import JobRun
from service.db.queries import job_claims
from service.db.queries.jobs import ask
from service.db.session import Database
from service.errors import Busy
from service.settings import Settings
from tests.jobs.community import records
from tests.jobs.conftest import Import

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def jobs(database: Database) -> list[JobRun]:
    with database.read() as session:
        return list(session.scalars(select(JobRun).order_by(JobRun.id)))


def put(database: Database, **changes: Any) -> int:
    with database.write() as session:
        row, _ = ask(session, "run", {}, "key", NOW)
        for name, value in changes.items():
            setattr(row, name, value)
        return row.id


def test_a_waiting_job_is_done(database: Database, settings: Settings, bring: Import) -> None:
    bring(records())
    put(database)
    assert runner.work(database, settings, clock, once=True) == 1
    [job] = jobs(database)
    assert (job.status, job.attempts, job.error) == ("succeeded", 1, None)
    assert job.finished_at == NOW
    assert job.result is not None
    assert job.result["index"]["vectors"] == len(records())
    assert runner.work(database, settings, clock, once=True) == 0


def test_a_run_is_on_record_as_a_job(database: Database, settings: Settings) -> None:
    runner.run_now(database, settings, clock, actor="local")
    [job] = jobs(database)
    assert (job.kind, job.actor, job.status) == ("run", "local", "succeeded")


def test_a_run_that_fails_says_so(database: Database, settings: Settings) -> None:
    broken = settings.model_copy(update={"encoder": "no-such-encoder"})
    with pytest.raises(Exception, match="no encoder"):
        runner.run_now(database, broken, clock, actor="local")
    [job] = jobs(database)
    assert job.status == "failed"
    assert "no-such-encoder" in str(job.error)


def test_a_worker_goes_on_after_a_job_that_fails(database: Database, settings: Settings) -> None:
    put(database)
    put(database)
    broken = settings.model_copy(update={"encoder": "no-such-encoder"})
    assert runner.work(database, broken, clock, once=True) == 2
    assert [job.status for job in jobs(database)] == ["failed", "failed"]


def test_two_runs_at_a_time_are_refused(database: Database, settings: Settings) -> None:
    with (
        hold(settings.data_dir / "run.lock"),
        pytest.raises(Busy, match="another run"),
    ):
        runner.run_now(database, settings, clock, actor="local")
    assert jobs(database) == []
    runner.run_now(database, settings, clock, actor="local")


def test_a_job_waits_for_a_run_that_is_under_way(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "POLL_SECONDS", 0.01)
    put(database)
    polls: list[str] = []

    class Polled(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            polls.append(jobs(database)[0].status)
            if len(polls) == 3:
                held.close()
            return super().wait(timeout)

    with ExitStack() as held:
        held.enter_context(hold(settings.data_dir / "run.lock"))
        assert runner.work(database, settings, clock, once=True, stop=Polled()) == 1
    assert polls == ["queued"] * 3
    [job] = jobs(database)
    assert (job.status, job.attempts) == ("succeeded", 1)


def test_a_job_that_fails_in_an_unforeseen_way_ends_no_worker(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(*_: object, **__: object) -> None:
        raise ZeroDivisionError("SECRETWORD")

    monkeypatch.setattr(runner, "run", fall)
    put(database)
    put(database)
    assert runner.work(database, settings, clock, once=True) == 2
    for job in jobs(database):
        assert job.status == "failed"
        assert str(job.error).startswith("ZeroDivisionError at test_runner.py:")


def test_a_stop_by_hand_is_on_record(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner.run_now(database, settings, clock, actor="local")
    [job] = jobs(database)
    assert (job.status, job.error) == ("failed", "KeyboardInterrupt: stopped")


def test_a_run_lives_through_a_locked_database(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[str] = []
    enough = threading.Event()

    def locked(session: object, job: int, now: datetime, step: str) -> None:
        beats.append(threading.current_thread().name)
        if len(set(beats)) == 2 and len(beats) > 8:
            enough.set()
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    def slow(*_: object, report: Any, **__: object) -> RunResult:
        with report("encode"):
            assert enough.wait(10)
        return RunResult()

    monkeypatch.setattr(runner, "HEARTBEAT_SECONDS", 0.001)
    monkeypatch.setattr(job_claims, "keep", locked)
    monkeypatch.setattr(runner, "run", slow)
    runner.run_now(database, settings, clock, actor="local")
    assert beats.count("MainThread") == 1
    assert jobs(database)[0].status == "succeeded"


def test_each_step_is_on_record_as_it_begins(database: Database, settings: Settings) -> None:
    seen: list[str | None] = []

    @contextmanager
    def looks(step: str) -> Iterator[None]:
        seen.append(jobs(database)[0].step)
        yield

    runner.run_now(database, settings, clock, actor="local", report=looks)
    assert seen == list(STEPS)
    assert jobs(database)[0].step == STEPS[-1]


def test_runs_that_were_killed_are_failed_by_the_next(
    database: Database, settings: Settings
) -> None:
    with database.write() as session:
        killed = job_claims.begin(session, "run", {}, "local", NOW)
    again = put(database, status="running", attempts=1, lease_until=NOW + timedelta(minutes=1))
    waiting = put(database)
    runner.run_now(database, settings, clock, actor="local")
    found = {job.id: (job.status, job.error) for job in jobs(database)}
    assert found.pop(killed) == ("failed", job_claims.KILLED)
    assert found.pop(again) == ("running", None)
    assert found.pop(waiting) == ("queued", None)
    assert list(found.values()) == [("succeeded", None)]


def test_a_job_whose_worker_died_is_taken_again(database: Database) -> None:
    lost = put(database, status="running", attempts=1, lease_until=NOW - timedelta(seconds=1))
    with database.write() as session:
        claimed = job_claims.claim(session, NOW)
        assert claimed is not None
        assert (claimed.id, claimed.attempts) == (lost, 2)


def test_a_job_that_is_being_done_is_left_alone(database: Database) -> None:
    put(database, status="running", attempts=1, lease_until=NOW + timedelta(seconds=1))
    with database.write() as session:
        assert job_claims.claim(session, NOW) is None


def test_a_job_that_kills_its_worker_each_time_fails(database: Database) -> None:
    put(database, status="running", attempts=3, lease_until=NOW - timedelta(seconds=1))
    with database.write() as session:
        assert job_claims.claim(session, NOW) is None
    [job] = jobs(database)
    assert (job.status, job.error) == ("failed", job_claims.LOST)


def test_four_workers_claim_each_job_once(database: Database) -> None:
    wanted = sorted(put(database) for _ in range(8))
    claimed: list[int] = []

    def take() -> None:
        while True:
            with database.write() as session:
                job = job_claims.claim(session, NOW)
            if job is None:
                return
            claimed.append(job.id)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == wanted


def test_a_worker_stops_when_it_is_told(database: Database, settings: Settings) -> None:
    stop = threading.Event()
    stop.set()
    put(database)
    assert runner.work(database, settings, clock, stop=stop) == 0
