"""Which thread a post belongs to, and what threads are called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.db.models import Thread
from service.db.queries import load as queries
from service.db.queries.ids import parts
from service.db.queries.load import Found
from service.ingest.records import PostRecord

# Who may read a thread, from everyone to two people. What is closed once stays closed.
VISIBILITIES = ("public", "private", "direct")


@dataclass(frozen=True, slots=True)
class Heading:
    """What a record says of its thread; None where it does not carry the field."""

    title: str | None
    channel: str | None
    resolved: bool | None
    accepted_post_external_id: str | None


NAMES = tuple(field.name for field in fields(Heading))


@dataclass(slots=True)
class State:
    """A thread as far as an import has got; `id` is None until it is written."""

    heading: Heading
    first: datetime
    last: datetime
    visibility: str = "public"
    id: int | None = None

    def close(self, visibility: str) -> None:
        """Let no more people read than a record allows."""
        if visibility != self.visibility:
            self.visibility = max(self.visibility, visibility, key=VISIBILITIES.index)

    def hear(self, heading: Heading, at: datetime, *, edited: bool = False) -> None:
        """Take over what a record of time `at` carries, if it is the newest to carry it."""
        if heading != self.heading:
            self._follow(heading, at, edited)
        self.first, self.last = min(self.first, at), max(self.last, at)

    def _follow(self, heading: Heading, at: datetime, edited: bool) -> None:
        newest = at >= self.last
        values = {}
        for name in NAMES:
            old, new = getattr(self.heading, name), getattr(heading, name)
            if name == "resolved" and not edited:
                # Stored is yes or no, and no may be what nobody has said.
                values[name] = old or new
                continue
            # At one and the same time the greater wins, so that the order does not matter.
            wins = edited or not old or (newest and (at > self.last or new is None or new > old))
            values[name] = new if new is not None and wins else old
        self.heading = Heading(**values)


def of_posts(
    session: Session,
    source_id: int,
    records: Mapping[str, PostRecord],
    known: Mapping[str, Found],
) -> tuple[dict[str, int], int]:
    """Return the thread ids by post, and how many threads were made.

    `known` are the posts that are stored already, by external id.
    """
    places = placed(records, session, source_id)
    rebuilt = [post for post, record in records.items() if post in known and _is_loose(record)]
    if rebuilt:
        # An edit of flat chat does not tear a rebuilt conversation.
        places |= queries.threads_of(session, source_id, rebuilt)
    found = states(session, source_id, set(places.values()))
    before = {external_id: _facts(state) for external_id, state in found.items()}
    _hear(found, places, records, known)
    made = write(session, source_id, found, before)
    ids = {external_id: state.id for external_id, state in found.items()}
    return {post: id_ for post, thread in places.items() if (id_ := ids[thread])}, made


def _hear(
    found: dict[str, State],
    places: Mapping[str, str],
    records: Mapping[str, PostRecord],
    known: Mapping[str, Found],
) -> None:
    """Let threads take over what the records say of them, the oldest first.

    Most posts of a thread say the same: what is said is heard once, with its first and last time.
    """
    spans: dict[tuple[Any, ...], tuple[datetime, datetime]] = {}
    for external_id, thread_id in places.items():
        record = records[external_id]
        at = record.created_at
        said = (
            thread_id,
            external_id in known,
            record.visibility,
            record.thread_title,
            record.channel,
            record.resolved,
            record.accepted_answer_id,
        )
        span = spans.get(said)
        spans[said] = (at, at) if span is None else (min(span[0], at), max(span[1], at))
    for said, (first, last) in sorted(spans.items(), key=lambda entry: entry[1][1]):
        thread_id, edited, visibility, title, channel, resolved, accepted = said
        heading = Heading(title, channel, resolved, accepted)
        state = found.get(thread_id)
        if state is None:
            state = found[thread_id] = State(heading, first, last)
        state.hear(heading, last, edited=edited)
        state.first = min(state.first, first)
        state.close(visibility)


def _is_loose(record: PostRecord) -> bool:
    return record.flat and record.thread_id is None and record.parent_id is None


def placed(records: Mapping[str, PostRecord], session: Session, source_id: int) -> dict[str, str]:
    """Return the external id of the thread of each post, by the post's external id.

    A post without a thread joins its parent's; without a known parent it begins its own, whose
    id is the post's. A thread id that is the post's own says no more than that, so it is taken
    as left out where the post is a reply.
    """
    asked = {
        record.parent_id
        for record in records.values()
        if _follows(record) and record.parent_id not in records
    }
    known = queries.threads_of(session, source_id, _texts(asked)) if asked else {}
    found: dict[str, str] = {}
    for external_id, record in records.items():
        if record.thread_id is not None and record.thread_id != external_id:
            found[external_id] = record.thread_id
        else:
            _place(external_id, records, known, found)
    return found


def _place(
    external_id: str,
    records: Mapping[str, PostRecord],
    known: Mapping[str, str],
    found: dict[str, str],
) -> None:
    """Walk up from a post to one whose thread is known, and enter it for all on the way."""
    way: list[str] = []
    thread: str | None = None
    at = external_id
    while thread is None:
        if at in found:
            thread = found[at]
        elif at in way:
            # A ring of replies: any order of the file must choose the same one.
            thread = min(way[way.index(at) :])
        else:
            way.append(at)
            record = records[at]
            parent = record.parent_id
            if not _follows(record) or parent is None:
                thread = record.thread_id or at
            elif parent in records:
                at = parent
            else:
                thread = known.get(parent, at)
    found.update(dict.fromkeys(way, thread))


def _follows(record: PostRecord) -> bool:
    """Return whether a post's thread is that of its parent."""
    if record.parent_id in (None, record.external_id):
        return False
    return record.thread_id in (None, record.external_id)


