"""Bodies that an operation reads itself: after who asks is known, and as they came."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from service.api.strict import strict_json
from service.errors import BadRequest, InvalidInput

Model = TypeVar("Model", bound=BaseModel)


async def _raw(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise BadRequest("the body ended early: send it again") from error


# Named last among the parameters of an operation, it is read when all else is settled: who may
# not write is not read. A parameter of a model would be read, and made out, before that.
RawBody = Annotated[bytes, Depends(_raw, scope="function")]


def read_json(raw: bytes) -> Any:
    """Return a body as plain values; raise BadRequest where `strict_json` refuses it."""
    try:
        return strict_json(raw)
    except (ValueError, RecursionError) as error:
        said = str(error) if type(error) is ValueError else "not readable as JSON in UTF-8"
        raise BadRequest(f"the body is {said}") from None


def parsed(request: Request, raw: bytes, model: type[Model]) -> Model:
    """Return a body of JSON as a model; raise where it is none, or not said to be JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise InvalidInput("send the body with `Content-Type: application/json`")
    try:
        return model.model_validate(read_json(raw))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(
            [{**entry, "loc": ("body", *entry["loc"])} for entry in found]
        ) from None
