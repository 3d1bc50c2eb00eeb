"""What surrounds every request: its id, its log line, its headers, the cap on its body."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import PageMaker, unexpected
from service.api.router import PREFIX

MAX_BODY = 1_048_576  # bytes
LARGER = {f"{PREFIX}/posts": 8_388_608}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Edge:
    """Middleware around the whole app. No text of a request but its route goes to the log."""

    def __init__(self, app: ASGIApp, page: PageMaker) -> None:
        self.app = app
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = request_id = _request_id(Headers(scope=scope))
        # Every GET can be asked for without its body.
        head = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if head else scope
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(MutableHeaders(scope=message), scope["path"], request_id)
            elif head:
                message = {**message, "body": b""}
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(inner, _capped(scope, receive), answer)
            except Exception as error:
                if status:
                    raise
                response = unexpected(Request(inner), error, self.page)
                await response(inner, receive, answer)
            finally:
                _log(inner, scope["method"], status, time.perf_counter() - started)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _dress(headers: MutableHeaders, path: str, request_id: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    kept = "public, max-age=3600" if path.startswith("/static/") else "no-store"
    headers.setdefault("Cache-Control", kept)
    headers["X-Request-ID"] = request_id


def _capped(scope: Scope, receive: Receive) -> Receive:
    said = Headers(scope=scope).get("content-length", "")
    most = LARGER.get(scope["path"], MAX_BODY)
    size = 0

    async def capped() -> Message:
        nonlocal size
        if said.isdecimal() and len(said) < 20 and int(said) > most:
            raise _too_large(most)
        message = await receive()
        size += len(message.get("body", b""))
        if size > most:
            raise _too_large(most)
        return message

    return capped


def _too_large(most: int) -> HTTPException:
    # Of this kind, as FastAPI lets no other through while it reads a body.
    return HTTPException(413, f"a body has at most {most:,} bytes", {"Connection": "close"})


def _log(scope: Scope, method: str, status: int, seconds: float) -> None:
    took = round(1_000 * seconds, 1)
    log = structlog.get_logger()
    log.info("request", method=method, route=_template(scope), status=status, ms=took)


def _template(scope: Scope) -> str:
    # FastAPI gives a route's path without the prefix of the router that it was included in.
    route: Any = scope.get("route")
    path: str = getattr(route, "path", "")
    if not path or path.startswith(PREFIX) or not scope["path"].startswith(PREFIX):
        return path or "unknown"
    return PREFIX + path