def _texts(values: Iterable[str | None]) -> list[str]:
    return [value for value in values if value is not None]


def states(session: Session, source_id: int, ids: Iterable[str]) -> dict[str, State]:
    """Return the threads that exist, by external id."""
    known = queries.threads(session, source_id, list(ids))
    return {external_id: _state(row) for external_id, row in known.items()}


def _state(row: Found) -> State:
    heading = Heading(*(getattr(row, name) for name in NAMES))
    return State(heading, row.first_post_at, row.last_post_at, row.visibility, row.id)


def _facts(state: State) -> tuple[Any, ...]:
    return state.heading, state.first, state.last, state.visibility


def write(
    session: Session,
    source_id: int,
    threads: Mapping[str, State],
    before: Mapping[str, tuple[Any, ...]],
) -> int:
    """Add the new threads, write what changed in the others; return how many were added."""
    changed = [
        {"id": state.id, **_columns(state)}
        for external_id, state in threads.items()
        if state.id is not None and _facts(state) != before[external_id]
    ]
    queries.change(session, Thread, changed)
    new = {external_id: state for external_id, state in threads.items() if state.id is None}
    rows = [
        {"source_id": source_id, "external_id": external_id, **_columns(state)}
        for external_id, state in new.items()
    ]
    for state, id_ in zip(new.values(), queries.add_threads(session, rows), strict=True):
        state.id = id_
    return len(new)


def _columns(state: State) -> dict[str, Any]:
    columns = {name: getattr(state.heading, name) for name in NAMES}
    return {
        **columns,
        "resolved": bool(state.heading.resolved),
        "visibility": state.visibility,
        "first_post_at": state.first,
        "last_post_at": state.last,
    }


def link(session: Session, source_id: int, only: Collection[str] | None = None) -> int:
    """Point replies at their parents and join their threads; return how many threads are gone.

    `only` narrows that to posts with these external ids and the replies to them.
    """
    return join_strays(session, source_id, queries.link_replies(session, source_id, only))


def join_strays(session: Session, source_id: int, only: Collection[str] | None = None) -> int:
    """Put threads whose first post turned out to be a reply into their parents' threads.

    Returns how many threads are gone. That happens where a parent comes after its replies, in
    the same file or in a later one. `only` narrows the look to the replies with these ids.
    """
    into = _roots(queries.stray_threads(session, source_id, only))
    for pairs in parts(list(into.items())):
        rows = queries.threads_by_id(session, {id_ for pair in pairs for id_ in pair})
        targets = {root: _state(rows[root]) for _, root in pairs}
        for child, root in sorted(pairs, key=lambda pair: _order(rows[pair[0]])):
            stray = _state(rows[child])
            # A thread that nobody called resolved says nothing of the one that it joins.
            stray.heading = replace(stray.heading, resolved=stray.heading.resolved or None)
            targets[root].hear(stray.heading, stray.last)
            targets[root].close(stray.visibility)
        changes = [{"id": id_, **_columns(state)} for id_, state in targets.items()]
        queries.change(session, Thread, changes)
        queries.move_posts(session, pairs)
        queries.span_threads(session, {id_ for pair in pairs for id_ in pair})
    return len(into)


def _order(row: Found) -> tuple[datetime, str]:
    return row.last_post_at, row.title or ""


def _roots(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return where each thread ends up when every pair (from, into) is followed to its end."""
    parent: dict[int, int] = {}

    def end(id_: int) -> int:
        way = []
        while id_ in parent:
            way.append(id_)
            id_ = parent[id_]
        parent.update(dict.fromkeys(way, id_))
        return id_

    for child, into in pairs:
        root = end(into)
        # A ring of replies has no first post; the last pair is left out.
        if root != child:
            parent[child] = root
    return {child: end(child) for child in list(parent)}
