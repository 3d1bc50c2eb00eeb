"""The description of the API, and a page that shows it with no other host asked."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from service.deps import PageReader
from service.web.render import page

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def get_openapi(request: Request, reader: PageReader) -> dict[str, Any]:
    """Return the OpenAPI description."""
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get("/docs")
def get_docs() -> HTMLResponse:
    """Return the shell of the page; what it shows comes from /openapi.json."""
    return page("docs.html")
