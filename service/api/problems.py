"""Every error as RFC 9457 problem details; pages get the same as a page."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from indexes.errors import IndexFault
from nlp.errors import NlpError
from service.errors import (
    BadRequest,
    DatabaseNewer,
    DatabaseNotReady,
    Forbidden,
    GroundswellError,
    IndexNotReady,
    InvalidInput,
    NotFound,
    TooLarge,
    Unauthorized,
)

MEDIA_TYPE = "application/problem+json"
ECHO = 200  # of what came in, no more than this goes back
SHOWN_ERRORS = 20
RETRY_AFTER = "5"  # seconds: an import or a rebuilt index may be there by then
# What any operation under /api can answer.
COMMON: tuple[type[GroundswellError], ...] = (
    Unauthorized, Forbidden, InvalidInput, DatabaseNotReady, DatabaseNewer,
)  # fmt: skip
PageMaker = Callable[[Request, int, str, str], Response]


class MethodNotAllowed(GroundswellError):
    """The path is there, and not for this method."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Where it is, such as `query.limit` or `body.kind`.")
    message: str = Field(description="What is wrong with it.")


class Check(BaseModel):
    """One thing that must hold before requests can be answered."""

    name: str = Field(description="What was looked at.")
    ok: bool = Field(description="Whether it holds.")
    detail: str = Field(description="What was found and, where it does not hold, what mends it.")


class Problem(BaseModel):
    """An error, as RFC 9457 problem details."""

    type: str = Field(description="A URN that stands for the kind of problem.")
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status, again.")
    code: str = Field(description="The kind of problem, for programs: it never changes.")
    detail: str = Field(description="What went wrong this time, and what mends it.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="Stands in the log, and in the header X-Request-ID.")
    errors: list[FieldError] | None = Field(None, description="What is wrong with which field.")
    checks: list[Check] | None = Field(None, description="Of /readyz: what holds and what not.")


def documented(*kinds: type[GroundswellError]) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says about the errors of an operation: these and the common ones."""
    return described(*kinds, *COMMON)


def described(*kinds: type[GroundswellError]) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says about these errors."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in sorted(kinds, key=lambda kind: (kind.status, kind.code)):
        entry = found.setdefault(kind.status, {"description": "", "content": {MEDIA_TYPE: {}}})
        entry["description"] = "; ".join(filter(None, [entry["description"], kind.title]))
        entry["content"][MEDIA_TYPE] = {"schema": {"$ref": "#/components/schemas/Problem"}}
        entry.setdefault("x-codes", []).append(kind.code)
    return found


def install(app: FastAPI, page: PageMaker) -> None:
    """Make the app answer every error as a problem, and as a page where a page was asked for."""

    def known(request: Request, error: Exception) -> Response:
        assert isinstance(error, GroundswellError)
        return respond(request, error, page)

    def leaf(request: Request, error: Exception) -> Response:
        return respond(request, IndexNotReady(str(error)), page)

    def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = {
            # HEAD is answered as GET is, before routes are looked at.
            name: value.replace("GET", "GET, HEAD") if name == "Allow" else value
            for name, value in (error.headers or {}).items()
        }
        return respond(request, _of_status(error), page, headers=headers)

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fields = [_field(entry) for entry in list(error.errors())[:SHOWN_ERRORS]]
        said = "; ".join(f"{entry.field}: {entry.message}" for entry in fields[:3])
        return respond(request, InvalidInput(said), page, errors=fields)

    def database(request: Request, error: Exception) -> Response:
        if not _is_outage(error):
            return unexpected(request, error, page)
        request.app.state.services.schema.forget()
        structlog.get_logger().error("database_failed", error=type(error).__name__)
        shown = DatabaseNotReady("the database did not answer; /readyz says what mends it")
        return respond(request, shown, page)

    app.add_exception_handler(GroundswellError, known)
    app.add_exception_handler(NlpError, leaf)
    app.add_exception_handler(IndexFault, leaf)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(DBAPIError, database)
    app.add_exception_handler(PoolTimeout, database)


def unexpected(request: Request, error: Exception, page: PageMaker) -> Response:
    """Answer 500 with the request id and nothing else; the log gets the place, no values."""
    places = [
        f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]
    structlog.get_logger().error("request_failed", error=type(error).__name__, places=places[-8:])
    return respond(request, GroundswellError("the log has more under this request_id"), page)


def respond(
    request: Request,
    error: GroundswellError,
    page: PageMaker,
    *,
    headers: Any = None,
    errors: list[FieldError] | None = None,
    checks: list[Check] | None = None,
) -> Response:
    """Return the answer for an error."""
    detail = clean(str(error), 2 * ECHO)
    if _wants_page(request):
        answer = page(request, error.status, error.title, detail)
    else:
        problem = _problem(request, error, detail, errors, checks)
        answer = Response(_encoded(problem), error.status, media_type=MEDIA_TYPE)
    answer.headers.update(headers or {})
    if error.code in {IndexNotReady.code, DatabaseNotReady.code}:
        answer.headers["Retry-After"] = RETRY_AFTER
    if error.status == HTTPStatus.UNAUTHORIZED:
        scheme = "Bearer" if request.url.path.startswith("/api/") else 'Basic realm="Groundswell"'
        answer.headers["WWW-Authenticate"] = scheme
    return answer


def clean(text: str, limit: int = ECHO) -> str:
    """Return a text that came from outside as one short line that any encoder takes."""
    text = text[:limit].encode("utf-8", "replace").decode()
    return "".join(char if char.isprintable() else " " for char in text)


def _problem(
    request: Request,
    error: GroundswellError,
    detail: str,
    errors: list[FieldError] | None,
    checks: list[Check] | None,
) -> Problem:
    return Problem(
        type=f"urn:groundswell:error:{error.code}",
        title=error.title,
        status=error.status,
        code=error.code,
        detail=detail,
        instance=clean(request.scope["path"]),
        request_id=request.scope.get("request_id", ""),
        errors=errors,
        checks=checks,
    )


def _encoded(problem: Problem) -> bytes:
    return json.dumps(problem.model_dump(exclude_none=True)).encode()


def _wants_page(request: Request) -> bool:
    path = request.scope["path"]
    machine = path.startswith("/api/") or path in {"/livez", "/readyz", "/openapi.json"}
    return not machine and "text/html" in request.headers.get("accept", "")


def _is_outage(error: Exception) -> bool:
    known = OperationalError | InterfaceError | PoolTimeout
    return isinstance(error, known) or type(error) is DatabaseError


def _field(entry: Any) -> FieldError:
    place = ".".join(str(part) for part in entry.get("loc", ()))
    return FieldError(field=clean(place), message=clean(entry.get("msg", "")))


def _of_status(error: HTTPException) -> GroundswellError:
    kinds = {400: BadRequest, 404: NotFound, 405: MethodNotAllowed, 413: TooLarge}
    shown = kinds.get(error.status_code, GroundswellError)(clean(str(error.detail)))
    shown.status = error.status_code
    if type(shown) is GroundswellError and error.status_code < 500:
        shown.code, shown.title = "bad_request", HTTPStatus(error.status_code).phrase
    return shown
