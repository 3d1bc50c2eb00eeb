"""Jobs: claimed once, done once, on record however they end."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from jobs import runner
from jobs.lock import hold
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
    runner.run_now(database, settings, clock, actor="cli")
    [job] = jobs(database)
    assert (job.kind, job.actor, job.status) == ("run", "cli", "succeeded")


def test_a_run_that_fails_says_so(database: Database, settings: Settings) -> None:
    broken = settings.model_copy(update={"encoder": "no-such-encoder"})
    with pytest.raises(Exception, match="no encoder"):
        runner.run_now(database, broken, clock, actor="cli")
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
        runner.run_now(database, settings, clock, actor="cli")
    assert jobs(database) == []
    runner.run_now(database, settings, clock, actor="cli")


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
