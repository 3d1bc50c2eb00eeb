"""`serve` says where it serves, or in one line why it does not."""

from __future__ import annotations

import os
import socket
import urllib.request

import pytest
import uvicorn

from jobs.commands.service import listen
from service.errors import GroundswellError
from tests.jobs.conftest import Run


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    # What `serve` sets for the application is taken back after the test.
    monkeypatch.setenv("GROUNDSWELL_HOST", "127.0.0.1")
    monkeypatch.setenv("GROUNDSWELL_PORT", "8000")


@pytest.mark.parametrize("stop", [None, KeyboardInterrupt])
def test_the_real_address_is_shown_before_it_serves(
    groundswell: Run,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    stop: type[BaseException] | None,
) -> None:
    seen: list[tuple[str, int, str]] = []

    def run(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        [listener] = sockets
        seen.append((*listener.getsockname(), os.environ["GROUNDSWELL_PORT"]))
        assert server.config.factory
        with socket.create_connection(listener.getsockname()):
            pass
        if stop:
            raise stop

    monkeypatch.setattr(uvicorn.Server, "run", run)
    code, out, error = groundswell("serve", "--port", "0")
    [(host, port, told)] = seen
    assert (code, out) == (0, "")
    assert port > 0
    assert told == str(port)
    assert error == (
        f"serving on http://{host}:{port} - the page at /, the API's documentation at /docs; "
        "stop with Ctrl-C\n"
    )


def test_it_answers_at_that_address(groundswell: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[int] = []
    tick = uvicorn.Server.on_tick

    async def asked(server: uvicorn.Server, counter: int) -> bool:
        import asyncio

        if not answers:
            url = f"http://127.0.0.1:{server.config.port}/livez"
            answer = await asyncio.to_thread(urllib.request.urlopen, url)
            with answer:
                answers.append(answer.status)
            server.should_exit = True
        return await tick(server, counter)

    monkeypatch.setattr(uvicorn.Server, "on_tick", asked)
    assert groundswell("serve", "--port", "0")[0] == 0
    assert answers == [200]


def test_an_address_in_use_is_one_line(groundswell: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, out, error = groundswell("serve", "--port", str(port))
    assert (code, out) == (1, "")
    assert error == (
        f"groundswell: cannot serve on 127.0.0.1, port {port} (address already in use): "
        "choose another with --host or --port\n"
    )


def test_a_host_that_is_not_ours_is_one_line() -> None:
    with pytest.raises(GroundswellError, match=r"port 80 .*--host"):
        listen("192.0.2.1", 80)
    with pytest.raises(GroundswellError, match="no such address"):
        listen("x" * 64 + ".é", 80)


def test_addresses_of_version_6_can_be_served() -> None:
    try:
        listener = listen("::1", 0)
    except GroundswellError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert listener.family is socket.AF_INET6
