"""One channel of Slack: its messages, the replies under them, and what has vanished.

History comes from new to old, so a channel counts as read only when its last page is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jobs.sync.client import Client
from jobs.sync.live import Cursor, Page, Stored
from jobs.sync.slack_api import Denied, walk
from service.ingest.fields import BadRecord, first, word
from service.ingest.formats import slack as formats
from service.ingest.formats.chat import Arrivals, beginning
from service.ingest.formats.slack import Channel, Workspace
from service.ingest.formats.values import thing, whole
from service.ingest.records import Deletion, Item, Reject

BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a channel was read: the mark of its next page, and up to when it is read."""

    room: str
    page: str = ""
    latest: str = ""
    done: bool = False

    @classmethod
    def of(cls, value: Any) -> Mark | None:
        """Return a mark as the cursor keeps it; None where there is none."""
        match value:
            case [str(room), str(page), str(latest), bool(done)]:
                return cls(room, page, latest, done)
        return None

    def kept(self) -> Cursor:
        """Return the mark as the cursor keeps it."""
        return {"at": [self.room, self.page, self.latest, self.done]}


@dataclass(slots=True)
class Sync:
    """One sync: the workspace, what was stored before it, and what it has met so far.

    `deep` is a pass that looks at every thread with news in the `window`, changed or not; `blind`
    are channels with messages that do not tell which they are, so that none can be missed;
    `turned` are channels that were public when they were read before.
    """

    client: Client
    workspace: Workspace
    now: datetime
    stored: Stored
    deep: bool = False
    window: datetime = BEGIN
    done: int = 0
    known: dict[str, set[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    blind: set[str] = field(default_factory=set)
    turned: set[str] = field(default_factory=set)
    arrivals: Arrivals = field(default_factory=Arrivals)

    def know(self, ids: Iterable[str]) -> None:
        """Begin a pass, before which these posts are stored."""
        self.known, self.seen = {}, set()
        for id_ in ids:
            self.known.setdefault(id_.partition("/")[0], set()).add(id_)

    def items(self, rows: list[Any], room: Channel) -> list[Item]:
        """Return the records of messages."""
        items: list[Item] = []
        repeated = formats.repeated(rows)
        self.done += len(rows)
        for number, row in enumerate(rows):
            place = f"#{room.name}, message {ts_of(row) or number + 1}"
            self.seen.add(f"{room.id}/{ts_of(row)}")
            self.blind |= set() if ts_of(row) else {room.id}
            try:
                if number not in repeated:
                    found = formats.post(row, room, self.workspace, self.now, place)
                    items += [] if found is None else [found]
                    self.arrivals.wrote(found)
                if room.general and isinstance(row, dict):
                    self.arrivals.join(formats.joined(row, self.now, place))
            except BadRecord as error:
                items.append(Reject(place, str(error), beginning(row)))
        return items


def read(sync: Sync, room: Channel, mark: Mark | None, oldest: datetime) -> Iterator[Page]:
    """Yield the messages of a channel since `oldest`, and then which of the stored ones are gone.

    `mark` is where a sync was cut in this channel; what it had read before is not compared.
    """
    latest = (mark and mark.latest) or written(sync.now)
    begin = (mark and mark.page) or None
    checked: set[str] = set()
    try:
        for rows, onward in _history(sync.client, room.id, begin, oldest, latest):
            yield Page(sync.items(rows, room), {})
            for row in rows:
                yield from _under(sync, room, row, checked)
            if onward is not None:
                yield Page([], Mark(room.id, onward, latest).kept())
    except Denied as error:
        if error.error != "invalid_cursor" or begin is None:
            raise
        # The mark of an old page is worth nothing any more.
        yield from read(sync, room, None, oldest)
        return
    if begin is None and room.id not in sync.blind:
        yield Page(list(_vanished(sync, room, oldest, latest, checked)), {})


def _history(
    client: Client, room: str, begin: str | None, oldest: datetime, latest: str
) -> Iterator[tuple[list[Any], str | None]]:
    bounds = {"oldest": written(max(oldest, BEGIN)), "latest": latest, "inclusive": "true"}
    return walk(client, "conversations.history", "messages", begin, channel=room, **bounds)


def _under(sync: Sync, room: Channel, row: Any, checked: set[str]) -> Iterator[Page]:
    """Yield the replies under a message, where they differ from those that are stored."""
    root = ts_of(row)
    try:
        count = whole(thing(row, "the message"), ("reply_count",)) if root else None
    except BadRecord:
        count = None
    if not root or not count or first(row, ("thread_ts",)) not in (None, root):
        return
    held = sync.stored.thread(f"{room.id}/{root}").keys() - {f"{room.id}/{root}"}
    latest = row.get("latest_reply")
    same = len(held) == count and f"{room.id}/{latest}" in held
    late = sync.deep and _is_since(latest, sync.window)
    if same and not late and room.id not in sync.turned:
        sync.seen |= held
        return
    yield from _thread(sync, room, root, checked)
    yield Page(_gone(sync, room, held - sync.seen, checked), {})


def _thread(sync: Sync, room: Channel, root: str, checked: set[str]) -> Iterator[Page]:
    """Yield the replies of a thread, once in a sync."""
    if root in checked:
        return
    checked.add(root)
    try:
        for rows, _ in walk(
            sync.client, "conversations.replies", "messages", channel=room.id, ts=root
        ):
            yield Page(sync.items([row for row in rows if ts_of(row) != root], room), {})
    except Denied as error:
        if error.error != "thread_not_found":
            raise


def _vanished(
    sync: Sync, room: Channel, oldest: datetime, latest: str, checked: set[str]
) -> Iterator[Item]:
    """Yield what is gone of the stored posts between two times.

    Replies to messages before that are looked up in deep passes alone.
    """
    between = {
        id_
        for id_ in sync.known.get(room.id, set()) - sync.seen
        if _is_since(id_.partition("/")[2], oldest) and id_.partition("/")[2] < latest
    }
    tops = {id_ for id_ in between if id_ in sync.stored.thread(id_)}
    yield from (Deletion(id_) for id_ in sorted(tops))
    if sync.deep:
        yield from _gone(sync, room, between - tops, checked)


def _gone(sync: Sync, room: Channel, ids: Iterable[str], checked: set[str]) -> list[Item]:
    """Return which of some posts are not there; those that are bring the thread they stand in.

    A conversation that was put together here may hold posts of several threads, so that each
    is asked for by itself.
    """
    items: list[Item] = []
    for id_ in sorted(ids):
        if id_ in sync.seen:
            continue
        sync.seen.add(id_)
        ts = id_.partition("/")[2]
        try:
            rows, _ = next(
                walk(sync.client, "conversations.replies", "messages", channel=room.id, ts=ts)
            )
        except Denied as error:
            if error.error != "thread_not_found":
                raise
            items.append(Deletion(id_))
            continue
        root = next((_root(row) for row in rows if ts_of(row) == ts), None)
        if root and root != ts:
            for page in _thread(sync, room, root, checked):
                items += page.items
    return items


def _root(row: Any) -> str | None:
    try:
        return word(thing(row, "the message"), ("thread_ts",), 40)
    except BadRecord:
        return None


def ts_of(row: Any) -> str | None:
    """Return the time that names a message; None where it has none."""
    value = row.get("ts") if isinstance(row, dict) else None
    return value if isinstance(value, str) and 0 < len(value) <= 40 else None


def _is_since(ts: Any, at: datetime) -> bool:
    """Return whether the time of a message is at or after another."""
    try:
        return float(ts) >= max(at, BEGIN).timestamp()
    except (TypeError, ValueError):
        return False


def written(at: datetime) -> str:
    """Return a time as Slack writes it."""
    return f"{at.timestamp():.6f}"
