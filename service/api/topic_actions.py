"""What people decide about topics: every run obeys it, and it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from sqlalchemy.orm import Session

from service import topics
from service.api.lineage import EventOut, present_events
from service.api.params import LARGEST, Id
from service.api.problems import documented
from service.api.repeats import IdempotencyKey, once
from service.api.strict import StrictRoute
from service.api.topics import TopicOut, present_topics
from service.auth import Actor
from service.db.queries import ledger
from service.deps import ClockDep, Services, ServicesDep, Writer
from service.errors import BadRequest, Conflict, InvalidInput, NotFound, TooLarge
from service.topics import MOST_MOVED, NAME, Done

router = APIRouter(prefix="/topics", tags=["topics"], route_class=StrictRoute)
Number = Annotated[int, Field(ge=1, le=LARGEST, strict=True)]
REFUSALS = documented(BadRequest, NotFound, Conflict, TooLarge)


class TopicChange(BaseModel):
    """What a decision came to."""

    changed: bool = Field(description="False where it stood already.")
    events: list[EventOut] = Field(description="What the ledger says of it: undo it by these.")
    posts: int = Field(description="How many posts went elsewhere.")
    topics: list[TopicOut] = Field(description="The topics concerned, the one named first.")


class TopicPatch(BaseModel):
    """What is to be another way; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=NAME)] | None = Field(
        None, description="Wins over the machine's label; null takes it away."
    )
    pinned: StrictBool = Field(False, description="No run lets a pinned topic end.")
    hidden: StrictBool = Field(False, description="No list has it, and it never trends.")


class TopicMerge(BaseModel):
    """Which topic to merge into this one."""

    model_config = ConfigDict(extra="forbid")

    other: Number = Field(description="It keeps its id; its posts count for this topic.")


class TopicSplit(BaseModel):
    """Which part becomes a topic of its own; with neither, the machine finds two parts."""

    model_config = ConfigDict(extra="forbid")

    posts: list[Number] = Field([], max_length=MOST_MOVED, description="Posts of the topic.")
    threads: list[Number] = Field([], max_length=MOST_MOVED, description="All their posts.")


class TopicPosts(BaseModel):
    """Posts that belong in this topic."""

    model_config = ConfigDict(extra="forbid")

    posts: list[Number] = Field(min_length=1, max_length=MOST_MOVED)
    outside: StrictBool = Field(False, description="They belong in no topic: take them out of it.")


@router.patch("/{id}", operation_id="change_topic", responses=REFUSALS)
def change_topic(
    id: Id,
    body: TopicPatch,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> TopicChange:
    """Name, pin or hide a topic; to repeat it changes nothing."""
    given = body.model_dump(exclude_unset=True)
    if not given:
        raise InvalidInput("nothing to change: send a name, pinned or hidden")
    decide = partial(_changed, topic=id, given=given)
    asked = f"change_topic {id} {body.model_dump_json(exclude_unset=True)}"
    return _decided(decide, asked, response, actor, held, clock(), idempotency_key)


@router.post("/{id}/merge", operation_id="merge_topics", responses=REFUSALS)
def merge_topics(
    id: Id,
    body: TopicMerge,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> TopicChange:
    """Merge another topic into this one; to repeat it changes nothing."""

    def decide(session: Session, now: datetime, name: str) -> list[Done]:
        return [topics.merge(session, id, body.other, now, name)]

    asked = f"merge_topics {id} {body.model_dump_json()}"
    return _decided(decide, asked, response, actor, held, clock(), idempotency_key)


@router.post("/{id}/split", operation_id="split_topic", responses=REFUSALS)
def split_topic(
    id: Id,
    body: TopicSplit,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> TopicChange:
    """Make a part of a topic a topic of its own; the rest goes on with the id.

    Sent again it splits again, but with the same Idempotency-Key it does not.
    """

    def decide(session: Session, now: datetime, name: str) -> list[Done]:
        # What it reads takes a while to load, and is needed here alone.
        from service.topic_split import split

        return [split(session, id, now, name, posts=body.posts, threads=body.threads)]

    asked = f"split_topic {id} {body.model_dump_json()}"
    return _decided(decide, asked, response, actor, held, clock(), idempotency_key)


@router.post("/{id}/posts", operation_id="move_posts", responses=REFUSALS)
def move_posts(
    id: Id,
    body: TopicPosts,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> TopicChange:
    """Put posts into a topic, or take them out of it, for good; to repeat it changes nothing."""

    def decide(session: Session, now: datetime, name: str) -> list[Done]:
        if body.outside:
            return [topics.take_out(session, body.posts, id, now, name)]
        return [topics.move(session, body.posts, id, now, name)]

    asked = f"move_posts {id} {body.model_dump_json()}"
    return _decided(decide, asked, response, actor, held, clock(), idempotency_key)


@router.post(
    "/events/{id}/undo", operation_id="undo_event", responses=documented(NotFound, Conflict)
)
def undo_event(
    id: Id,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    idempotency_key: IdempotencyKey = None,
) -> TopicChange:
    """Undo what a person decided about a topic; to repeat it changes nothing."""

    def decide(session: Session, now: datetime, name: str) -> list[Done]:
        return [topics.undo(session, id, now, name)]

    return _decided(decide, f"undo_event {id}", response, actor, held, clock(), idempotency_key)


def _changed(
    session: Session, now: datetime, actor: str, *, topic: int, given: dict[str, Any]
) -> list[Done]:
    done = []
    if "name" in given:
        done.append(topics.rename(session, topic, given["name"], now, actor))
    if "pinned" in given:
        done.append(topics.pin(session, topic, given["pinned"], now, actor))
    if "hidden" in given:
        done.append(topics.hide(session, topic, given["hidden"], now, actor))
    return done


def _decided(
    decide: Callable[[Session, datetime, str], list[Done]],
    asked: str,
    response: Response,
    actor: Actor,
    held: Services,
    now: datetime,
    key: str | None,
) -> TopicChange:
    with held.database.write() as session:

        def write() -> dict[str, Any]:
            return _present(session, decide(session, now, actor.name)).model_dump(mode="json")

        answer, replayed = once(session, actor, key, asked, now, write)
    response.headers["Idempotency-Replayed"] = "true" if replayed else "false"
    return TopicChange.model_validate(answer)


def _present(session: Session, done: list[Done]) -> TopicChange:
    session.flush()
    named = list(dict.fromkeys(topic for one in done for topic in one.topics))
    ids = [one.event for one in done if one.event is not None]
    return TopicChange(
        changed=any(one.changed for one in done),
        events=present_events(ledger.by_ids(session, ids)),
        posts=sum(one.posts for one in done),
        topics=present_topics(session, named),
    )
