"""Stack Exchange: questions, answers and comments of one site, by its API 2.3.

https://api.stackexchange.com/docs: `sort=activity` with `min`, filters, `backoff`, quotas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.sync import places
from jobs.sync.client import LATER, Client
from jobs.sync.cursors import instant, is_number, written
from jobs.sync.live import Access, Cursor, Page, Place, Refused, Stored
from service.errors import InvalidInput, SyncFailed
from service.ingest.fields import TOLERANCE, BadRecord, needed, word
from service.ingest.formats import stackexchange as formats
from service.ingest.formats.chat import beginning
from service.ingest.formats.stackexchange import Site
from service.ingest.formats.values import listed, thing, whole
from service.ingest.records import Deletion, Item, Reject
from service.settings import Settings

FORM = "a site like coffee.stackexchange.com"
API = "https://api.stackexchange.com/2.3"
HOST = re.compile(r"(?=.{4,253}$)([a-z0-9-]+\.)+[a-z]{2,}")
SIZE = 100
FILTER = "withbody"
# Comments as they were written, as data dumps have them.
INCLUDE = "comment.body_markdown;comment.post_type"
# Deletions are told nowhere: once a day, ids of the last month are asked for again.
EVER = datetime.min.replace(tzinfo=UTC)
CHECK_EVERY, CHECK_SINCE, CHECK_MOST = timedelta(days=1), timedelta(days=30), 1_000


@dataclass(frozen=True, slots=True)
class Kind:
    """One list of the API: how it is sorted, and the field that holds that."""

    name: str
    sort: str
    field: str


QUESTIONS = Kind("questions", "activity", "last_activity_date")
ANSWERS = Kind("answers", "activity", "last_activity_date")
COMMENTS = Kind("comments", "creation", "creation_date")


def locate(address: str) -> Place:
    """Return the place of a site; raise InvalidInput showing how it is written."""
    parts = places.split(address, FORM)
    site, api = parts.hostname or "", API
    if places.is_local(parts):
        site, api = parts.path.strip("/"), f"{places.root(parts)}/2.3"
    elif parts.path or parts.port:
        raise InvalidInput(f"{places.shown(address)} is no site: write {FORM}")
    if not HOST.fullmatch(site):
        raise InvalidInput(f"{places.shown(address)} names no site: write {FORM}")
    where = f"{places.root(parts)}/{site}" if api != API else f"https://{site}"
    return Place(where, name=site, platform=site, api=api)


def access(settings: Settings) -> Access:
    """Return the application's key, which the API takes as a parameter."""
    key = places.opened(settings.stackexchange_token)
    variable = "GROUNDSWELL_STACKEXCHANGE_TOKEN"
    return Access(params={"key": key} if key else {}, secret=key is not None, variable=variable)


def pull(
    client: Client, address: str, cursor: Cursor, *, now: datetime, stored: Stored
) -> Iterator[Page]:
    """Yield questions, answers and comments since the cursor, then what is deleted."""
    site = Site(host=address.rsplit("/", 1)[-1])
    at: Cursor = dict(cursor)
    api = Api(client, str(site.host))
    at["filter"] = api.filter = _filter(api, at.get("filter"))
    first = not stored.recent(EVER, 1)
    done = 0
    for kind in (QUESTIONS, ANSWERS, COMMENTS):
        for items in _walk(api, kind, at, now):
            records = [_record(kind, item, site, now) for item in items]
            done += len(items)
            yield Page(records, dict(at), done)
    checked = instant(at.get("checked"))
    if checked is not None and now < checked + CHECK_EVERY:
        return
    known = [] if first else stored.recent(now - CHECK_SINCE, CHECK_MOST)
    items = list(_checked(api, known, site, now))
    at["checked"] = written(now)
    yield Page(items, at, done)


