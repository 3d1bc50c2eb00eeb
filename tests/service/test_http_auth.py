from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from service import auth
from service.app import create_app
from service.db.models import ApiKey
from service.db.session import Database, open_database
from service.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthorized
from tests.service import http_store
from tests.service.conftest import open_client

NOW = http_store.NOW
OPEN = {"/livez", "/readyz", "/docs"}
PRIVATE = [
    "/api/v1/posts",
    "/api/v1/audit",
    "/",
    "/search",
    "/threads/1",
    "/topics/1",
    "/openapi.json",
]
JOB = {"json": {"kind": "run"}}


@pytest.fixture
def database(store: Path) -> Iterator[Database]:
    database = open_database(http_store.settings(store).url)
    yield database
    database.close()


def make(database: Database, name: str, *scopes: str, days: int | None = None) -> str:
    expires = None if days is None else NOW + timedelta(days=days)
    with database.write() as session:
        return auth.make_key(session, name, scopes, NOW - timedelta(days=9), expires)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_only_the_hash_of_a_key_is_kept(database: Database, store: Path) -> None:
    key = make(database, "laptop", "read")
    prefix, secret = key.removeprefix("gsk_").split("_", 1)
    assert (len(prefix), len(secret)) == (8, 43)
    with database.read() as session:
        [row] = auth.list_keys(session)
        assert (row.name, row.prefix, row.scopes) == ("laptop", prefix, ["read"])
    assert not any(secret.encode() in path.read_bytes() for path in store.rglob("*.sqlite3*"))


@pytest.mark.parametrize(
    ("name", "scopes", "error"),
    [
        ("a", ["root"], InvalidInput), ("a", [], InvalidInput), ("", ["read"], InvalidInput),
        ("x" * 101, ["read"], InvalidInput), ("a\nb", ["read"], InvalidInput),
        ("local", ["read"], InvalidInput), ("run", ["read"], InvalidInput),
        ("taken", ["read"], Conflict),
    ],
)  # fmt: skip
def test_keys_that_cannot_be(
    database: Database, name: str, scopes: list[str], error: type[Exception]
) -> None:
    make(database, "taken", "read")
    with pytest.raises(error):
        make(database, name, *scopes)


def test_without_a_key_made_the_local_admin_may_do_everything(own: TestClient) -> None:
    assert own.get("/api/v1/audit").status_code == 200
    assert own.post("/api/v1/jobs", **JOB).json()["actor"] == "local"


