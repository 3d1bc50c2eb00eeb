"""Odd bytes in bodies, queries and paths: always 4xx with problem details, never an echo."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

BODIES = [
    b"", b" ", b"{", b"}", b"[]", b"null", b"true", b"1", b'"run"', b"\x00", b"\xff\xfe{}",
    b"{}\x00", b'{"kind":"run"', b'{"kind":}', b"{'kind':'run'}", b'{"kind":"run",}',
    b'{"kind":NaN}', b'{"kind":Infinity}', b'{"kind":-Infinity}', b'{"kind":1e999}',
    b'{"kind":-1e999}', b'{"kind":9223372036854775808}', b'{"kind":-9223372036854775809}',
    b'{"kind":' + b"9" * 5_000 + b"}", b'{"kind":"\\ud800"}', b'{"kind":"\\udc00\\ud800"}',
    b'{"\\ud800":"run"}', b'{"kind":"run\\u0000"}', b'{"kind":"run","kind":"run"}',
    b'{"kind":"run","x":1}', b'{"kind":"run","\\u0000":1}', b'{"kind":["run"]}',
    b'{"kind":{"a":1}}', b'{"kind":null}', b'{"Kind":"run"}', b'{"kind":"RUN"}',
    b'{"kind":"' + b"a" * 100_000 + b'"}', b'{"' + b"k" * 100_000 + b'":1}', b"[" * 100_000,
    b'{"a":' * 50_000, b"\xef\xbb\xbf" + b'{"kind":"run"}', '{"kind":"run"}'.encode("utf-16"),
    '{"kind":"run"}'.encode("utf-32"), b'{"kind":"\xed\xa0\x80"}', b'{"kind":"\xc0\xaf"}',
    b'{"kind":"\xff"}', b"\x1f\x8b\x08\x00", b"<xml/>", b"kind=run",
    b'{"kind":"run"}{"kind":"run"}', b'{"kind":01}', b'{"kind":"run"} // yes', b'{"kind":"\t"}',
    b'{"kind":"\\x41"}', b'{"kind":"\\u00g0"}', b'{"kind":+1}', b'{"kind":.5}', b'{"kind":0x10}',
    b'{"kind":1_000}', b'{"kind":"run"}\xa0', b'{"__proto__":{"kind":"run"}}',
]  # fmt: skip
ODD = [
    "%00", "a%00b", "%ED%A0%80", "%FF", "%C0%AF", "NaN", "Infinity", "1e999", "-1", "0",
    "9223372036854775808", "-9223372036854775809", "9" * 400, "1.5", "0x10", "%F0%9F%98%80" * 50,
    "%E2%80%AE", "..%2F..%2Fetc", "%27%20OR%201=1--", "%3Cscript%3E", "true", "null", "[]",
    "%0d%0aX:1", "2024-13-01", "9999-12-31", "0001-01-01T00:00:00%2B23:59", "2024-02-30T25:61:00Z",
    "%D9%A1", "a" * 3_000,
]  # fmt: skip
PARAMS = {
    "posts": ["channel", "source", "author", "topic", "after", "before", "limit", "cursor", "nope"],
    "threads": ["channel", "source", "limit", "cursor"],
    "threads/1": ["limit", "cursor"],
    "search": ["q", "channel", "source", "author", "after", "before", "limit", "cursor"],
    "topics": ["as_of", "limit", "cursor"],
    "topics/1": ["as_of", "nope"],
    "topics/trending": ["as_of", "limit", "window"],
    "alerts": ["limit", "cursor", "topic", "verdict", "span"],
    "jobs": ["limit", "cursor"],
    "audit": ["limit", "cursor"],
}
NAMES = {"channel", "source", "author", "q"}


def assert_problem(answer, sent: str | bytes = b"") -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "code", "detail", "instance", "request_id"} <= set(body)
    assert body["request_id"] == answer.headers["x-request-id"]
    text = sent.decode("latin-1") if isinstance(sent, bytes) else sent
    assert len(text) <= 201 or text[5:206] not in answer.text


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_an_odd_body_is_refused(client: TestClient, number: int) -> None:
    sent = BODIES[number]
    answer = client.post("/api/v1/jobs", content=sent, headers={"content-type": "application/json"})
    assert_problem(answer, sent)


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/xml", "multipart/form-data", "\x00"]
)
def test_a_body_of_another_kind_is_refused(client: TestClient, kind: str) -> None:
    answer = client.post("/api/v1/jobs", content=b'{"kind":"run"}', headers={"content-type": kind})
    assert_problem(answer)


@pytest.mark.parametrize("path", PARAMS)
def test_an_odd_parameter_is_refused_or_finds_nothing(client: TestClient, path: str) -> None:
    for name in PARAMS[path]:
        for odd in ODD:
            text = f"q=sync&{name}={odd}" if path == "search" and name != "q" else f"{name}={odd}"
            answer = client.get(f"/api/v1/{path}?{text}")
            if answer.status_code != 200:
                assert_problem(answer, odd)
            elif name not in NAMES:
                assert odd == "1", text
            if "%00" in odd:
                assert answer.status_code in {400, 422}


@pytest.mark.parametrize("odd", [*ODD, "%2e%2e", "%", "é"])
def test_an_odd_path_is_not_found(client: TestClient, odd: str) -> None:
    for path in ("posts", "threads", "topics", "jobs"):
        assert_problem(client.get(f"/api/v1/{path}/{odd}"), odd)
    assert_problem(client.get(f"/api/v1/{odd}"), odd)


def test_a_large_body_is_refused_before_it_is_read_whole(client: TestClient) -> None:
    json = {"content-type": "application/json"}
    said = client.post("/api/v1/jobs", content=b" " * 1_048_577, headers=json)
    assert (said.status_code, said.json()["code"]) == (413, "too_large")
    read = 0

    def endless():
        nonlocal read
        for _ in range(1_000):
            read += 65_536
            yield b" " * 65_536

    unsaid = client.post("/api/v1/jobs", content=endless(), headers=json)
    assert (unsaid.status_code, unsaid.json()["code"]) == (413, "too_large")


def test_a_method_that_is_not_there(client: TestClient) -> None:
    answer = client.delete("/api/v1/posts")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"
    assert client.head("/api/v1/nowhere").status_code == 404


@pytest.mark.parametrize(
    "cursor", ["", "x", "AAAA", "!!!!", "=", "e30", "W10", "é", "A" * 999, "A" * 1_001, "[1,2]"]
)
def test_a_damaged_cursor_is_refused(client: TestClient, cursor: str) -> None:
    answer = client.get("/api/v1/posts", params={"cursor": cursor})
    expected = (422, "invalid_input") if len(cursor) > 1_000 else (400, "bad_cursor")
    assert (answer.status_code, answer.json()["code"]) == expected


def test_every_changed_character_of_a_cursor_is_noticed(client: TestClient) -> None:
    cursor = client.get("/api/v1/posts", params={"limit": 1}).json()["next_cursor"]
    for place in range(len(cursor)):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert client.get("/api/v1/posts", params={"cursor": changed}).status_code == 400
    other = client.get("/api/v1/posts", params={"cursor": cursor, "channel": "sync"})
    assert other.json()["code"] == "bad_cursor"
