"""The topic ledger: what became of topics, what people decided, and which topic holds a post."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from service.db.models import (
    Embedding,
    Member,
    Post,
    PostTopic,
    Thread,
    Topic,
    TopicArea,
    TopicEvent,
    TopicMove,
)
from service.db.queries.ids import parts
from service.db.queries.posts import visible

RUN = "run"
# A row whose attributes are the columns of its query.
Found = Any


def standing(session: Session, *, held: bool = False) -> list[Topic]:
    """Return the topics that are not retired, and those merged into others, by id.

    `held`: nobody else changes them before this ends.
    """
    there = or_(Topic.retired_at.is_(None), Topic.merged_into_id.is_not(None))
    query = select(Topic).where(there).order_by(Topic.id)
    if held:
        query = query.with_for_update()
    return list(session.scalars(query, execution_options={"populate_existing": True}))


def roots(topics: Iterable[Topic]) -> dict[int, int]:
    """Return the topic that holds the posts of each topic; all that are merged must be given."""
    into = {topic.id: topic.merged_into_id for topic in topics}
    found: dict[int, int] = {}
    for topic in into:
        root = topic
        while (above := into.get(root)) is not None:
            root = above
        found[topic] = root
    return found


def hold(session: Session, topic_ids: Collection[int]) -> dict[int, Topic]:
    """Return topics as they are now, by id, and let nobody else change them before this ends."""
    query = select(Topic).where(Topic.id.in_(topic_ids)).order_by(Topic.id).with_for_update()
    rows = session.scalars(query, execution_options={"populate_existing": True})
    return {row.id: row for row in rows}


def merged_into(session: Session, topic_id: int) -> set[int]:
    """Return a topic and all that were merged into it, at any depth."""
    found, level = {topic_id}, [topic_id]
    while level:
        query = select(Topic.id).where(Topic.merged_into_id.in_(level))
        level = [id_ for id_ in session.scalars(query) if id_ not in found]
        found.update(level)
    return found


def root_of(session: Session, topic_id: int) -> int:
    """Return the topic that holds the posts of a topic."""
    into = session.scalar(select(Topic.merged_into_id).where(Topic.id == topic_id))
    return topic_id if into is None else root_of(session, into)


def live_root(session: Session, topic_id: int) -> int | None:
    """Return the topic that holds the posts of a topic; None where it is retired."""
    root = root_of(session, topic_id)
    query = select(Topic.id).where(Topic.id == root, Topic.retired_at.is_(None))
    return session.scalar(query)


def touched(session: Session) -> set[int]:
    """Return the topics that people decided about, as it stands now.

    They are named, pinned or hidden, or part of a merge, a split or a move that nobody undid.
    """
    kept = (Topic.name, Topic.pinned_at, Topic.hidden_at)
    states = select(Topic.id).where(or_(*(column.is_not(None) for column in kept)))
    events = select(TopicEvent.topic_id, TopicEvent.other_id).where(
        TopicEvent.actor != RUN,
        TopicEvent.undone_at.is_(None),
        TopicEvent.kind.in_(("merged", "split", "moved")),
    )
    parts = {id_ for row in session.execute(events) for id_ in row if id_ is not None}
    return parts | set(session.scalars(states))


def add_event(session: Session, values: Mapping[str, Any]) -> TopicEvent:
    """Add what became of a topic, and return it with its id."""
    row = TopicEvent(**{"other_id": None, "fit_id": None, "undoes_id": None, **values})
    session.add(row)
    session.flush()
    return row


def add_events(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add what became of topics; all rows have the same columns."""
    if rows:
        session.execute(insert(TopicEvent), list(rows))


