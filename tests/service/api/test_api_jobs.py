from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

PATH = "/api/v1/jobs"


def test_a_job_is_asked_for_and_written_down(own: TestClient) -> None:
    answer = own.post(PATH, json={"kind": "run"})
    assert answer.status_code == 202
    job = answer.json()
    assert (job["status"], job["actor"], job["attempts"]) == ("queued", "local", 0)
    assert job["requested_at"] == "2026-02-28T12:00:00Z"
    assert own.get(answer.headers["location"]).json() == job
    entry = own.get("/api/v1/audit").json()["data"][0]
    assert (entry["actor"], entry["action"]) == ("local", "job.create")
    assert entry["target"] == f"job {job['id']}"


def test_the_same_key_and_body_give_the_same_job(own: TestClient) -> None:
    headers = {"Idempotency-Key": "night-8"}
    first, second = (own.post(PATH, json={"kind": "run"}, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    assert first.headers["idempotency-replayed"] == "false"
    assert second.headers["idempotency-replayed"] == "true"
    assert len(own.get("/api/v1/audit").json()["data"]) == 2
    assert own.post(PATH, json={"kind": "run"}).json()["id"] != first.json()["id"]


def test_the_same_key_with_another_body_is_a_conflict(own: TestClient) -> None:
    answer = own.post(PATH, json={"kind": "run"}, headers={"Idempotency-Key": "night-7"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert own.get(f"{PATH}/3").status_code == 404


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "\u00e9".encode("latin-1")])
def test_a_key_that_cannot_be_is_refused(own: TestClient, key: str | bytes) -> None:
    answer = own.post(PATH, json={"kind": "run"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422


def test_jobs_come_newest_first(own: TestClient) -> None:
    made = own.post(PATH, json={"kind": "run"}).json()["id"]
    page = own.get(PATH, params={"limit": 1}).json()
    assert [row["id"] for row in page["data"]] == [made]
    rest = own.get(PATH, params={"cursor": page["next_cursor"]}).json()
    assert [row["id"] for row in rest["data"]] == [2, 1]
    assert own.get(f"{PATH}/999").status_code == 404


def test_a_write_that_cannot_be_committed_is_not_answered_as_done(
    own: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.api import jobs as module

    def broken(*args, **kwargs) -> None:
        raise ValueError("secret")

    monkeypatch.setattr(module.audit, "note", broken)
    answer = own.post(PATH, json={"kind": "run"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert len(own.get(PATH).json()["data"]) == 2  # those that were there


def test_a_commit_that_fails_is_answered_as_a_failure(own: TestClient) -> None:
    engine = own.app.state.services.database.engine

    def broken(connection) -> None:
        raise RuntimeError("the disk is full")

    event.listen(engine, "commit", broken)
    answer = own.post(PATH, json={"kind": "run"})
    event.remove(engine, "commit", broken)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert len(own.get(PATH).json()["data"]) == 2


def test_one_key_sent_many_times_at_once_makes_one_job(own: TestClient) -> None:
    def ask(_: int) -> int:
        headers = {"Idempotency-Key": "crowd"}
        return own.post(PATH, json={"kind": "run"}, headers=headers).json()["id"]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(32))) == {3}
    assert len(own.get("/api/v1/audit").json()["data"]) == 2
