"""A server on 127.0.0.1 that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any = None

    def one(self, name: str, default: str = "") -> str:
        """Return a parameter's first value."""
        return self.query.get(name, [default])[0]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: `raw` in place of JSON; `cut` ends it after so many bytes."""

    data: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: int | None = None


@dataclass(slots=True)
class Server:
    """Answers requests; `faults` come first, each once, where its path is asked ("" is any)."""

    answer: Callable[[Asked], Reply]
    asked: list[Asked] = field(default_factory=list)
    faults: list[tuple[str, Reply]] = field(default_factory=list)
    url: str = ""

    @property
    def paths(self) -> list[str]:
        """The paths that were asked, in order."""
        return [one.path for one in self.asked]

    def fail(self, reply: Reply, path: str = "", times: int = 1) -> None:
        """Answer a path so, once or more often, before it is answered as it should be."""
        self.faults += [(path, reply)] * times

    def reply(self, asked: Asked) -> Reply:
        """Return the answer to one request."""
        self.asked.append(asked)
        for number, (path, fault) in enumerate(self.faults):
            if asked.path.startswith(path):
                del self.faults[number]
                return fault
        return self.answer(asked)


class Quiet(ThreadingHTTPServer):
    """Says nothing of clients that go away in the middle."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave it."""


def start(server: Server) -> ThreadingHTTPServer:
    """Serve on a free port until `shutdown`; `server.url` is where."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("content-length") or 0)
            body = orjson.loads(self.rfile.read(size)) if size else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, parts.path, parse_qs(parts.query), headers, body)
            reply = server.reply(asked)
            raw = orjson.dumps(reply.data) if reply.raw is None else reply.raw
            self.send_response(reply.status)
            for name, value in {"content-length": str(len(raw)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if reply.status != 304:
                self.wfile.write(raw[: reply.cut])

        do_POST = do_GET

        def log_message(self, *arguments: Any) -> None:
            """Keep the output of tests clean."""

    http = Quiet(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    return http
