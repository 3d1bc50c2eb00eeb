"""How heated threads are, as the last run found it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.db.models import Post, ThreadHeat
from service.db.queries.ids import parts, put


def newest(session: Session, thread_id: int) -> ThreadHeat | None:
    """Return the heat of a thread that was computed last."""
    query = select(ThreadHeat).where(ThreadHeat.thread_id == thread_id)
    return session.scalar(query.order_by(ThreadHeat.at.desc(), ThreadHeat.version).limit(1))


def put_heats(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the heat of threads, all by one version of the model, over what was there of it."""
    if not rows:
        return
    drop(session, [row["thread_id"] for row in rows], rows[0]["version"])
    put(session, ThreadHeat, rows)


def drop(session: Session, thread_ids: Collection[int], version: str) -> None:
    """Forget the heat of threads by one version of the model."""
    gone = delete(ThreadHeat).where(ThreadHeat.version == version)
    for some in parts(sorted(thread_ids)):
        session.execute(
            gone.where(ThreadHeat.thread_id.in_(some)),
            execution_options={"synchronize_session": False},
        )


def drop_others(session: Session, version: str) -> None:
    """Forget the heat of every thread by other versions of the model."""
    gone = delete(ThreadHeat).where(ThreadHeat.version != version)
    session.execute(gone, execution_options={"synchronize_session": False})


def settle(session: Session, version: str, states: Mapping[int, str]) -> None:
    """Write that threads were read and settled, by the digests of their posts."""
    for thread, state in states.items():
        own = (ThreadHeat.thread_id == thread, ThreadHeat.version == version)
        session.execute(update(ThreadHeat).where(*own).values(state=state))


def unsettle(session: Session, post_ids: Collection[int]) -> None:
    """Have the threads of posts read again by the next run."""
    for some in parts(sorted(post_ids)):
        threads = select(Post.thread_id).where(Post.id.in_(some))
        session.execute(
            update(ThreadHeat).where(ThreadHeat.thread_id.in_(threads)).values(state=""),
            execution_options={"synchronize_session": False},
        )
