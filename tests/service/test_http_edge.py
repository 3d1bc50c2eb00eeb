from __future__ import annotations

import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog
from sqlalchemy import event, text
from starlette.testclient import TestClient

from service.app import create_app
from service.db.session import open_database
from service.settings import Settings
from tests.service import http_store
from tests.service.conftest import open_client


def test_importing_the_service_loads_no_model_library() -> None:
    heavy = {"torch", "transformers", "bertopic", "faiss", "sklearn", "scipy", "pandas"}
    code = f"import sys, service.app; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/livez", "/api/v1/posts", "/nowhere", "/static/icon.svg"]
)
def test_every_answer_has_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert "unsafe-" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    expected = "public, max-age=3600" if path.startswith("/static") else "no-store"
    assert headers["cache-control"] == expected


def test_a_request_id_is_echoed_and_a_bad_one_replaced(client: TestClient) -> None:
    assert client.get("/livez", headers={"X-Request-ID": "a-1"}).headers["x-request-id"] == "a-1"
    for bad in ("", "a b", "x" * 65, "<b>"):
        made = client.get("/livez", headers={"X-Request-ID": bad}).headers["x-request-id"]
        assert made != bad
        assert len(made) == 16


def test_an_unexpected_error_shows_its_request_id_and_nothing_else(
    own: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.api import posts as module

    def broken(*args) -> None:
        raise RuntimeError("a secret of the store")

    monkeypatch.setattr(module.posts, "newest_at", broken)
    with structlog.testing.capture_logs() as logs:
        answer = own.get("/api/v1/posts")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text + str(logs)
    assert "Traceback" not in answer.text
    [entry] = [entry for entry in logs if entry["event"] == "request_failed"]
    assert (entry["error"], entry["places"][-1].split(":")[0]) == ("RuntimeError", __file__)


def test_the_log_has_the_route_and_no_text_of_the_request(client: TestClient) -> None:
    with structlog.testing.capture_logs() as logs:
        client.get("/api/v1/search?q=veryprivate", headers={"Authorization": "Bearer gsk_secret"})
        client.get("/api/v1/posts/12")
        client.get("/veryprivate")
    requests = [entry for entry in logs if entry["event"] == "request"]
    assert [(entry["route"], entry["status"]) for entry in requests] == [
        ("/api/v1/search", 200), ("/api/v1/posts/{id}", 200), ("unknown", 404),
    ]  # fmt: skip
    assert "veryprivate" not in str(logs)
    assert "gsk_" not in str(logs)


def test_a_ready_service_says_so(client: TestClient) -> None:
    assert client.get("/livez").json() == {"status": "alive"}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert [check["ok"] for check in answer.json()["checks"]] == [True, True]


def test_a_place_is_told_to_nobody_without_a_key(store: Path) -> None:
    with open_client(store, encoder="/srv/secret/model") as client:
        assert "/srv/secret" in client.get("/readyz").text  # the local admin
        stranger = client.get("/readyz", headers={"Via": "1.1 proxy"})
    assert stranger.status_code == 503
    assert "secret" not in stranger.text
    assert "groundswell doctor" in stranger.json()["detail"]
    down = Settings(database_url="postgresql+psycopg://me@127.0.0.1:1/secret", encoder="hashing")
    with TestClient(create_app(down)) as client:
        for path in ("/readyz", "/api/v1/posts", "/"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert not {"secret", "127.0.0.1", "psycopg"} & set(re.findall(r"[\w.]+", answer.text))
            assert "groundswell doctor" in answer.text


HEADS = {"/": 200, "/livez": 200, "/readyz": 200, "/api/v1/posts": 200, "/api/v1/posts/999": 404,
         "/static/icon.svg": 200, "/nowhere": 404}  # fmt: skip


@pytest.mark.parametrize("path", HEADS)
def test_head_is_get_without_the_body(client: TestClient, path: str) -> None:
    asked = {"X-Request-ID": "same"}
    head, get = client.head(path, headers=asked), client.get(path, headers=asked)
    assert (head.status_code, head.content) == (HEADS[path], b"")
    assert head.headers == get.headers


CROWD = 120  # three times the threads of the service, twice its connections


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_crowd_is_answered(own: TestClient, method: str) -> None:
    # Requests that held a connection and waited for another, or for a thread, would meet this.
    own.app.state.services.database.engine.pool._timeout = 3
    path, body = ("/posts", None) if method == "GET" else ("/jobs", {"kind": "run"})
    start = threading.Barrier(CROWD)

    def ask(_: int) -> int:
        start.wait()
        return own.request(method, f"/api/v1{path}", json=body).status_code

    with ThreadPoolExecutor(CROWD) as pool:
        assert set(pool.map(ask, range(CROWD))) == {200 if method == "GET" else 202}


DATA = ["/api/v1/posts", "/api/v1/threads/1", "/api/v1/search?q=a", "/api/v1/topics",
        "/api/v1/topics/trending", "/api/v1/jobs", "/api/v1/audit"]  # fmt: skip


@pytest.mark.parametrize("state", ["no folder", "no tables", "older", "newer", "no database"])
def test_without_its_schema_it_starts_and_says_what_to_do(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "data"
    if state != "no folder":
        folder.mkdir()
    if state in {"older", "newer"}:
        database = open_database(http_store.settings(folder).url)
        with database.write() as session:
            session.execute(text("create table alembic_version (version_num varchar(32))"))
            if state == "newer":
                session.execute(text("insert into alembic_version values ('9999')"))
        database.close()
    if state == "no database":
        (folder / "groundswell.sqlite3").write_bytes(b"not a database " * 500)
    code = "database_newer" if state == "newer" else "database_not_ready"
    with open_client(folder) as client:
        for path in DATA:
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, code), answer.text
            assert answer.headers.get("retry-after") == (None if state == "newer" else "5")
            assert str(tmp_path) not in answer.text
        assert client.get("/livez").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert ready.json()["checks"][0]["ok"] is False
        assert str(tmp_path) not in ready.text
        assert client.get("/").status_code == 503


def test_it_recovers_when_the_database_is_migrated(tmp_path: Path) -> None:
    with open_client(tmp_path) as client:
        assert client.get("/api/v1/posts").status_code == 503
        http_store.empty(tmp_path).close()
        answer = client.get("/api/v1/posts")
        assert answer.json() == {"data": [], "next_cursor": None, "data_as_of": None}
        ready = client.get("/readyz").json()
        assert [check["ok"] for check in ready["checks"]] == [True, False]
        assert "groundswell" in ready["checks"][1]["detail"]


def test_a_database_that_fails_is_an_outage_and_no_500(own: TestClient, store: Path) -> None:
    assert own.get("/api/v1/posts").status_code == 200
    database = open_database(http_store.settings(store).url)
    with database.write() as session:
        session.execute(text("drop table reaction"))
    database.close()
    answer = own.get("/api/v1/posts")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_not_ready")
    assert "reaction" not in answer.text


LISTS = {
    "/api/v1/posts": 4, "/api/v1/threads": 4, "/api/v1/threads/1": 6, "/api/v1/topics": 6,
    "/api/v1/jobs": 2, "/api/v1/audit": 2, "/api/v1/posts/1": 4, "/api/v1/topics/1": 21,
}  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_statements_are_pinned_and_do_not_grow_with_the_rows(
    own: TestClient, store: Path, path: str
) -> None:
    own.get(path)  # looks at the schema once
    counts, sizes = [], []
    for _ in range(2):
        seen: list[str] = []

        def note(connection, cursor, statement, *rest, seen=seen) -> None:
            seen.append(statement)

        engine = own.app.state.services.database.engine
        event.listen(engine, "before_cursor_execute", note)
        sizes.append(len(own.get(path).content))
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len([line for line in seen if line.startswith("SELECT")]))
        http_store.double(store) if len(counts) == 1 else None
    assert counts == [LISTS[path]] * 2


def test_an_encoder_that_is_not_there_is_no_500(store: Path) -> None:
    with open_client(store, encoder="/no/such/model") as client:
        assert client.get("/api/v1/search?q=a").json()["code"] == "index_not_ready"
        assert client.get("/readyz").json()["checks"][1]["ok"] is False
        page = client.get("/", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "Search is not ready" in page.text
