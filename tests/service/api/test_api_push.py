from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from sqlalchemy import event, select
from starlette.testclient import TestClient

from service import auth
from service.api import push as module
from service.api.openapi import operations
from service.db.models import JobRun, Post, RawItem, Source, Thread
from tests.service import http_store
from tests.service.api.test_api_raw_input import BODIES, assert_problem
from tests.service.conftest import open_client

PATH = "/api/v1/posts"
JSON = {"content-type": "application/json"}


def row(id_: str, **more: Any) -> dict[str, Any]:
    made = {"id": id_, "author": "ada", "created_at": "2026-02-28T11:00:00Z", "text": f"Word {id_}"}
    return {**made, **more}


def send(client: TestClient, *rows: Any, **more: Any) -> dict[str, Any]:
    headers = more.pop("headers", {})
    body = {"source": "pushed", "posts": list(rows), **more}
    answer = client.post(PATH, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def outcomes(answer: dict[str, Any]) -> list[str]:
    assert [entry["index"] for entry in answer["data"]] == list(range(len(answer["data"])))
    assert sum(answer["counts"].values()) == len(answer["data"])
    return [entry["outcome"] for entry in answer["data"]]


def stored(client: TestClient, source: str = "pushed") -> dict[str, Post]:
    with client.app.state.services.database.read() as session:
        query = select(Post).join(Source, Source.id == Post.source_id).where(Source.name == source)
        return {post.external_id: post for post in session.scalars(query)}


def newest_audit(client: TestClient, headers: dict[str, str] | None = None) -> dict[str, Any]:
    return client.get("/api/v1/audit?limit=1", headers=headers).json()["data"][0]


def test_posts_go_in_and_the_same_again_changes_nothing(own: TestClient) -> None:
    rows = (
        row("a", thread_id="t", thread_title="Sync", more=1),
        row("b", parent_id="a", author="bo"),
    )
    assert outcomes(send(own, *rows)) == ["added", "added"]
    shown = {post["external_id"]: post for post in own.get(f"{PATH}?source=pushed").json()["data"]}
    assert shown["b"]["reply_to"] == shown["a"]["id"]
    assert shown["b"]["thread"] == shown["a"]["thread"]
    assert shown["a"]["thread"]["title"] == "Sync"
    assert outcomes(send(own, *rows)) == ["unchanged", "unchanged"]
    assert outcomes(send(own, row("a", thread_id="t", text="Anew", more=2), rows[1])) == [
        "updated",
        "unchanged",
    ]
    assert stored(own)["a"].text == "Anew"
    entry = newest_audit(own)
    assert (entry["actor"], entry["action"], entry["target"]) == ("local", "push", "pushed")
    assert entry["detail"]["updated"] == 1
    with own.app.state.services.database.read() as session:
        (kept,) = session.scalars(select(RawItem)).all()
    assert kept.post_id == stored(own)["a"].id
    assert orjson.loads(kept.data) == row("a", thread_id="t", text="Anew", more=2)


def test_a_bad_record_is_refused_alone(own: TestClient) -> None:
    bad = [5, None, [], {}, row("x", created_at="soon"), row("y", text=7), row("z" * 401)]
    answer = send(own, row("a"), *bad, row("b"))
    assert outcomes(answer) == ["added", *["rejected"] * len(bad), "added"]
    told = answer["data"]
    assert told[1] == {
        "index": 1,
        "id": None,
        "outcome": "rejected",
        "reason": "the record is no JSON object",
    }
    assert told[5]["id"] == "x"
    assert told[5]["reason"].startswith("`created_at` is no time")
    assert told[7]["id"] is None
    assert set(stored(own)) == {"a", "b"}


def test_nothing_good_writes_nothing(own: TestClient) -> None:
    before = newest_audit(own)
    assert outcomes(send(own, {}, "x")) == ["rejected", "rejected"]
    assert newest_audit(own) == before


def test_a_deletion_empties_a_post_and_a_later_record_brings_it_back(own: TestClient) -> None:
    send(own, row("a", thread_id="t"), row("b", thread_id="t"))
    gone = {"id": "a", "deleted": True}
    answer = send(own, gone, {"id": "nowhere", "deleted": True}, row("c", thread_id="t"))
    assert outcomes(answer) == ["deleted", "unchanged", "added"]
    assert (stored(own)["a"].text, stored(own)["a"].deleted_at) == ("", http_store.NOW)
    assert outcomes(send(own, gone)) == ["unchanged"]
    assert outcomes(send(own, row("a", thread_id="t"))) == ["updated"]
    assert stored(own)["a"].text == "Word a"


def test_a_second_word_on_a_post_in_one_body_is_refused(own: TestClient) -> None:
    rows = row("a"), row("a"), row("a", text="Other"), {"id": "a", "deleted": True}
    answer = send(own, *rows)
    assert outcomes(answer) == ["added", "unchanged", "rejected", "rejected"]
    assert answer["data"][3]["reason"] == module.TWICE
    assert stored(own)["a"].text == "Word a"


def test_an_older_edit_changes_nothing(own: TestClient) -> None:
    late = row("a", text="Second", edited_at="2026-02-28T11:30:00Z")
    early = row("a", text="First", edited_at="2026-02-28T11:20:00Z")
    assert outcomes(send(own, late)) == ["added"]
    assert outcomes(send(own, early)) == ["unchanged"]
    assert stored(own)["a"].text == "Second"


def test_each_record_may_name_its_source(own: TestClient) -> None:
    answer = own.post(PATH, json={"posts": [row("a", source="one"), row("b")]}).json()
    assert outcomes(answer) == ["added", "rejected"]
    assert answer["data"][1]["reason"] == module.NO_SOURCE
    assert outcomes(send(own, row("a", source="one"), row("a"), source="two")) == [
        "unchanged",
        "added",
    ]
    assert set(stored(own, "one")) == set(stored(own, "two")) == {"a"}


def test_private_posts_are_skipped_unless_an_admin_asks(store: Path) -> None:
    with open_client(store) as client:
        database = client.app.state.services.database
        with database.write() as session:
            keys = {
                scope: auth.make_key(session, scope, [scope], http_store.NOW)
                for scope in ("read", "write", "admin")
            }
        headers = {scope: {"Authorization": f"Bearer {key}"} for scope, key in keys.items()}
        hidden = row("a", visibility="private"), row("b", visibility="direct"), row("c")
        answer = send(client, *hidden, headers=headers["write"])
        assert outcomes(answer) == ["private_skipped", "private_skipped", "added"]
        assert set(stored(client)) == {"c"}
        body = {"source": "pushed", "posts": hidden, "include_private": True}
        for scope, status in (("read", 403), ("write", 403), ("admin", 200)):
            said = client.post(PATH, json=body, headers=headers[scope])
            assert said.status_code == status
        assert client.post(PATH, json=body).status_code == 401
        with database.read() as session:
            found = session.execute(select(Thread.external_id, Thread.visibility)).all()
        assert {("a", "private"), ("b", "direct"), ("c", "public")} <= {tuple(one) for one in found}
        assert newest_audit(client, headers["admin"])["actor"] == "admin"
        listed = client.get(f"{PATH}?source=pushed", headers=headers["read"]).json()["data"]
        assert [post["external_id"] for post in listed] == ["c"]


def test_a_post_that_turns_private_is_withdrawn(own: TestClient) -> None:
    send(own, row("a"))
    assert outcomes(send(own, row("a", visibility="private"))) == ["private_skipped"]
    assert stored(own) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"posts": []}, {"posts": [{}] * 1_001}, {"posts": {}}, {"posts": None}, {"source": ""},
        {"source": "  "}, {"source": "x" * 201}, {"source": 5}, {"include_private": "yes"},
        {"include_private": 1}, {"more": 1},
    ],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused(own: TestClient, change: dict[str, Any]) -> None:
    answer = own.post(PATH, json={"source": "pushed", "posts": [row("a")], **change})
    assert_problem(answer)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert next(iter(change)) in answer.json()["detail"]
    assert stored(own) == {}


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_an_odd_body_is_refused(client: TestClient, number: int) -> None:
    assert_problem(client.post(PATH, content=BODIES[number], headers=JSON), BODIES[number])