SCOPES = {
    "read": {"read": 200, "write": 403, "admin": 403},
    "write": {"read": 200, "write": 202, "admin": 403},
    "admin": {"read": 200, "write": 202, "admin": 200},
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_implies_those_before_it(own: TestClient, database: Database, scope: str) -> None:
    headers = bearer(make(database, "k", scope))
    assert own.get("/api/v1/posts", headers=headers).status_code == SCOPES[scope]["read"]
    wrote = own.post("/api/v1/jobs", headers=headers, **JOB)
    assert wrote.status_code == SCOPES[scope]["write"]
    assert own.get("/api/v1/audit", headers=headers).status_code == SCOPES[scope]["admin"]
    if wrote.status_code == 202:
        assert wrote.json()["actor"] == "k"


def routes(client: TestClient) -> list[tuple[str, str]]:
    schema = client.app.openapi()
    found = [(method, path) for path, item in schema["paths"].items() for method in item]
    pages = ["/", "/search", "/threads/{id}", "/topics/{id}", "/docs", "/openapi.json"]
    return [*found, *(("get", path) for path in pages), ("post", "/posts/{id}/labels")]


@pytest.mark.parametrize("sent", ["none", "unknown", "wrong", "revoked", "expired", "garbage"])
def test_once_a_key_was_made_every_route_needs_a_good_one(
    own: TestClient, database: Database, sent: str
) -> None:
    good = make(database, "good", "read")
    key = {
        "none": "",
        "unknown": "gsk_abcdefgh_" + "A" * 43,
        "wrong": good[:-4] + "AAAA",
        "revoked": make(database, "revoked", "admin"),
        "expired": make(database, "x", "admin", days=-1),
        "garbage": "é" * 400,
    }[sent]
    with database.write() as session:
        auth.revoke_key(session, "revoked", NOW)
    headers = {"Authorization": f"Bearer {key}".encode()} if key else {}
    for method, path in routes(own):
        answer = own.request(method, path.replace("{id}", "1"), headers=headers)
        assert answer.status_code == (200 if path in OPEN else 401), path
        if path not in OPEN:
            scheme = "Bearer" if path.startswith("/api/") else 'Basic realm="Groundswell"'
            assert answer.headers["www-authenticate"] == scheme
            assert answer.json()["code"] == "unauthorized"


def test_revoking_the_last_key_does_not_open_the_door(own: TestClient, database: Database) -> None:
    make(database, "only", "read")
    with database.write() as session:
        auth.revoke_key(session, "only", NOW)
        with pytest.raises(NotFound):
            auth.revoke_key(session, "other", NOW)
    assert own.get("/api/v1/posts").status_code == 401


def test_pages_take_the_key_as_a_password_and_the_api_does_not(
    own: TestClient, database: Database
) -> None:
    key = make(database, "k", "admin")
    basic = {"Authorization": "Basic " + base64.b64encode(f"me:{key}".encode()).decode()}
    assert own.get("/", headers=basic).status_code == 200
    assert own.get("/openapi.json", headers=basic).status_code == 200
    assert own.get("/", headers={"Authorization": "Basic %%%"}).status_code == 401
    assert own.get("/api/v1/posts", headers=basic).status_code == 401
    assert own.post("/api/v1/jobs", headers=basic, **JOB).status_code == 401


def test_a_use_is_noted_at_most_once_a_minute(store: Path, database: Database) -> None:
    key, now = make(database, "k", "read"), [NOW]
    app = create_app(http_store.settings(store), clock=lambda: now[0])
    seen = []
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for seconds in (0, 30, 61):
            now[0] = NOW + timedelta(seconds=seconds)
            assert client.get("/api/v1/posts", headers=bearer(key)).status_code == 200
            with database.read() as session:
                seen.append(session.scalar(select(ApiKey.last_used_at)))
    assert seen == [NOW, NOW, NOW + timedelta(seconds=61)]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_another_address_always_needs_a_key(store: Path, database: Database, host: str) -> None:
    with open_client(store, host=host) as client:
        assert client.get("/api/v1/posts").status_code == 401
        assert client.get("/").status_code == 401
    with database.read() as session, pytest.raises(Forbidden, match="groundswell keys create"):
        auth.check_binding(session, host, NOW)
    make(database, "old", "read", days=-1)
    with database.read() as session, pytest.raises(Forbidden):
        auth.check_binding(session, host, NOW)
    make(database, "new", "read", days=1)
    with database.read() as session:
        auth.check_binding(session, host, NOW)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_no_key(database: Database, host: str) -> None:
    with database.read() as session:
        auth.check_binding(session, host, NOW)
        assert auth.is_open(session, host)


PASSED_ON = [
    {"X-Forwarded-For": "203.0.113.5"}, {"Forwarded": "for=203.0.113.5"}, {"Via": "1.1 proxy"},
    {"X-Real-IP": "203.0.113.5"}, {"X-Forwarded-Host": "a.example"}, {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": ""},
]  # fmt: skip


@pytest.mark.parametrize("peer", ["203.0.113.5", "192.168.1.5", "2001:db8::1", "testclient", None])
def test_another_machine_needs_a_key_whatever_it_calls_us(store: Path, peer: str | None) -> None:
    app = create_app(http_store.settings(store), clock=lambda: NOW)
    headers = {"Host": "localhost"}
    with TestClient(app, client=(peer, 1) if peer else None) as client:  # type: ignore[arg-type]
        for path in PRIVATE:
            assert client.get(path, headers=headers).status_code == 401, path
        assert client.post("/api/v1/jobs", headers=headers, **JOB).status_code == 401


@pytest.mark.parametrize("headers", PASSED_ON)
def test_what_a_proxy_passes_on_needs_a_key(
    own: TestClient, database: Database, headers: dict[str, str]
) -> None:
    for path in PRIVATE:
        assert own.get(path, headers=headers).status_code == 401, path
    assert own.post("/api/v1/jobs", headers=headers, **JOB).status_code == 401
    headers = headers | bearer(make(database, "k", "write"))
    assert own.post("/api/v1/jobs", headers=headers, **JOB).status_code == 202


def test_direct_requests_come_from_this_machine_by_a_browsers_protocol() -> None:
    for peer in ("127.0.0.1", "127.0.0.9", "::1"):
        assert auth.is_direct(peer, {"host": "localhost"}, "1.1")
    assert not auth.is_direct("127.0.0.1", {}, "1.0")  # nginx's proxy_pass as it comes
    assert not auth.is_direct("10.0.0.1", {}, "1.1")
    assert not auth.is_direct(None, {}, "1.1")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("localhost:8000", 200), ("[::1]:8000", 200), ("LOCALHOST", 200),
        ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("localhost@evil.example", 403),
        ("", 403), ("[", 403), ("10.0.0.1", 403),
    ],
)  # fmt: skip
def test_a_name_that_another_site_points_here_is_refused(
    own: TestClient, host: str, status: int
) -> None:
    for path in ("/api/v1/posts", "/", "/openapi.json"):
        assert own.get(path, headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1"}, 202), ({"Origin": "http://127.0.0.1:8001"}, 403),
        ({"Origin": "https://evil.example"}, 403), ({"Origin": "null"}, 403),
        ({"Origin": "http://[evil"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 202),
    ],
)  # fmt: skip
def test_another_sites_page_may_not_write(
    own: TestClient, headers: dict[str, str], status: int
) -> None:
    assert own.post("/api/v1/jobs", headers=headers, **JOB).status_code == status


def test_keys_are_compared_whole(database: Database) -> None:
    key = make(database, "k", "read")
    with database.read() as session:
        assert auth.authenticate(session, key, NOW).name == "k"
        for other in (key[:-1], key + "A", key.upper(), " " + key, key[:13] + key[14:]):
            with pytest.raises(Unauthorized):
                auth.authenticate(session, other, NOW)