def event(session: Session, event_id: int) -> TopicEvent | None:
    """Return one event; nobody else undoes it before this ends."""
    query = select(TopicEvent).where(TopicEvent.id == event_id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one_or_none()


def by_ids(session: Session, event_ids: Collection[int]) -> list[TopicEvent]:
    """Return events, by id."""
    query = select(TopicEvent).where(TopicEvent.id.in_(event_ids)).order_by(TopicEvent.id)
    return list(session.scalars(query))


def events(session: Session, topic_id: int, limit: int) -> list[TopicEvent]:
    """Return the newest events that a topic has a part in, newest first."""
    part = or_(TopicEvent.topic_id == topic_id, TopicEvent.other_id == topic_id)
    query = select(TopicEvent).where(part).order_by(TopicEvent.id.desc()).limit(limit)
    return list(session.scalars(query))


def later(session: Session, given: TopicEvent, kinds: Collection[str]) -> int | None:
    """Return the newest event of these kinds on the same topic that stands and came after one."""
    query = (
        select(TopicEvent.id)
        .where(TopicEvent.topic_id == given.topic_id, TopicEvent.kind.in_(kinds))
        .where(TopicEvent.id > given.id, TopicEvent.undone_at.is_(None))
        .order_by(TopicEvent.id.desc())
        .limit(1)
    )
    return session.scalar(query)


def standing_merge(session: Session, topic_id: int) -> int | None:
    """Return the event by which a person merged a topic into another, where it stands."""
    query = (
        select(func.max(TopicEvent.id))
        .where(TopicEvent.topic_id == topic_id, TopicEvent.kind == "merged")
        .where(TopicEvent.actor != RUN, TopicEvent.undone_at.is_(None))
    )
    return session.scalar(query)


def pour(session: Session, from_id: int, into_id: int) -> int:
    """Give the posts that a topic holds to another, and return how many they were."""
    via = func.coalesce(PostTopic.via_id, from_id)
    given = update(PostTopic).where(PostTopic.topic_id == from_id)
    return _run(session, given.values(topic_id=into_id, via_id=via))


def take_back(session: Session, root: int, topic_id: int, below: Collection[int]) -> int:
    """Give a topic the posts that a root holds by way of those below it; return how many."""
    own = case((PostTopic.via_id == topic_id, None), else_=PostTopic.via_id)
    taken = update(PostTopic).where(PostTopic.topic_id == root, PostTopic.via_id.in_(below))
    return _run(session, taken.values(topic_id=topic_id, via_id=own))


def places(session: Session, post_ids: Collection[int]) -> dict[int, Found]:
    """Return (topic_id, via_id, moved, move, moved_at, moved_by) of posts that were placed, by id.

    `moved` says whether a person put it where it is: in the topic `move`, or in none.
    """
    query = (
        select(
            PostTopic.post_id,
            PostTopic.topic_id,
            PostTopic.via_id,
            TopicMove.post_id.is_not(None).label("moved"),
            TopicMove.topic_id.label("move"),
            TopicMove.at.label("moved_at"),
            TopicMove.actor.label("moved_by"),
        )
        .outerjoin(TopicMove, TopicMove.post_id == PostTopic.post_id)
        .join(Post, Post.id == PostTopic.post_id)
        .join(Thread, Thread.id == Post.thread_id)
        .where(*visible())
    )
    return {
        row.post_id: row
        for some in parts(sorted(post_ids))
        for row in session.execute(query.where(PostTopic.post_id.in_(some)))
    }


def put(
    session: Session, post_ids: Collection[int], root: int | None, via: int | None = None
) -> None:
    """Put posts into a topic, or none; `via` is the merged topic by which they came."""
    for some in parts(sorted(post_ids)):
        moved = update(PostTopic).where(PostTopic.post_id.in_(some))
        _run(session, moved.values(topic_id=root, via_id=None if via == root else via))


def keep_moves(
    session: Session, post_ids: Collection[int], topic_id: int | None, actor: str, at: datetime
) -> None:
    """Write that a person put posts into a topic, or none."""
    drop_moves(session, post_ids)
    rows = [
        {"post_id": post, "topic_id": topic_id, "actor": actor, "at": at}
        for post in sorted(post_ids)
    ]
    if rows:
        session.execute(insert(TopicMove), rows)


def drop_moves(session: Session, post_ids: Collection[int]) -> None:
    """Forget that a person put posts somewhere."""
    for some in parts(sorted(post_ids)):
        _run(session, delete(TopicMove).where(TopicMove.post_id.in_(some)))


def moves(session: Session) -> dict[int, int | None]:
    """Return where people put posts, by post; None is the outlier pool."""
    query = select(TopicMove.post_id, TopicMove.topic_id)
    return {row.post_id: row.topic_id for row in session.execute(query)}


def moved_to(session: Session, topic_id: int | None, at: datetime) -> list[int]:
    """Return the posts that a person put into a topic, or none, at a time and that are there yet.

    Posts are among them that no run has placed since their words were edited.
    """
    to = TopicMove.topic_id.is_(None) if topic_id is None else TopicMove.topic_id == topic_id
    query = select(TopicMove.post_id).where(to, TopicMove.at == at)
    return list(session.scalars(query.order_by(TopicMove.post_id)))


def posts_in(session: Session, topic_id: int, encoder: int) -> list[Found]:
    """Return (id, plain, member_id, thread_id, title, vector) of the posts that a topic holds.

    They come in an order that the posts alone decide.
    """
    query: Select[*tuple[Any, ...]] = (
        select(
            Post.id, Post.plain, Post.member_id, Post.thread_id, Thread.title, Embedding.vector,
            PostTopic.via_id,
        )
        .join(PostTopic, PostTopic.post_id == Post.id)
        .join(Embedding, and_(Embedding.post_id == Post.id, Embedding.encoder_id == encoder))
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .where(PostTopic.topic_id == topic_id, *visible())
        .order_by(Post.content_hash, Post.id)
    )  # fmt: skip
    return list(session.execute(query))


def areas(session: Session) -> list[TopicArea]:
    """Return the areas that are not retired, by id."""
    query = select(TopicArea).where(TopicArea.retired_at.is_(None)).order_by(TopicArea.id)
    return list(session.scalars(query))


def labels_in_use(session: Session) -> set[str]:
    """Return what the topics that are not retired are called, by machine and by people."""
    query = select(Topic.label, Topic.name).where(Topic.retired_at.is_(None))
    return {label for row in session.execute(query) for label in row if label is not None}


def change(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the given columns of the topics with the given ids."""
    if rows:
        session.execute(update(Topic), list(rows))


def _run(session: Session, statement: Any) -> int:
    found: Any = session.execute(statement, execution_options={"synchronize_session": False})
    return int(found.rowcount)
