"""Discourse: topics that have something new, and their posts, edits and deletions.

https://docs.discourse.org: `/latest.json`, `/t/{id}.json`, `/t/{id}/posts.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from jobs.sync import places
from jobs.sync.client import Client
from jobs.sync.cursors import PRIVATE, instant, is_number, written
from jobs.sync.discourse_topics import Visit, due, kept, known, read_lists, unlisted
from jobs.sync.live import Access, Cursor, Page, Place, Refused, Stored
from service.errors import BadSetting, SyncFailed
from service.ingest.fields import BadRecord, needed, word
from service.ingest.formats import discourse as formats
from service.ingest.formats.chat import beginning
from service.ingest.formats.discourse import Site, Topic
from service.ingest.formats.values import inner, listed, thing, whole
from service.ingest.records import Deletion, Item, Reject
from service.settings import Settings

FORM = "https://forum.example.org"
RAW = {"include_raw": "true"}
CHUNK, CHUNKS = 20, 100
# A forum that pages its categories gives so many on a page.
CATEGORIES, CATEGORY_PAGES = 20, 1_000
# Of a topic with new posts, so many of the stored ones are looked at again; of a longer topic
# whose list entry changed, or whose last day is over, so many.
LATE, LATER = 20, 200
GONE = (403, 404, 410)


def locate(address: str) -> Place:
    """Return the place of a forum; raise InvalidInput showing how its address is written."""
    parts = places.split(address, FORM)
    host = parts.hostname or ""
    where = places.root(parts) + parts.path
    return Place(address=where, name=host, platform=host, api=where)


def access(settings: Settings) -> Access:
    """Return the key's headers; as a guest where none is set."""
    variable = "GROUNDSWELL_DISCOURSE_TOKEN"
    token, user = places.opened(settings.discourse_token), settings.discourse_user
    if token is None:
        return Access(variable=variable)
    if not user:
        raise BadSetting(f"{variable} needs GROUNDSWELL_DISCOURSE_USER: name the key's user")
    return Access({"Api-Key": token, "Api-Username": user}, secret=True, variable=variable)


def pull(
    client: Client, address: str, cursor: Cursor, *, now: datetime, stored: Stored
) -> Iterator[Page]:
    """Yield the posts of topics with something new, a topic or less to a page."""
    since, before = instant(cursor.get("bumped_at")), known(cursor)
    full = since is None or cursor.get("full") is True
    asked = cursor.get(PRIVATE) is True
    # What a guest may read is public, whether its category is listed or not.
    complete = client.access.secret
    site = Site(urlsplit(address).hostname, _categories(client), complete)
    listing = read_lists(client, _lists(client, asked), since, now)
    visits = unlisted(listing, stored.threads()) if since is None else []
    visits += due(listing, before, since, now)
    at: Cursor = {**cursor, "full": full}
    for done, visit in enumerate(visits, start=1):
        if asked or not _is_closed(visit, site) or stored.thread(visit.id):
            for items in _read(client, visit, site, full, now, stored, asked):
                yield Page(items, dict(at), done - 1, len(visits))
        before.pop(visit.id, None)
        if visit.seen is not None:
            before[visit.id] = visit.seen
            since = max(since or visit.at, visit.at)
        at |= {"topics": kept(before), "bumped_at": None if since is None else written(since)}
        yield Page([], dict(at), done, len(visits))
    at.pop("full")
    yield Page([], at, len(visits), len(visits))


def _is_closed(visit: Visit, site: Site) -> bool:
    """Return whether only some may read a topic, which is left unread unless it is stored."""
    return visit.seen is not None and site.restricts(visit.seen.category)


def _categories(client: Client) -> dict[str, formats.Category]:
    """Return the categories; none where a guest is shown none.

    Raises SyncFailed where a key is shown none: it reads what is private, and could not tell.
    """
    found: dict[str, formats.Category] = {}
    try:
        for page in range(1, CATEGORY_PAGES):
            number = {"page": page} if page > 1 else {}
            data = client.get("/categories.json", {"include_subcategories": "true", **number}).data
            fresh = formats.categories(data).items() - found.items()
            found |= dict(fresh)
            if not fresh or len(listed(inner(data, "category_list"), "categories")) < CATEGORIES:
                break
    except Refused as error:
        if error.answered not in GONE:
            raise
    if client.access.secret and not found:
        raise SyncFailed(
            f"{client.host} does not show its categories, which tell what is private: let "
            f"{client.access.variable} read /categories.json, or sync without it"
        )
    return found


def _lists(client: Client, include_private: bool) -> list[str]:
    """Return the lists to read: the latest topics, and the key's own messages where asked for."""
    paths = ["/latest.json"]
    if include_private and client.access.secret:
        session = thing(client.get("/session/current.json").data, "the session")
        user = quote(needed(inner(session, "current_user"), ("username",)), safe="")
        paths += [
            f"/topics/private-messages/{user}.json",
            f"/topics/private-messages-sent/{user}.json",
        ]
    return paths


