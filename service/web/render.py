"""Templates to pages. Everything is escaped; a name that a template misses is an error."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.web import words

TEMPLATES = Path(__file__).parent / "templates"


def page(name: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """Return a template as an answer."""
    return HTMLResponse(_environment().get_template(name).render(**values), status)


def error_page(request: Request, status: int, title: str, detail: str) -> HTMLResponse:
    """Return the page for an error."""
    shown = {"title": title, "detail": detail, "status": status}
    return page("error.html", status, request_id=request.scope.get("request_id", ""), **shown)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": words.moment,
        "people": words.people,
        "posts": words.posts,
        "percent": words.percent,
        "web_link": words.web_link,
    }
    return environment
