"""JSON bodies read strictly: what one program could read otherwise than another is refused."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from service.deps import SessionRoute

LARGEST = 2**63 - 1
UNFIT = re.compile("[\0\ud800-\udfff]")


class StrictRoute(SessionRoute):
    """A route whose JSON body is read by `strict_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


class StrictRequest(Request):
    """A request whose `json` refuses what `strict_json` refuses."""

    async def json(self) -> Any:
        """Return the body as plain values; answer 400 where it cannot be."""
        try:
            return strict_json(await self.body())
        except (ValueError, RecursionError) as error:
            said = str(error) if type(error) is ValueError else "not readable as JSON in UTF-8"
            raise HTTPException(400, f"the body is {said}") from None


def strict_json(body: bytes) -> Any:
    """Return the values of a JSON text; raise ValueError for NaN, doubled names, lone
    surrogates, NUL, and numbers beyond 64 bits."""
    value = json.loads(
        body.decode("utf-8"),
        object_pairs_hook=_object,
        parse_int=_int,
        parse_float=_float,
        parse_constant=_constant,
    )
    _check_texts(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("not usable: a name stands twice in one object")
    return found


def _int(text: str) -> int:
    if len(text) > 20 or not -LARGEST - 1 <= int(text) <= LARGEST:
        raise ValueError("not usable: it has a number beyond 64 bits")
    return int(text)


def _float(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError("not usable: it has a number that is not finite")
    return value


def _constant(text: str) -> float:
    raise ValueError(f"not JSON: {text} is no number there")


def _check_texts(value: Any) -> None:
    if isinstance(value, str):
        if UNFIT.search(value):
            raise ValueError("not usable: it has a NUL or half a surrogate pair")
    elif isinstance(value, dict):
        for name, held in value.items():
            _check_texts(name)
            _check_texts(held)
    elif isinstance(value, list):
        for held in value:
            _check_texts(held)