def _read(
    client: Client,
    visit: Visit,
    site: Site,
    full: bool,
    now: datetime,
    stored: Stored,
    asked: bool,
) -> Iterator[list[Item]]:
    """Yield the items of a topic by chunks, the deleted posts last.

    Of a public topic that has been closed come the deletions alone, unless it is asked for.
    """
    here = stored.thread(visit.id)
    try:
        answer = client.get(f"/t/{visit.id}.json", RAW)
    except Refused as error:
        if not _is_gone(error):
            raise
        # Gone, or closed to us: either way nobody reads it there as we did. Who comes without a
        # key cannot tell that of what only a key could read.
        if client.access.secret or stored.is_public(visit.id):
            yield [Deletion(id_) for id_ in here]
        return
    try:
        item = thing(answer.data, "the topic")
        topic = formats.topic(item, site)
        posts = listed(inner(item, "post_stream"), "posts")
        stream = _stream(item)
    except BadRecord as error:
        yield [Reject(f"topic {visit.id}", str(error), beginning(answer.data))]
        return
    if topic.visibility != "public" and not asked and stored.is_public(visit.id):
        yield [Deletion(id_) for id_ in here]
        return
    numbers = _numbers(here)
    yield _items(posts, topic, site, now, numbers)
    first = {word(post, ("id",)) for post in posts if isinstance(post, dict)}
    if stream is None:
        yield from _long(client, topic, site, now, numbers)
        return
    rest = [id_ for id_ in _wanted(stream, here, visit, full) if id_ not in first]
    size = min(max(whole(item, ("chunk_size",)) or CHUNK, 1), CHUNKS)
    for start in range(0, len(rest), size):
        chunk = {**RAW, "post_ids[]": rest[start : start + size]}
        more = thing(client.get(f"/t/{visit.id}/posts.json", chunk).data, "the posts")
        yield _items(listed(inner(more, "post_stream"), "posts"), topic, site, now, numbers)
    there = set(stream)
    yield [Deletion(id_) for id_ in here if id_ not in there]


def _is_gone(error: Refused) -> bool:
    """Return whether the forum itself says so, and not a wall in front of it."""
    return error.answered in GONE and isinstance(error.data, dict) and "errors" in error.data


def _stream(item: dict[str, Any]) -> list[str] | None:
    """Return the ids of all posts; None for topics of more than 10,000, which do not tell them."""
    stream = inner(item, "post_stream").get("stream")
    if not stream or item.get("isMegaTopic"):
        return None
    return [needed({"id": id_}, ("id",), 20) for id_ in listed({"stream": stream}, "stream")]


def _wanted(stream: list[str], here: dict[str, str | None], visit: Visit, full: bool) -> list[str]:
    """Return the ids of the posts to read: new ones, and those that may have been edited."""
    new = {id_ for id_ in stream if id_ not in here}
    if full or len(new) == len(stream):
        return stream
    late = LATER if visit.deep or not new else LATE
    return [id_ for place, id_ in enumerate(stream) if id_ in new or place >= len(stream) - late]


def _long(
    client: Client, topic: Topic, site: Site, now: datetime, numbers: dict[str, str]
) -> Iterator[list[Item]]:
    """Yield a topic that does not tell the ids of its posts, from where the stored ones end."""
    highest = max((int(number) for number in numbers), default=1)
    page = max(2, highest // CHUNK)
    while True:
        try:
            answer = client.get(f"/t/{topic.id}.json", {**RAW, "page": page})
        except Refused as error:
            if error.answered == 404:
                return
            raise
        item = thing(answer.data, "the topic")
        posts = listed(inner(item, "post_stream"), "posts")
        if not posts:
            return
        yield _items(posts, topic, site, now, numbers)
        page += 1


def _numbers(here: dict[str, str | None]) -> dict[str, str]:
    """Return the ids of stored posts by their numbers, which end their addresses."""
    ends = {id_: (url or "").rpartition("/")[2] for id_, url in here.items()}
    return {end: id_ for id_, end in ends.items() if is_number(end)}


def _items(
    posts: list[Any], topic: Topic, site: Site, now: datetime, numbers: dict[str, str]
) -> list[Item]:
    """Return the items of a chunk; `numbers` learns where replies to its posts will point."""
    found: list[Item] = []
    for post in posts:
        place = f"topic {topic.id}"
        try:
            number, id_ = word(thing(post, "the post"), ("post_number",)), word(post, ("id",))
            place += f", post {number}"
            if number and id_:
                numbers[number] = id_
            item = formats.post(post, topic, site, now, numbers=numbers, place=place)
            found += [] if item is None else [item]
        except BadRecord as error:
            found.append(Reject(place, str(error), beginning(post)))
    return found