@dataclass(slots=True)
class Api:
    """The API for one site: keeps to its quota and rests where it asks for that."""

    client: Client
    site: str
    filter: str = FILTER
    spent: bool = False

    def get(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return one page; raise SyncFailed where the day's quota is spent."""
        if self.spent:
            raise self._spent()
        try:
            answer = self.client.get(path, {"site": self.site, "pagesize": SIZE, **params})
        except Refused as error:
            raise self._explained(error) from None
        page = thing(answer.data, "the page")
        rest = whole(page, ("backoff",))
        if rest is not None and rest > 0:
            self.client.rest(rest)
        self.spent = whole(page, ("quota_remaining",)) == 0
        return page

    def _spent(self) -> SyncFailed:
        hint = self.client.hint()
        return SyncFailed(f"{self.client.host}: the quota of the day is spent: {LATER}{hint}")

    def _explained(self, error: Refused) -> SyncFailed:
        name = error.data.get("error_name") if isinstance(error.data, dict) else None
        if name == "throttle_violation":
            return self._spent()
        if name in ("no_method", "bad_parameter"):
            return SyncFailed(
                f"{self.client.host} does not know {self.site}, or the key: check the site and "
                f"{self.client.access.variable}"
            )
        return error


def _filter(api: Api, kept: Any) -> str:
    """Return the filter that gives bodies; one that is made is the same for ever."""
    if isinstance(kept, str) and kept:
        return kept
    client = api.client
    try:
        answer = client.get("/filters/create", {"base": FILTER, "include": INCLUDE})
        made = thing(listed(thing(answer.data, "the page"), "items")[0], "the filter")
        return word(made, ("filter",)) or FILTER
    except (Refused, BadRecord, IndexError):
        return FILTER


def _walk(api: Api, kind: Kind, at: Cursor, now: datetime) -> Iterator[list[Any]]:
    """Yield a list by pages, oldest first, from the second in the cursor on; move the cursor.

    Pages are cut by time and not by number, so that what moves meanwhile makes none skip another.
    """
    number = 1
    while True:
        since = at.get(kind.name)
        query: dict[str, Any] = {"order": "asc", "sort": kind.sort, "filter": api.filter}
        if isinstance(since, int):
            query["min"] = since
        page = api.get(f"/{kind.name}", {**query, "page": number})
        items = listed(page, "items")
        last = next((time for item in reversed(items) if (time := _second(item, kind, now))), None)
        moved = last is not None and (not isinstance(since, int) or last > since)
        if moved:
            at[kind.name] = last
        yield items
        if not page.get("has_more") or not items:
            return
        number = 1 if moved else number + 1


def _second(item: Any, kind: Kind, now: datetime) -> int | None:
    """Return what an item is sorted by; None where the cursor would pass what is yet to come."""
    value = item.get(kind.field) if isinstance(item, dict) else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < (now + TOLERANCE).timestamp() else None


def _record(kind: Kind, item: Any, site: Site, now: datetime) -> Item:
    place = f"{site.host} {kind.name}"
    try:
        if kind is QUESTIONS:
            return formats.question(item, site, now, place=place)
        if kind is ANSWERS:
            return formats.answer(item, site, now, place=place)
        return formats.comment(item, {}, site, now, place=place)
    except BadRecord as error:
        return Reject(place, str(error), beginning(item))


def _checked(api: Api, ids: list[str], site: Site, now: datetime) -> Iterator[Item]:
    """Yield what the site does not have any more of posts and comments, and comments as they are.

    Posts come with their lists when they are edited; comments do not.
    """
    posts = [id_ for id_ in ids if is_number(id_)]
    for batch in _batches(posts):
        page = api.get(f"/posts/{';'.join(batch)}", {})
        there = _ids(page, "post_id")
        yield from (Deletion(id_) for id_ in batch if id_ not in there)
    comments = [id_[1:] for id_ in ids if id_.startswith("c") and is_number(id_[1:])]
    for batch in _batches(comments):
        page = api.get(f"/comments/{';'.join(batch)}", {"filter": api.filter})
        yield from (_record(COMMENTS, item, site, now) for item in listed(page, "items"))
        there = _ids(page, "comment_id")
        yield from (Deletion(f"c{id_}") for id_ in batch if id_ not in there)


def _ids(page: dict[str, Any], name: str) -> set[str]:
    """Return the ids on a page that must be whole, as what is not on it is taken to be gone."""
    if page.get("has_more") or "items" not in page:
        raise BadRecord("a page of known ids is not whole")
    return {needed(thing(item, "the item"), (name,)) for item in listed(page, "items")}


def _batches(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), SIZE):
        yield ids[start : start + SIZE]
