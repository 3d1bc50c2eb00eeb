"""What every live source is: where it lives, how it is reached, and how its pages are pulled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from service.errors import SyncFailed
from service.ingest.records import Item
from service.settings import Settings

if TYPE_CHECKING:
    from jobs.sync.client import Client

Cursor = dict[str, Any]


class Refused(SyncFailed):
    """A platform refused one request. `answered` is the HTTP status, `data` the JSON that came."""

    def __init__(self, message: str, answered: int, data: Any = None) -> None:
        super().__init__(message)
        self.answered = answered
        self.data = data


@dataclass(frozen=True, slots=True)
class Place:
    """Where a live source is.

    `address` is as it is kept, so that the same source is found again; `name` is the source's
    unless another is given; `platform` is where its handles are unique; `api` is the root of its
    API, and the only place that a token is sent to.
    """

    address: str
    name: str
    platform: str
    api: str


@dataclass(frozen=True, slots=True)
class Access:
    """What goes with each request. `variable` is the setting of the token, named in errors.

    `secret` says that the headers or parameters hold a token.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: bool = False
    variable: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Items that go in together, and where to go on once they are in.

    `cursor` is JSON; a sync that ends after this page is continued with it. So it must not pass
    anything that has not been yielded. `done` and `total` are for people who watch.
    """

    items: list[Item]
    cursor: Cursor
    done: int = 0
    total: int | None = None


class Stored(Protocol):
    """What is stored of the source that is pulled; asked so that deletions can be told."""

    def thread(self, external_id: str) -> dict[str, str | None]:
        """Return the posts of a thread that are not deleted: external id to web address."""

    def is_public(self, external_id: str) -> bool:
        """Return whether a thread is stored that everyone may read."""

    def threads(self) -> list[str]:
        """Return the external ids of threads with a post that is not deleted."""

    def recent(self, since: datetime, limit: int) -> list[str]:
        """Return external ids of posts since a time that are not deleted, newest first."""


class Pull(Protocol):
    """Reads what is new of one source, oldest first, page by page.

    `cursor` is that of the last page that went in, empty for a first or a full sync. Beside what
    the source puts there, `cursor["include_private"]` says whether private and direct threads are
    asked for: a source leaves out reading what is not; records of it are skipped in any case. An
    item that is no record is yielded as a Reject. Raises SyncFailed, in one line that names what
    to do, where it cannot go on; pages that were yielded before are in.
    """

    def __call__(
        self, client: Client, address: str, cursor: Cursor, *, now: datetime, stored: Stored
    ) -> Iterator[Page]:
        """Yield what is new."""


@dataclass(frozen=True, slots=True)
class Live:
    """One kind of live source.

    `locate` makes a Place of an address as people write it, and raises InvalidInput naming the
    right form; `access` takes the token from the settings.
    """

    kind: str
    about: str
    locate: Callable[[str], Place]
    access: Callable[[Settings], Access]
    pull: Pull
