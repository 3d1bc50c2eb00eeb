"""GitHub: issues, pull requests, their comments, and discussions where there is a token.

https://docs.github.com/rest/issues: lists by time of update, `since`, the Link header, ETag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from jobs.sync import github_discussions as discussions
from jobs.sync import places
from jobs.sync.client import Answer, Client
from jobs.sync.cursors import PRIVATE, instant, written
from jobs.sync.live import Access, Cursor, Page, Place, Refused, Stored
from service.errors import InvalidInput, SyncFailed
from service.ingest.fields import TOLERANCE, BadRecord, flag
from service.ingest.formats import github as formats
from service.ingest.formats.chat import beginning
from service.ingest.formats.values import thing, whole
from service.ingest.records import Deletion, Item, PostRecord, Reject
from service.settings import Settings

FORM = "OWNER/REPO or https://github.com/OWNER/REPO"
SITE, API = "github.com", "https://api.github.com"
PER_PAGE = 100
ISSUE_COMMENT = "issuecomment-"
# Comments before issues: an issue then tells whether more of its comments are stored than exist.
LISTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("comments", "/issues/comments", {}),
    ("reviews", "/pulls/comments", {}),
    ("issues", "/issues", {"state": "all"}),
)


def locate(address: str) -> Place:
    """Return the place of a repository; raise InvalidInput showing how its address is written."""
    text = address.strip()
    if "://" not in text and text.count("/") == 1:
        text = f"{SITE}/{text}"
    parts = places.split(text, FORM)
    repo = parts.path.strip("/").removesuffix(".git")
    if not formats.REPO.fullmatch(f"https://{SITE}/{repo}") or repo.count("/") != 1:
        raise InvalidInput(f"{places.shown(address)} names no repository: write {FORM}")
    where = places.root(parts)
    if parts.hostname in (SITE, f"www.{SITE}", f"api.{SITE}"):
        where, api = f"https://{SITE}", API
    else:
        api = where if places.is_local(parts) else f"{where}/api/v3"
    return Place(f"{where}/{repo}", name=repo, platform=formats.PLATFORM, api=api)


def access(settings: Settings) -> Access:
    """Return the headers of the API's version, with the token where one is set."""
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    token = places.opened(settings.github_token)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return Access(headers, secret=token is not None, variable="GROUNDSWELL_GITHUB_TOKEN")


def pull(
    client: Client, address: str, cursor: Cursor, *, now: datetime, stored: Stored
) -> Iterator[Page]:
    """Yield comments, issues with the deletions under them, then discussions."""
    repo = "/".join(address.rsplit("/", 2)[-2:])
    home = thing(client.get(f"/repos/{repo}").data, "the repository")
    private = bool(flag(home, ("private",)))
    if private and not cursor.get(PRIVATE):
        if closed := _closed(stored):
            # All is read anew once it may be.
            yield Page(closed, {})
        raise SyncFailed(f"{repo} is private: add --include-private, or sync another")
    at: Cursor = dict(cursor)
    done = 0
    for name, path, params in LISTS:
        for items in _walk(client, f"/repos/{repo}{path}", params, name, at, now):
            found = list(_items(client, name, items, repo, now, stored))
            done += len(items)
            yield Page([_guarded(item, private) for item in found], dict(at), done)
    if client.access.secret and home.get("has_discussions"):
        for page in discussions.pull(client, repo, at, now=now, stored=stored):
            kept = [_guarded(item, private) for item in page.items]
            yield replace(page, items=kept, done=done + page.done)


def _closed(stored: Stored) -> list[Item]:
    """Return the deletion of every post that is stored as public."""
    public = [thread for thread in stored.threads() if stored.is_public(thread)]
    return [Deletion(id_) for thread in public for id_ in stored.thread(thread)]


def _guarded(item: Item, private: bool) -> Item:
    return replace(item, visibility="private") if private and isinstance(item, PostRecord) else item


