"""The client waits as it is asked to, gives up in words, and keeps tokens to their host."""

from __future__ import annotations

import gzip
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import pytest

from jobs.sync import client as module
from jobs.sync.client import Client, Pace
from jobs.sync.live import Access, Refused
from service.errors import BadSetting, SyncFailed
from tests.conftest import NOW
from tests.jobs.sync.conftest import Serve
from tests.jobs.sync.local import Asked, Reply, Server

SECRET = "s3cret-key"
VARIABLE = "GROUNDSWELL_GITHUB_TOKEN"
ACCESS = Access({"Authorization": f"Bearer {SECRET}"}, {"key": SECRET}, True, VARIABLE)
Open = Callable[..., Client]


@pytest.fixture
def server(serve: Serve) -> Server:
    """Return a server that tells the path that was asked."""
    return serve(lambda asked: Reply({"path": asked.path}))


@pytest.fixture
def connect(server: Server, pace: Pace) -> Iterator[Open]:
    """Return a function that opens a client of the server."""
    opened = []

    def connect_to(url: str = "", access: Access = ACCESS, **changed: object) -> Client:
        opened.append(Client(url or server.url, access, replace(pace, **changed)))
        return opened[-1]

    yield connect_to
    for one in opened:
        one.__exit__(None, None, None)


def test_it_waits_as_long_as_it_is_asked_to(
    server: Server, connect: Open, slept: list[float]
) -> None:
    server.fail(Reply(status=429, headers={"Retry-After": "7"}))
    server.fail(Reply(status=503, headers={"Retry-After": "Mon, 01 Jun 2026 12:00:42 GMT"}))
    server.fail(Reply({"extras": {"wait_seconds": 11}}, 429))
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW.timestamp() + 90)}
    server.fail(Reply({"message": "API rate limit exceeded"}, 403, reset))
    server.fail(Reply({"message": "You have exceeded a secondary rate limit"}, 403))
    client = connect()
    assert client.get("/posts", {"a": 1}).data == {"path": "/posts"}
    assert slept == [7.0, 42.0, 11.0, 90.0, 60.0]
    assert (client.requests, client.waited) == (6, 210.0)


def test_a_longer_wait_than_its_patience_is_an_error(
    server: Server, connect: Open, slept: list[float]
) -> None:
    server.fail(Reply(status=429, headers={"Retry-After": "2400"}), times=2)
    with pytest.raises(SyncFailed, match=r"asks to wait 40 min: run `groundswell sync` again"):
        connect().get("/posts")
    with pytest.raises(SyncFailed, match=f"goes on from here; {VARIABLE} gives you more requests"):
        connect(access=Access(variable=VARIABLE)).get("/posts")
    assert slept == []


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=500),
        Reply(status=502, raw=b"<html>bad gateway</html>"),
        Reply({"path": "/posts"}, cut=4),
        Reply(raw=b'{"path": "/po'),
        Reply(raw=b"\xff\xfe"),
        Reply(raw=b"[" * 100_000),
        Reply(raw=b"no gzip", headers={"content-encoding": "gzip"}),
    ],
    ids=["500", "502", "cut", "half", "bytes", "deep", "gzip"],
)
def test_faults_pass_or_end_in_words(
    fault: Reply, server: Server, connect: Open, slept: list[float]
) -> None:
    client = connect()
    server.fail(fault)
    assert client.get("/posts").data == {"path": "/posts"}
    assert len(slept) == 1
    assert 0.5 <= slept[0] <= 1.0
    server.fail(fault, times=6)
    with pytest.raises(SyncFailed, match=r"at /posts, 6 times: run `groundswell sync` again later"):
        client.get("/posts")
    assert client.requests == 8
    assert len(slept) == 6
    assert slept[1:] == sorted(slept[1:])


