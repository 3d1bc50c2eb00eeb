"""What people decide about topics: each is kept for every later run, audited, and can be undone.

A merged topic keeps its row, its id and its centroid; its posts count for the topic that it was
merged into, and come back when that is undone, with those that came by it since.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.db.models import Topic, TopicEvent
from service.db.queries import audit
from service.db.queries import ledger as queries
from service.errors import Conflict, InvalidInput, NotFound

NAME = 120  # characters
MOST_MOVED = 1_000
PAIRS = {"renamed": ("renamed",), "pinned": ("pinned", "unpinned"), "hidden": ("hidden", "shown")}
# Topics concerned by an undone decision, and how many posts came back.
Back = tuple[tuple[int, ...], int]
KINDS = {kind: kinds for kinds in PAIRS.values() for kind in kinds}


@dataclass(frozen=True, slots=True)
class Done:
    """What a decision came to: `changed` is False where it stood already.

    `event` is what the ledger says of it, and what undoes it; `topics` are those it concerns, the
    one that was named first; `posts` is how many posts went elsewhere.
    """

    changed: bool
    topics: tuple[int, ...]
    event: int | None = None
    posts: int = 0


def rename(session: Session, topic: int, name: str | None, now: datetime, actor: str) -> Done:
    """Give a topic a name that wins over the machine's label; None takes it away again.

    Raise NotFound for no such topic, InvalidInput for a name of nothing or above 120 characters.
    """
    name = None if name is None else " ".join(name.split())
    if name is not None and not (0 < len(name) <= NAME and _readable(name)):
        raise InvalidInput(f"a topic's name has 1 to {NAME} characters, none of them for control")
    row = _topic(session, topic)
    return _set(session, row, "renamed", "name", name, now, actor)


def _readable(name: str) -> bool:
    # PostgreSQL keeps no NUL, and a terminal obeys an escape.
    kinds = {unicodedata.category(sign) for sign in name}
    return not kinds & {"Cc", "Cs"} and bool(kinds - {"Cf"})


def pin(session: Session, topic: int, pinned: bool, now: datetime, actor: str) -> Done:
    """Pin a topic, so that no run lets it die and lists begin with it, or unpin it."""
    row = _live(session, topic)
    kind = "pinned" if pinned else "unpinned"
    return _set(session, row, kind, "pinned_at", now if pinned else None, now, actor)


def hide(session: Session, topic: int, hidden: bool, now: datetime, actor: str) -> Done:
    """Hide a topic, so that no list has it and it never trends, or show it again."""
    row = _live(session, topic)
    kind = "hidden" if hidden else "shown"
    return _set(session, row, kind, "hidden_at", now if hidden else None, now, actor)


def merge(session: Session, kept: int, other: int, now: datetime, actor: str) -> Done:
    """Give the posts of `other`, and those that it will attract, to `kept`.

    Raise NotFound for no such topic, Conflict where one of them is no topic of its own.
    """
    held = queries.hold(session, [kept, other])
    for id_ in (kept, other):
        _there(held, id_)
    if held[other].merged_into_id == kept != other:
        return Done(False, (kept, other), queries.standing_merge(session, other))
    if kept == other:
        raise Conflict(f"topic {kept} cannot be merged into itself")
    for id_ in (kept, other):
        _own(session, held[id_])
    posts = queries.pour(session, other, kept)
    held[other].merged_into_id, held[other].retired_at = kept, now
    evidence = {"into": kept, "posts": posts, "label": held[other].called}
    event = note(session, other, "merged", now, actor, evidence, kept)
    return Done(True, (kept, other), event, posts)


def move(
    session: Session, post_ids: Collection[int], topic: int | None, now: datetime, actor: str
) -> Done:
    """Put posts into a topic, or with None into none, where every run leaves them.

    Raise NotFound for no such topic, InvalidInput for posts that no run has placed.
    """
    if not 0 < len(set(post_ids)) <= MOST_MOVED:
        raise InvalidInput(f"name 1 to {MOST_MOVED:,} posts")
    if topic is not None:
        _live(session, topic)
    there = queries.places(session, post_ids)
    if missing := sorted(set(post_ids) - there.keys()):
        raise InvalidInput(f"no run has placed post {missing[0]}: nothing was moved")
    moved = [post for post, row in sorted(there.items()) if _elsewhere(row, topic)]
    if not moved:
        return Done(False, () if topic is None else (topic,))
    queries.put(session, moved, topic)
    queries.keep_moves(session, moved, topic, actor, now)
    events = _tell_moves(session, [there[post] for post in moved], topic, now, actor)
    homes = (row.topic_id for row in there.values() if row.topic_id is not None)
    named = dict.fromkeys([*([] if topic is None else [topic]), *sorted(homes)])
    return Done(True, tuple(named), events, len(moved))


def _elsewhere(row: Any, topic: int | None) -> bool:
    """Return whether to put a post into a topic, or none, changes anything."""
    if topic is None and row.topic_id is None:
        return False
    return bool(not row.moved or row.move != topic)


def place(row: Any) -> list[Any]:
    """Return where a post was: its topic and, where a person put it there, who and when."""
    put = [row.move, row.moved_by, row.moved_at.isoformat()] if row.moved else None
    return [row.post_id, row.via_id or row.topic_id, put]


def take_out(
    session: Session, post_ids: Collection[int], topic: int, now: datetime, actor: str
) -> Done:
    """Take posts out of a topic into none, as `move` does; raise InvalidInput for others' posts."""
    _live(session, topic)
    there = queries.places(session, post_ids)
    for post in sorted(set(post_ids)):
        row = there.get(post)
        if row is None or (row.topic_id != topic and not (row.moved and row.topic_id is None)):
            raise InvalidInput(f"post {post} is not in the topic: nothing was moved")
    return move(session, post_ids, None, now, actor)