def _walk(
    client: Client, path: str, params: dict[str, str], name: str, at: Cursor, now: datetime
) -> Iterator[list[Any]]:
    """Yield a list by pages from the time of update in the cursor on, and move the cursor.

    Pages are cut by time and not by number: an item that is updated meanwhile moves to the end,
    and would make a numbered page skip another one.
    """
    query = {**params, "sort": "updated", "direction": "asc", "per_page": str(PER_PAGE)}
    onward: str | None = None
    while True:
        since = at.get(name)
        answer = _fresh(client, path, {**query, **_since(since)}, name, at, onward)
        items = answer.data if isinstance(answer.data, list) else None
        if answer.status == 304:
            return
        if items is None:
            raise BadRecord("a list is no list")
        last = next((time for item in reversed(items) if (time := _updated(item, now))), None)
        moved = last is not None and (not isinstance(since, str) or last > since)
        if moved:
            at[name] = last
        yield items
        if answer.next is None or not items:
            return
        # A page of one and the same second can only be left by its number.
        onward = None if moved else answer.next


def _fresh(
    client: Client, path: str, query: dict[str, str], name: str, at: Cursor, onward: str | None
) -> Answer:
    """Return a page of a list; 304 costs nothing of the limit where nothing is new."""
    if onward is not None:
        return client.get(onward)
    kept = at.get("etags")
    tags = kept if isinstance(kept, dict) else {}
    match tags.get(name):
        case [str(since), str(tag)] if since == query.get("since"):
            answer = client.get(path, query, headers={"If-None-Match": tag})
        case _:
            answer = client.get(path, query)
    new = answer.headers.get("etag")
    if answer.status != 304 and new and answer.next is None and "since" in query:
        at["etags"] = {**tags, name: [query["since"], new]}
    return answer


def _since(kept: Any) -> dict[str, str]:
    """Return the parameter for a time of a cursor: a second before it, as "after" may mean that."""
    at = instant(kept)
    return {} if at is None else {"since": written(at - timedelta(seconds=1))}


def _updated(item: Any, now: datetime) -> str | None:
    """Return when an item was updated; None where the cursor would pass what is yet to come."""
    value = item.get("updated_at") if isinstance(item, dict) else None
    at = instant(value)
    return value if at is not None and at < now + TOLERANCE else None


def _items(
    client: Client, name: str, items: list[Any], repo: str, now: datetime, stored: Stored
) -> Iterator[Item]:
    """Yield the records of a page; after an issue, what is deleted under it."""
    for item in items:
        place = f"{repo} {name}"
        try:
            if name == "issues":
                issue = formats.issue(item, repo, now, place=place)
                yield issue
                yield from _deleted(client, item, issue, repo, stored)
            else:
                yield formats.comment(item, None, repo, now, place=place)
        except BadRecord as error:
            yield Reject(place, str(error), beginning(item))


def _deleted(
    client: Client, item: dict[str, Any], issue: PostRecord, repo: str, stored: Stored
) -> Iterator[Deletion]:
    """Yield the comments that are stored of an issue and are there no more.

    GitHub tells of no deletion, but it counts. The comments are listed where more are stored.
    """
    here = [id_ for id_ in stored.thread(issue.external_id) if id_.startswith(ISSUE_COMMENT)]
    count = whole(item, ("comments",))
    if count is None or len(here) <= count:
        return
    there: set[str] = set()
    page = f"/repos/{repo}/issues/{formats.number(item)}/comments?per_page={PER_PAGE}"
    onward: str | None = page
    while onward is not None:
        try:
            answer = client.get(onward)
        except Refused as error:
            if error.answered == 404:
                return
            raise
        there |= _ids(answer.data, formats.comment_id)
        onward = answer.next
    yield from (Deletion(id_) for id_ in here if id_ not in there)


def _ids(items: Any, name: Callable[[dict[str, Any]], str]) -> set[str]:
    if not isinstance(items, list):
        raise BadRecord("a list is no list")
    return {name(thing(item, "the comment")) for item in items}