def test_a_server_that_says_nothing_or_is_not_there(
    serve: Serve, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_SECONDS", 0.05)

    def slow(asked: Asked) -> Reply:
        time.sleep(0.2)
        return Reply()

    with pytest.raises(SyncFailed, match="gave no answer in time"):
        connect(serve(slow).url, attempts=2).get("/posts")
    with pytest.raises(SyncFailed, match="cannot be reached"):
        connect("http://127.0.0.1:9", attempts=2).get("/posts")


def test_an_answer_without_end_is_not_read(server: Server, connect: Open) -> None:
    raw = gzip.compress(b" " * 30_000_000)
    server.fail(Reply(raw=raw, headers={"content-encoding": "gzip"}))
    with pytest.raises(SyncFailed, match="more than 1 MB"):
        connect(limit=1 << 20).get("/posts")


def test_other_hosts_are_not_asked(server: Server, serve: Serve, connect: Open) -> None:
    other = serve(lambda asked: Reply({}))
    server.fail(Reply(status=302, headers={"Location": "/moved"}))
    assert connect().get("/posts").data == {"path": "/moved"}
    server.fail(Reply(status=302, headers={"Location": f"{other.url}/posts"}))
    with pytest.raises(SyncFailed, match="sends on to 127"):
        connect().get("/posts")
    with pytest.raises(SyncFailed, match="which is not asked"):
        connect().get(f"{other.url}/posts")
    with pytest.raises(SyncFailed, match="no address"):
        connect().get("http://[::1/posts")
    server.fail(Reply(status=302, headers={"Location": "/round"}), times=4)
    with pytest.raises(SyncFailed, match="redirects in a ring"):
        connect().get("/posts")
    assert other.asked == []


def test_links_conditions_and_bodies(server: Server, connect: Open) -> None:
    page = f'<{server.url}/posts?page=2>; rel="next", <{server.url}/posts?page=9>; rel="last"'
    server.fail(Reply([1], headers={"Link": page, "ETag": '"abc"'}))
    client = connect()
    answer = client.get("/posts")
    assert (answer.next, answer.headers["etag"]) == (f"{server.url}/posts?page=2", '"abc"')
    client.get(str(answer.next))
    assert server.asked[-1].query == {"page": ["2"], "key": [SECRET]}
    server.fail(Reply(status=304))
    answer = client.get("/posts", headers={"If-None-Match": '"abc"'})
    assert (answer.status, answer.data) == (304, None)
    assert server.asked[-1].headers["if-none-match"] == '"abc"'
    client.post("/graphql", {"query": "{ viewer }"})
    assert (server.asked[-1].method, server.asked[-1].body) == ("POST", {"query": "{ viewer }"})


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, f"does not accept the token: check {VARIABLE}"),
        (403, f"does not allow /posts: check what {VARIABLE} may read"),
        (404, "has no /posts: check the address"),
        (422, "refused /posts with 422"),
    ],
)
def test_refusals_name_the_fix_and_never_the_token(
    status: int,
    words: str,
    server: Server,
    connect: Open,
    slept: list[float],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.fail(Reply({"message": f"bad token {SECRET}"}, status))
    with pytest.raises(Refused, match=words) as error:
        connect().get("/posts", {"filter": "x"})
    assert error.value.answered == status
    assert slept == []
    assert SECRET not in f"{error.value} {error.value!r} {ACCESS!r} {caplog.text}"
    assert error.value.__cause__ is None


@pytest.mark.parametrize("status", [401, 403])
def test_without_a_token_a_refusal_asks_for_one(status: int, server: Server, connect: Open) -> None:
    server.fail(Reply(status=status))
    with pytest.raises(Refused, match=f"without a token: set {VARIABLE}"):
        connect(access=Access(variable=VARIABLE)).get("/posts")


def test_a_token_is_not_sent_in_the_clear_or_broken(connect: Open) -> None:
    with pytest.raises(SyncFailed, match=r"not sent to forum\.example\.org by http: write https"):
        connect("http://forum.example.org")
    with pytest.raises(BadSetting, match=f"{VARIABLE} holds characters") as error:
        connect(access=Access({"Authorization": f"{SECRET}\nX: y"}, {}, True, VARIABLE))
    assert SECRET not in str(error.value)


def test_waits_add_up_over_a_sync(server: Server, connect: Open, slept: list[float]) -> None:
    steps = count()

    def answer(asked: Asked) -> Reply:
        limited = next(steps) % 2 == 0
        return Reply({}, 429 if limited else 200, {"Retry-After": "400"} if limited else {})

    server.answer = answer
    client = connect(most=1_000.0)
    client.get("/a")
    client.get("/b")
    with pytest.raises(SyncFailed, match="has made us wait 13 min: run `groundswell sync` again"):
        client.get("/c")
    assert slept == [400.0, 400.0]