ODD = ["NaN", "Infinity", "1e999", "-1e999", "9223372036854775808", '"\\ud800"', '"\\u0000"']


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_value_in_a_record_is_refused(client: TestClient, odd: str) -> None:
    sent = f'{{"source":"s","posts":[{{"id":"a","text":{odd}}}]}}'.encode()
    assert_problem(client.post(PATH, content=sent, headers=JSON), sent)


@pytest.mark.parametrize("kind", ["", "text/plain", "text/json", "multipart/form-data", "\x00"])
def test_a_body_that_is_not_said_to_be_json_is_refused(client: TestClient, kind: str) -> None:
    sent = b'{"source":"s","posts":[{}]}'
    answer = client.post(PATH, content=sent, headers={"content-type": kind})
    assert_problem(answer)
    assert answer.json()["code"] == "invalid_input"


def test_a_thousand_large_records_fit_and_more_than_8_mib_do_not(own: TestClient) -> None:
    rows = [row(f"p{number}", text="word " * 1_500) for number in range(1_000)]
    assert send(own, *rows)["counts"]["added"] == 1_000
    json = {**JSON, "Idempotency-Key": "large"}
    said = own.post(PATH, content=b" " * 8_388_609, headers=json)
    assert (said.status_code, said.json()["code"]) == (413, "too_large")
    assert "8,388,608" in said.json()["detail"]
    other = own.post("/api/v1/jobs", content=b" " * 1_048_577, headers=JSON)
    assert "1,048,576" in other.json()["detail"]