def _tell_moves(
    session: Session, rows: Sequence[Any], topic: int | None, now: datetime, actor: str
) -> int:
    """Write one event on the topic that got the posts, or on the one that lost most of them."""
    lost = [row.topic_id for row in rows if row.topic_id is not None]
    subject = topic if topic is not None else max(sorted(set(lost)), key=lost.count)
    evidence = {"to": topic, "posts": len(rows), "places": [place(row) for row in rows]}
    other = lost[0] if len(set(lost)) == 1 and lost[0] != subject else None
    return note(session, subject, "moved", now, actor, evidence, other)


def undo(session: Session, event: int, now: datetime, actor: str) -> Done:
    """Undo what a person decided; to undo it again changes nothing.

    Raise NotFound for no such event, Conflict for what a run did and where a later decision must
    be undone first.
    """
    row = queries.event(session, event)
    if row is None:
        raise NotFound(f"there is no event {event}")
    if row.undone_at is not None:
        return Done(False, (row.topic_id,), event)
    if row.undoes_id is not None:
        raise Conflict(f"event {event} undid another: decide that anew instead")
    back = UNDONE.get(row.kind)
    if row.actor == queries.RUN or back is None:
        raise Conflict(f"event {event} was found by a run: only people's decisions can be undone")
    topics, posts = back(session, row, now)
    row.undone_at = now
    evidence = {"undid": row.kind, "posts": posts}
    made = note(session, row.topic_id, "undone", now, actor, evidence, row.other_id, event)
    return Done(True, topics, made, posts)


def note(
    session: Session,
    topic: int,
    kind: str,
    now: datetime,
    actor: str,
    evidence: Mapping[str, Any],
    other: int | None = None,
    undoes: int | None = None,
) -> int:
    """Write a decision into the ledger and the audit, and return its event."""
    made = queries.add_event(session, {
        "topic_id": topic, "other_id": other, "kind": kind, "at": now, "actor": actor,
        "evidence": dict(evidence), "undoes_id": undoes,
    })  # fmt: skip
    told = {name: value for name, value in evidence.items() if name != "places"}
    detail = {**told, "event": made.id} | ({} if undoes is None else {"undoes": undoes})
    audit.note(session, now, actor, f"topic.{kind}", f"topic {topic}", detail)
    return made.id


def _set(
    session: Session, row: Topic, kind: str, column: str, value: Any, now: datetime, actor: str
) -> Done:
    before = getattr(row, column)
    flag = column != "name"
    if before == value or (flag and (before is None) == (value is None)):
        return Done(False, (row.id,))
    setattr(row, column, value)
    evidence = {} if flag else {"before": before, "name": value, "label": row.label}
    if flag and before is not None:
        evidence = {"since": before.isoformat()}
    return Done(True, (row.id,), note(session, row.id, kind, now, actor, evidence))


