"""Posts that another program sends, up to 1,000 at once."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, WithJsonSchema
from sqlalchemy.exc import IntegrityError

from service.api.bodies import RawBody, parsed
from service.api.problems import documented
from service.auth import Actor
from service.db.queries import pushes
from service.db.session import Database
from service.deps import ClockDep, Services, ServicesDep, SessionRoute, Writer
from service.errors import BadRequest, Conflict, TooLarge
from service.ingest.fields import BadRecord, flag, needed, word
from service.ingest.formats import archive
from service.ingest.formats.values import packed
from service.ingest.reading import batches
from service.ingest.records import Deletion, PostRecord, Reject
from service.ingest.state import Import
from service.ingest.store import finish, store

router = APIRouter(prefix="/posts", tags=["posts"], route_class=SessionRoute)

MOST = 1_000
SOURCE_LIMIT = 200
OUTCOMES = ("added", "updated", "unchanged", "rejected", "private_skipped", "deleted")
# On PostgreSQL two pushes of one new post may meet; the second then finds it there.
TRIES = 3
NO_SOURCE = "`source` is missing: name it in the record, or beside `posts` for all"
TWICE = "the id came before in this body: send what follows in another"
Outcome = Literal["added", "updated", "unchanged", "rejected", "private_skipped", "deleted"]
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Makes a repeated request safe: the same key and body give the same answer.",
    ),
]
_TEXT = {"type": "string"}
RECORD = {
    "type": "object",
    "description": (
        "A post of the archive schema, with any other field of it; or "
        '`{"id": ..., "deleted": true}`, which empties a post.'
    ),
    "properties": {
        "id": {**_TEXT, "description": "Its id in its source: the same id is the same post."},
        "author": {**_TEXT, "description": "The handle of who wrote it."},
        "created_at": {**_TEXT, "description": "RFC 3339, or seconds since 1970."},
        "text": {**_TEXT, "description": "Markdown."},
        "source": _TEXT,
        "thread_id": _TEXT,
        "thread_title": _TEXT,
        "channel": _TEXT,
        "parent_id": {**_TEXT, "description": "The id of the post that it answers."},
        "edited_at": {**_TEXT, "description": "An older edit than is stored changes nothing."},
        "visibility": {"enum": ["public", "private", "direct"]},
        "deleted": {"type": "boolean"},
    },
}
Record = Annotated[Any, WithJsonSchema(RECORD)]
SourceName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SOURCE_LIMIT)
]


class PushRequest(BaseModel):
    """Posts to add, to change or to delete."""

    model_config = ConfigDict(extra="forbid")

    source: SourceName | None = Field(
        None, description="The source of each record that does not name its own."
    )
    posts: list[Record] = Field(min_length=1, max_length=MOST)
    include_private: StrictBool = Field(
        False, description="Take private and direct posts too. Needs the scope `admin`."
    )


class Pushed(BaseModel):
    """What became of one record."""

    index: int = Field(description="Its place among `posts`, from 0.")
    id: str | None = Field(description="Its id in its source; null where it has none.")
    outcome: Outcome
    reason: str | None = Field(description="Why it was rejected; null else.")


class Counts(BaseModel):
    """How many records met with what."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    private_skipped: int = 0
    deleted: int = 0


class PushAnswer(BaseModel):
    """What became of each record, in the order of the body."""

    data: list[Pushed]
    counts: Counts


SHAPE = {"content": {"application/json": {"schema": PushRequest.model_json_schema()}}}


