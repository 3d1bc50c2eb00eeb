"""What endpoints ask for: sessions, settings, the clock, search, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated

import structlog
from fastapi import BackgroundTasks, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service import auth
from service.auth import Actor
from service.db import migrate
from service.db.queries import keys
from service.db.session import Database
from service.errors import DatabaseNotReady
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
        if migrate.current(self._database) is None:
            raise DatabaseNotReady("the database has no tables; run `groundswell import` first")
        migrate.check(self._database)
        self._ready = True

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


def _writing(held: ServicesDep) -> Iterator[Session]:
    held.schema.require()
    with held.database.write() as session:
        yield session


SettingsDep = Annotated[Settings, Depends(_settings)]
ClockDep = Annotated[Clock, Depends(_clock)]
SearcherDep = Annotated[Searcher, Depends(_searcher)]
# Both end before the answer is sent: a write that cannot be committed is never answered as done.
ReadSession = Annotated[Session, Depends(_reading, scope="function")]
WriteSession = Annotated[Session, Depends(_writing, scope="function")]

bearer = HTTPBearer(auto_error=False, description="A key made with `groundswell keys create`.")
BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def identity(
    request: Request,
    session: ReadSession,
    held: ServicesDep,
    background: BackgroundTasks,
    credentials: BearerDep,
) -> Actor:
    """Return who asks; raise Unauthorized where a key is needed and none is good."""
    key = credentials.credentials if credentials else None
    return _identify(request, session, held, background, key)


IdentityDep = Annotated[Actor, Depends(identity, scope="function")]


def require(scope: str) -> Callable[..., Actor]:
    """Return the dependency that answers who asks, and refuses who lacks the scope."""

    def actor(found: IdentityDep) -> Actor:
        found.check(scope)
        return found

    return actor


def page_reader(
    request: Request, session: ReadSession, held: ServicesDep, background: BackgroundTasks
) -> Actor:
    """Return who reads a page; the key may come as the password of HTTP Basic."""
    key = auth.key_of(request.headers.get("authorization"))
    actor = _identify(request, session, held, background, key)
    actor.check("read")
    return actor


def _identify(
    request: Request, session: Session, held: Services, background: BackgroundTasks, key: str | None
) -> Actor:
    if auth.is_open(session, held.settings.host):
        auth.check_sender(request.method, request.headers, held.settings.host)
        return auth.LOCAL
    now = held.clock()
    actor = auth.authenticate(session, key, now)
    _note_use(held, background, actor, now)
    return actor


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
Admin = Annotated[Actor, Depends(require("admin"), scope="function")]
PageReader = Annotated[Actor, Depends(page_reader, scope="function")]