def _unset(session: Session, event: TopicEvent, now: datetime) -> Back:
    row = _topic(session, event.topic_id)
    if newer := queries.later(session, event, KINDS[event.kind]):
        raise Conflict(f"topic {row.id} was changed again since: undo event {newer} first")
    if event.kind == "renamed":
        row.name = event.evidence["before"]
    else:
        column = "pinned_at" if event.kind in PAIRS["pinned"] else "hidden_at"
        since = event.evidence.get("since")
        setattr(row, column, datetime.fromisoformat(since) if since else None)
    return (row.id,), 0


def _part(session: Session, event: TopicEvent, now: datetime) -> Back:
    topic, into = event.topic_id, int(event.evidence["into"])
    root = queries.root_of(session, topic)
    held = queries.hold(session, [topic, root])
    if held[topic].merged_into_id != into or held[root].merged_into_id is not None:
        raise Conflict(f"topic {topic} is not merged into topic {into} any more: look again")
    below = queries.merged_into(session, topic)
    posts = queries.take_back(session, root, topic, below)
    held[topic].merged_into_id = held[topic].retired_at = None
    return (topic, root), posts


def _rejoin(session: Session, event: TopicEvent, now: datetime) -> Back:
    """Undo a split: the part goes back, and stays as a topic that was merged.

    Posts that came by another topic, or that a person put there before, are so again.
    """
    child, parent = int(event.other_id or 0), event.topic_id
    held = queries.hold(session, [child, parent])
    for id_ in (child, parent):
        _own(session, held[id_])
    posts = queries.pour(session, child, parent)
    held[child].merged_into_id, held[child].retired_at = parent, now
    queries.drop_moves(session, queries.moved_to(session, child, event.at))
    before = _before(event)
    there = queries.places(session, before)
    _put_back(session, {
        post: before[post] for post, row in there.items()
        if (row.topic_id, row.via_id) == (parent, child) and not row.moved
    })  # fmt: skip
    return (parent, child), posts


def _unmove(session: Session, event: TopicEvent, now: datetime) -> Back:
    """Put posts back where they were, but for those that somebody moved again since."""
    before = _before(event)
    here = {
        post: before[post]
        for post in queries.moved_to(session, event.evidence["to"], event.at)
        if post in before
    }
    queries.drop_moves(session, here)
    homes = [event.topic_id, *_put_back(session, here)]
    return tuple(dict.fromkeys(homes)), len(here)


def _before(event: TopicEvent) -> dict[int, Any]:
    """Return where posts of a decision were before: by what topic, and where a person put them."""
    places = event.evidence.get("places", ())
    return {post: (own, put and tuple(put)) for post, own, put in places}


def _put_back(session: Session, before: Mapping[int, Any]) -> list[int]:
    """Put posts where they were, and return the topics that hold them now."""
    groups: dict[tuple[Any, Any], list[int]] = {}
    for post, was in before.items():
        groups.setdefault(was, []).append(post)
    homes = []
    for (own, put), posts in sorted(groups.items(), key=str):
        root = None if own is None else queries.live_root(session, own)
        homes += [] if root is None else [root]
        queries.put(session, posts, root, None if root is None else own)
        if put is not None:
            move, actor, at = put
            queries.keep_moves(session, posts, move, actor, datetime.fromisoformat(at))
    return homes


UNDONE: dict[str, Callable[[Session, TopicEvent, datetime], Back]] = {
    **dict.fromkeys(KINDS, _unset),
    "merged": _part,
    "split": _rejoin,
    "moved": _unmove,
}


def _there(held: Mapping[int, Topic], id_: int) -> Topic:
    if id_ not in held:
        raise NotFound(f"there is no topic {id_}")
    return held[id_]


def _topic(session: Session, id_: int) -> Topic:
    return _there(queries.hold(session, [id_]), id_)


def _live(session: Session, id_: int) -> Topic:
    row = _topic(session, id_)
    _own(session, row)
    return row


def _own(session: Session, row: Topic) -> None:
    """Raise Conflict unless a topic holds posts of its own."""
    if row.merged_into_id is not None:
        root = queries.root_of(session, row.id)
        raise Conflict(f"topic {row.id} was merged: take topic {root}, or undo the merge")
    if row.retired_at is not None:
        raise Conflict(f"topic {row.id} is no longer found by runs: it cannot be changed")
