"""Webhooks of Discourse, GitHub and Slack into the record.

Platforms send again what was not answered, late, and in any order. So what is older than what is
stored changes nothing, a deleted post comes back by a recovery or a later edit alone, and what a
webhook leaves out (likes, the parent, names of channels) stays as an import or a sync has told it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from service.db.queries import load, load_people, pushes, sources
from service.db.queries.pushes import Found
from service.db.session import Database
from service.errors import Conflict, InvalidInput
from service.ingest.fields import BadRecord, first, moment, needed, word
from service.ingest.formats import discourse, github, github_discussions, slack
from service.ingest.formats.chat import Person
from service.ingest.formats.values import inner, packed, thing
from service.ingest.reading import batches
from service.ingest.records import Deletion, PostRecord, ReactionRecord, Reject
from service.ingest.state import Import
from service.ingest.store import finish, store
from service.ingest.threads import VISIBILITIES
from service.settings import Settings

News = list[PostRecord | Deletion]
ISSUES = ("issues", "issue_comment", "pull_request", "pull_request_review_comment")
DISCUSSIONS = ("discussion", "discussion_comment")
POSTS = (
    "post_created",
    "post_edited",
    "post_destroyed",
    "post_recovered",
    "accepted_solution",
    "unaccepted_solution",
)
UPDATED = ("updated_at", "updatedAt")
REACTED = ("reactions", "reactionGroups", "actions_summary")
USER = re.compile(r"<@([A-Z0-9]{2,40})")
USERS = 100


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook whose signature was checked; `host` is the site that calls itself its sender."""

    platform: str
    event: str
    payload: dict[str, Any]
    now: datetime
    host: str | None = None

    @property
    def recovers(self) -> bool:
        """Whether it says of itself that deleted posts are back."""
        return self.event.endswith("_recovered")


def receive(database: Database, hook: Hook, source: str, settings: Settings) -> Counter[str]:
    """Write what a webhook says to a source; return what became of it, nothing where it is no news.

    Private and direct posts are skipped. Raises InvalidInput where the payload cannot be used,
    Conflict where the source is one of another platform.
    """
    run = Import(hook.platform, source, hook.now, _counted, live=True, keep_raw=settings.keep_raw)
    with database.read() as session:
        row = pushes.source(session, source)
        if row is not None and row.kind in READERS and row.kind != hook.platform:
            raise Conflict(f"the source {source} is of {row.kind}: name another in the address")
        try:
            news = READERS[hook.platform](session, row, hook)
            ready = [replace(item, source=None) for item in news]
            if row is not None:
                ready = _settled(session, row.id, ready, hook, run)
        except BadRecord as error:
            raise InvalidInput(f"the webhook cannot be used: {error}") from error
    for batch in batches(ready, settings.max_post_chars):
        store(database, batch, run)
    if run.counts["records"]:
        finish(database, run, f"hook:{hook.platform}", "hook")
    return run.counts


def _counted(refused: Reject) -> None:
    """A webhook keeps no list of what it refused: the count of it is answered and audited."""


def _discourse(session: Session, row: Found | None, hook: Hook) -> News:
    payload = hook.payload
    if hook.event == "topic_destroyed":
        return _thread(session, row, needed(inner(payload, "topic"), ("id",)))
    item = first(payload, ("post", "solved"))
    if hook.event not in POSTS or item is None:
        return []
    item = thing(item, "the post")
    topic_id = word(item, ("topic_id",))
    if hook.event == "post_destroyed" and topic_id and word(item, ("post_number",)) == "1":
        # A topic goes with its first post.
        others = _thread(session, row, topic_id)
        return [*others, *discourse.webhook({"post": item}, hook.event, discourse.Site(), hook.now)]
    host = row.platform if row is not None and "." in row.platform else hook.host
    numbers = _numbers(session, row, topic_id)
    site = discourse.Site(host)
    return discourse.webhook({"post": item}, hook.event, site, hook.now, numbers=numbers)


def _thread(session: Session, row: Found | None, thread: str) -> News:
    """Return the deletion of every post of a thread that is stored."""
    if row is None:
        return []
    return [Deletion(id_) for id_ in sources.thread_posts(session, row.id, thread)]


def _numbers(session: Session, row: Found | None, topic_id: str | None) -> dict[str, str]:
    """Return the ids of a topic's stored posts by their numbers, which end their addresses."""
    if row is None or topic_id is None:
        return {}
    stored = sources.thread_posts(session, row.id, topic_id)
    return {(url or "").rpartition("/")[2]: id_ for id_, url in stored.items()}