def test_a_body_is_not_read_for_who_may_not_write(own: TestClient) -> None:
    with own.app.state.services.database.write() as session:
        auth.make_key(session, "k", ["read"], http_store.NOW)
    # Read first, it would be no JSON.
    assert own.post(PATH, content=b"{", headers=JSON).status_code == 401


def test_the_same_key_and_body_give_the_same_answer(own: TestClient) -> None:
    headers = {"Idempotency-Key": "batch-1"}
    body = {"source": "pushed", "posts": [row("a"), 5]}
    first, second = (own.post(PATH, json=body, headers=headers) for _ in range(2))
    assert outcomes(first.json()) == ["added", "rejected"]
    assert second.json() == first.json()
    replayed = [answer.headers["idempotency-replayed"] for answer in (first, second)]
    assert replayed == ["false", "true"]
    assert own.get("/api/v1/audit").json()["data"][1]["action"] != "push"
    other = own.post(PATH, json={**body, "posts": [row("b")]}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert set(stored(own)) == {"a"}
    job = own.post("/api/v1/jobs", json={"kind": "run"}, headers=headers)
    assert job.status_code == 409
    with own.app.state.services.database.read() as session:
        kept = session.scalars(select(JobRun).where(JobRun.kind == "push")).one()
    assert (kept.status, kept.idempotency_key) == ("succeeded", "batch-1")
    assert set(kept.arguments) == {"sha256"}
    assert "Word" not in str(kept.result)


def test_a_crash_before_the_answer_is_kept_is_safe_to_repeat(
    own: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("killed")

    headers = {"Idempotency-Key": "batch-2"}
    body = {"source": "pushed", "posts": [row("a")]}
    with monkeypatch.context() as patch:
        patch.setattr(module.pushes, "keep", broken)
        assert own.post(PATH, json=body, headers=headers).status_code == 500
    again = own.post(PATH, json=body, headers=headers)
    assert outcomes(again.json()) == ["unchanged"]
    assert len(stored(own)) == 1
    assert own.post(PATH, json=body, headers=headers).json() == again.json()


def test_one_key_sent_many_times_at_once_has_one_effect_and_one_answer(own: TestClient) -> None:
    body = {"source": "pushed", "posts": [row(f"p{number}") for number in range(5)]}

    def ask(_: int) -> str:
        return own.post(PATH, json=body, headers={"Idempotency-Key": "crowd"}).text

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(ask, range(100)))) == 1
    found = stored(own)
    assert {id_: post.text for id_, post in found.items()} == {
        f"p{number}": f"Word p{number}" for number in range(5)
    }
    assert {post.edited_at for post in found.values()} == {None}
    with own.app.state.services.database.read() as session:
        kept = session.scalars(select(JobRun).where(JobRun.idempotency_key == "crowd")).all()
    assert len(kept) == 1


def test_a_push_that_meets_another_is_tried_again(
    own: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    store = module.store

    def meets(*args: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise module.IntegrityError("insert", None, ValueError("unique"))
        store(*args)

    monkeypatch.setattr(module, "store", meets)
    assert outcomes(send(own, row("a"))) == ["added"]
    assert len(calls) == 2


def test_a_commit_that_fails_is_not_answered_as_done(own: TestClient) -> None:
    engine = own.app.state.services.database.engine

    def broken(connection: object) -> None:
        raise RuntimeError("the disk is full")

    event.listen(engine, "commit", broken)
    answer = own.post(PATH, json={"source": "pushed", "posts": [row("a")]})
    event.remove(engine, "commit", broken)
    assert answer.status_code == 500
    assert stored(own) == {}


def test_no_text_of_a_post_is_logged(own: TestClient) -> None:
    with structlog.testing.capture_logs() as logs:
        send(own, row("a", text="veryprivate"), row("b", text=["veryprivate"]), "veryprivate")
    assert "veryprivate" not in str(logs)


def test_the_description_tells_the_shape_of_a_record(client: TestClient) -> None:
    operation = operations(client.get("/openapi.json").json())["push_posts"]
    shape = operation["requestBody"]["content"]["application/json"]["schema"]
    assert shape["properties"]["posts"]["maxItems"] == 1_000
    assert shape["properties"]["posts"]["items"] == module.RECORD
    assert shape["required"] == ["posts"]


def test_long_texts_are_cut(store: Path) -> None:
    with open_client(store, max_post_chars=1_000) as client:
        send(client, row("a", text="x" * 5_000))
        assert (len(stored(client)["a"].text), stored(client)["a"].truncated) == (1_000, True)
