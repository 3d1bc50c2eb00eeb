"""The HTTP service: `uvicorn --factory service.app:create_app`."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module, metadata
from pathlib import Path

import structlog
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from service import logs
from service import settings as settings_module
from service.api import health, problems
from service.api import router as api
from service.api.edge import Edge
from service.api.openapi import DESCRIPTION, TAGS, DocumentedApp
from service.db.session import open_database
from service.deps import Clock, Schema, Services, utc_now
from service.search import Searcher
from service.settings import Settings
from service.web import docs, forms, pages
from service.web.render import error_page

STATIC = Path(__file__).parent / "web" / "static"


def create_app(settings: Settings | None = None, *, clock: Clock = utc_now) -> FastAPI:
    """Return the service for these settings, or for those of the environment.

    It starts with any database: /readyz says what is missing, and every operation that needs
    it answers 503 until it is there.
    """
    app = DocumentedApp(
        title="Groundswell",
        version=_version(),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        # Served by service.web.docs: it needs a key where keys are needed.
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(settings or settings_module.load(), clock),
    )
    app.add_middleware(Edge, page=error_page)
    problems.install(app, error_page)
    for part in (health, api, docs, pages, forms):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _lifespan(
    settings: Settings, clock: Clock
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logs.set_up(settings.log_format)
        database = open_database(settings.url)
        searcher = Searcher(database, settings)
        app.state.services = Services(settings, clock, database, searcher, Schema(database))
        threading.Thread(target=_warm, args=[searcher], name="warm", daemon=True).start()
        yield
        database.close()

    return lifespan


def _warm(searcher: Searcher) -> None:
    # A fault here is met again, and answered, by the first search. The first look at trends
    # would else wait a second for scipy.
    try:
        import_module("scipy.stats")
        searcher.warm()
    except Exception as error:
        structlog.get_logger().warning("not_warm", error=type(error).__name__)


def _version() -> str:
    try:
        return metadata.version("groundswell")
    except metadata.PackageNotFoundError:
        return "0"