@router.post(
    "",
    operation_id="push_posts",
    responses=documented(BadRequest, Conflict, TooLarge),
    openapi_extra={"requestBody": {"required": True, **SHAPE}},
)
def push_posts(
    request: Request,
    response: Response,
    actor: Writer,
    held: ServicesDep,
    clock: ClockDep,
    raw: RawBody,
    idempotency_key: IdempotencyKey = None,
) -> PushAnswer:
    """Add, change or delete up to 1,000 posts, in at most 8 MiB; a bad record is refused alone.

    The same record again changes nothing. With an Idempotency-Key the answer is kept, in a write
    of its own after the posts: after a crash in between, or where the same key comes twice at
    once, the posts are written again, which changes nothing, and the first answer kept is given.
    """
    asked = parsed(request, raw, PushRequest)
    if asked.include_private:
        actor.check("admin")
    sha256 = hashlib.sha256(raw).hexdigest()
    kept = None
    if idempotency_key is not None:
        with held.database.read() as session:
            kept = pushes.answered(session, actor.name, idempotency_key, sha256)
    response.headers["Idempotency-Replayed"] = "false" if kept is None else "true"
    if kept is not None:
        return PushAnswer.model_validate(kept)
    answer = _tried(asked, held, actor, clock())
    if idempotency_key is None:
        return answer
    said, now = answer.model_dump(), clock()
    with held.database.write() as session:
        kept = pushes.keep(session, actor.name, idempotency_key, sha256, said, now)
    return PushAnswer.model_validate(kept)


def _tried(asked: PushRequest, held: Services, actor: Actor, now: datetime) -> PushAnswer:
    for _ in range(TRIES - 1):
        try:
            return Push(asked, held, now).write(held.database, actor)
        except IntegrityError:
            continue
    return Push(asked, held, now).write(held.database, actor)


class Push:
    """One push under way: what is known of each record, by its place."""

    def __init__(self, asked: PushRequest, held: Services, now: datetime) -> None:
        self.asked = asked
        self.max_chars = held.settings.max_post_chars
        self.outcomes: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.run = Import(
            pushes.KIND,
            asked.source or "",
            now,
            self._refused,
            include_private=asked.include_private,
            live=True,
            keep_raw=held.settings.keep_raw,
            outcome=self.outcomes.__setitem__,
        )

    def write(self, database: Database, actor: Actor) -> PushAnswer:
        """Write the records, posts before deletions, and return what became of each."""
        items = self._items()
        for batch in batches(items, self.max_chars):
            store(database, batch, self.run)
        if items:
            finish(database, self.run, actor.name, "push")
        data = [self._said(index, row) for index, row in enumerate(self.asked.posts)]
        counts = Counts(**{name: self.run.counts[name] for name in OUTCOMES})
        return PushAnswer(data=data, counts=counts)

    def _items(self) -> list[PostRecord | Deletion]:
        """Return the good records; the others are refused, as is a second word on a deletion."""
        found: list[PostRecord | Deletion] = []
        kinds: dict[tuple[str | None, str], type] = {}
        for index, row in enumerate(self.asked.posts):
            try:
                item = self._item(row, str(index))
                key = (item.source or self.asked.source, item.external_id)
                if kinds.setdefault(key, type(item)) is not type(item):
                    raise BadRecord(TWICE)
                found.append(item)
            except BadRecord as error:
                self.run.counts["records"] += 1
                self.run.refuse(str(index), str(error), "")
        # Each change from the one to the other would be a transaction of its own.
        return sorted(found, key=lambda item: isinstance(item, Deletion))

    def _item(self, row: Any, place: str) -> PostRecord | Deletion:
        if not isinstance(row, dict):
            raise BadRecord("the record is no JSON object")
        if flag(row, ("deleted",)):
            source = word(row, archive.SOURCE, SOURCE_LIMIT)
            item: PostRecord | Deletion = Deletion(needed(row, archive.ID), source, place)
        else:
            item = archive.post(row, place, self.run.now, packed(row))
        if item.source is None and self.asked.source is None:
            raise BadRecord(NO_SOURCE)
        return item

    def _refused(self, reject: Reject) -> None:
        self.reasons[reject.place] = reject.reason

    def _said(self, index: int, row: Any) -> Pushed:
        place = str(index)
        return Pushed.model_validate(
            {
                "index": index,
                "id": _id(row),
                "outcome": self.outcomes[place],
                "reason": self.reasons.get(place),
            }
        )


def _id(row: Any) -> str | None:
    try:
        return word(row, archive.ID) if isinstance(row, dict) else None
    except BadRecord:
        return None
