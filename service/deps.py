"""What endpoints ask for: sessions, settings, the clock, search, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Annotated, Any

import structlog
from fastapi import BackgroundTasks, Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from service import auth
from service.auth import Actor
from service.db import migrate
from service.db.queries import keys
from service.db.session import Database
from service.errors import DatabaseNotReady, GroundswellError
from service.search import Searcher
from service.settings import Settings

Clock = Callable[[], datetime]
USED_EVERY = timedelta(minutes=1)


def utc_now() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)


class Schema:
    """Whether the database has this version's schema, asked again until it has."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ready = False

    def require(self) -> None:
        """Raise DatabaseNotReady unless the schema was found right before or is now."""
        if not self._ready:
            self.check()

    def check(self) -> None:
        """Look at the schema; raise DatabaseNotReady naming the command that mends it."""
        self._ready = False
        if self._revision() is None:
            raise DatabaseNotReady("the database has no tables; run `groundswell import` first")
        migrate.check(self._database)
        self._ready = True

    def _revision(self) -> str | None:
        # Where the database is, and as whom it is asked, is for the log alone: nobody can show a
        # key while it cannot be read.
        try:
            return migrate.current(self._database)
        except DatabaseNotReady as error:
            structlog.get_logger().error("database_unreadable", reason=str(error))
            said = "the database cannot be read; the log and `groundswell doctor` say why"
            raise DatabaseNotReady(said) from error

    def forget(self) -> None:
        """Look again at the next request: the database has just failed one."""
        self._ready = False


@dataclass(frozen=True, slots=True)
class Services:
    """What one running service holds, made when it starts."""

    settings: Settings
    clock: Clock
    database: Database
    searcher: Searcher
    schema: Schema
    keys_used: dict[int, datetime] = field(default_factory=dict)


def services(request: Request) -> Services:
    """Return what this service holds."""
    held: Services = request.app.state.services
    return held


ServicesDep = Annotated[Services, Depends(services)]


class SessionRoute(APIRoute):
    """A route whose operation gives its connection back in the thread that used it.

    Else it would be held while the answer waits for another thread, and all of those may be waiting
    for a connection.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, _closing(endpoint), **options)


def _closing(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(endpoint)
    def run(**given: Any) -> Any:
        try:
            return endpoint(**given)
        finally:
            for value in given.values():
                if isinstance(value, Session):
                    value.close()

    return run


def _settings(held: ServicesDep) -> Settings:
    return held.settings


def _clock(held: ServicesDep) -> Clock:
    return held.clock


def _searcher(held: ServicesDep) -> Searcher:
    return held.searcher


def _reading(held: ServicesDep) -> Iterator[Session]:
    held.schema.require()
    with held.database.read() as session:
        yield session


SettingsDep = Annotated[Settings, Depends(_settings)]
ClockDep = Annotated[Clock, Depends(_clock)]
SearcherDep = Annotated[Searcher, Depends(_searcher)]
# In routes of the class SessionRoute, which ends it. A write has no dependency: its operation opens
# and commits it, in one thread, so that it is never answered as done before it is.
ReadSession = Annotated[Session, Depends(_reading, scope="function")]

bearer = HTTPBearer(auto_error=False, description="A key made with `groundswell keys create`.")
BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def identity(
    request: Request, held: ServicesDep, background: BackgroundTasks, credentials: BearerDep
) -> Actor:
    """Return who asks; raise Unauthorized where a key is needed and none is good."""
    key = credentials.credentials if credentials else None
    return _identify(request, held, background, key)


IdentityDep = Annotated[Actor, Depends(identity, scope="function")]


def require(scope: str) -> Callable[..., Actor]:
    """Return the dependency that answers who asks, and refuses who lacks the scope."""

    def actor(found: IdentityDep) -> Actor:
        found.check(scope)
        return found

    return actor


def is_reader(
    request: Request, held: ServicesDep, background: BackgroundTasks, credentials: BearerDep
) -> bool:
    """Return whether who asks may read, for answers that tell others less."""
    try:
        identity(request, held, background, credentials).check("read")
    except (GroundswellError, SQLAlchemyError):
        return False
    return True


def page_reader(request: Request, held: ServicesDep, background: BackgroundTasks) -> Actor:
    """Return who reads a page; the key may come as the password of HTTP Basic."""
    key = auth.key_of(request.headers.get("authorization"))
    actor = _identify(request, held, background, key)
    actor.check("read")
    return actor


def page_writer(request: Request, held: ServicesDep, background: BackgroundTasks) -> Actor:
    """Return who sends a form of a page; raise Forbidden where another site's page sends it."""
    actor = page_reader(request, held, background)
    actor.check("write")
    auth.check_form(request.headers)
    return actor


def _identify(
    request: Request, held: Services, background: BackgroundTasks, key: str | None
) -> Actor:
    held.schema.require()
    now = held.clock()
    # A session of its own, ended here: a request that waited for a second connection while it
    # held a first would wait for others that do the same.
    with held.database.read() as session:
        if _is_direct(request) and auth.is_open(session, held.settings.host):
            auth.check_sender(request.method, request.headers, held.settings.host)
            return auth.LOCAL
        actor = auth.authenticate(session, key, now)
    _note_use(held, background, actor, now)
    return actor


def _is_direct(request: Request) -> bool:
    peer = request.client.host if request.client else None
    return auth.is_direct(peer, request.headers, request.scope["http_version"])


def _note_use(held: Services, background: BackgroundTasks, actor: Actor, now: datetime) -> None:
    assert actor.key_id is not None
    last = held.keys_used.get(actor.key_id)
    if last is None or now - last >= USED_EVERY:
        held.keys_used[actor.key_id] = now
        background.add_task(_write_use, held.database, actor.key_id, now)


def _write_use(database: Database, key_id: int, now: datetime) -> None:
    # Comes after the answer, and may fail: a long import must not hold up readers.
    try:
        with database.write() as session:
            keys.note_use(session, key_id, now, USED_EVERY)
    except DBAPIError as error:
        structlog.get_logger().warning("key_use_not_noted", error=type(error).__name__)


Reader = Annotated[Actor, Depends(require("read"), scope="function")]
Writer = Annotated[Actor, Depends(require("write"), scope="function")]
IsReader = Annotated[bool, Depends(is_reader, scope="function")]
PageReader = Annotated[Actor, Depends(page_reader, scope="function")]
PageWriter = Annotated[Actor, Depends(page_writer, scope="function")]