def _github(session: Session, row: Found | None, hook: Hook) -> News:
    if hook.event in ISSUES:
        found = github.webhook(hook.payload, hook.now)
    elif hook.event in DISCUSSIONS:
        found = github_discussions.webhook(hook.payload, hook.now)
    else:
        return []
    if len(found) == 1 and isinstance(found[0], Deletion):
        root = found[0].external_id
        rest = _thread(session, row, root)
        return [*(item for item in rest if item.external_id != root), *found]
    return found


def _slack(session: Session, row: Found | None, hook: Hook) -> News:
    event = hook.payload.get("event")
    if hook.event != "message" or not isinstance(event, dict):
        return []
    channels: dict[str, slack.Channel] = {}
    workspace = slack.Workspace()
    if row is not None:
        key = needed(event, ("channel",))
        known = pushes.slack_channel(session, row.id, key)
        if known is not None:
            told = slack.VISIBILITY.get(word(event, ("channel_type",)) or "", known.visibility)
            seen = _closest(told, known.visibility)
            channels = {key: slack.Channel(key, known.channel or key, seen)}
        workspace = slack.Workspace(people=_mentioned(session, row.platform, event))
    found = slack.event(event, channels, workspace, hook.now)
    return [] if found is None else [found]


def _mentioned(session: Session, platform: str, event: dict[str, Any]) -> dict[str, Person]:
    """Return what is known of the people whom a message mentions."""
    ids = sorted(set(USER.findall(packed(event).decode())))[:USERS]
    rows = load_people.people(session, platform, ids) if ids else {}
    return {
        id_: Person(
            name=row.name, is_bot=row.is_bot, is_staff=row.is_staff, is_deleted=row.is_deleted
        )
        for id_, row in rows.items()
    }


READERS: dict[str, Callable[[Session, Found | None, Hook], News]] = {
    "discourse": _discourse,
    "github": _github,
    "slack": _slack,
}


def _settled(session: Session, source_id: int, news: News, hook: Hook, run: Import) -> News:
    """Return what is newer than what is stored, with all that it leaves out."""
    records = [item for item in news if isinstance(item, PostRecord)]
    held = pushes.held(session, source_id, [record.external_id for record in records])
    threads = load.threads(session, source_id, [_place(record) for record in records])
    reactions = pushes.reactions(session, [row.id for row in held.values()])
    found: News = []
    for item in news:
        if isinstance(item, Deletion):
            found.append(item)
            continue
        old, thread = held.get(item.external_id), threads.get(_place(item))
        if thread is not None:
            item = replace(item, visibility=_closest(item.visibility, thread.visibility))
        if old is not None:
            at = _version(item, hook)
            if at < _stored_version(old, hook.now) and not hook.recovers:
                run.counts["records"] += 1
                run.count("unchanged", item.place)
                continue
            item = _completed(item, old, reactions.get(old.id, []), at)
        found.append(item)
    return found


def _place(record: PostRecord) -> str:
    return record.thread_id or record.external_id


def _closest(one: str, other: str) -> str:
    return max(one, other, key=VISIBILITIES.index)


def _completed(item: PostRecord, old: Found, reactions: list[Found], at: datetime) -> PostRecord:
    """Return a record with what its webhook leaves out, and the time of an edit that tells none."""
    edited = old.deleted_at is None and item.text != old.text
    told = not {*REACTED}.isdisjoint(_item(item.raw))
    kept = tuple(ReactionRecord(row.name, row.author, row.count) for row in reactions)
    return replace(
        item,
        reactions=item.reactions if told else kept,
        parent_id=item.parent_id or old.parent_external_id,
        url=item.url or old.url,
        edited_at=item.edited_at or (at if edited else None),
    )


def _version(item: PostRecord, hook: Hook) -> datetime:
    """Return the time that a webhook tells of."""
    if hook.platform == "slack":
        return moment(inner(hook.payload, "event"), ("event_ts", "ts"), hook.now)
    return _updated(item.raw, hook.now) or item.edited_at or item.created_at


def _stored_version(old: Found, now: datetime) -> datetime:
    """Return the time that what is stored tells of."""
    at: datetime = old.deleted_at or _updated(old.raw, now) or old.edited_at or old.created_at
    return at


def _updated(raw: bytes | None, now: datetime) -> datetime | None:
    item = _item(raw)
    try:
        return None if first(item, UPDATED) is None else moment(item, UPDATED, now)
    except BadRecord:
        return None


def _item(raw: bytes | None) -> dict[str, Any]:
    try:
        item = orjson.loads(raw or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return item if isinstance(item, dict) else {}
