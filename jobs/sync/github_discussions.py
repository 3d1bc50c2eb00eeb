"""Discussions of GitHub, which only GraphQL tells: those updated since, with all their comments.

https://docs.github.com/graphql/guides/using-the-graphql-api-for-discussions.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from jobs.sync.client import LATER, Client
from jobs.sync.cursors import instant
from jobs.sync.live import Cursor, Page, Stored
from service.errors import SyncFailed
from service.ingest.fields import BadRecord
from service.ingest.formats import github_discussions as formats
from service.ingest.formats.chat import beginning
from service.ingest.formats.github import number
from service.ingest.formats.values import inner, listed, thing
from service.ingest.records import Deletion, Item, PostRecord, Reject

NAME = "discussions"
SAID = """
  id databaseId url body createdAt updatedAt authorAssociation
  author { __typename login url }
  reactionGroups { content reactors { totalCount } }
"""
REPLIES = f"""
  replies(first: 50, after: $replies) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ {SAID} }}
  }}
"""
COMMENT = f"{SAID} isAnswer"
LIST = """
query($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    discussions(first: 100, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes { number updatedAt }
    }
  }
}
"""
ONE = f"""
query($owner: String!, $name: String!, $number: Int!, $after: String, $replies: String) {{
  repository(owner: $owner, name: $name) {{
    discussion(number: $number) {{
      {SAID} number title closed answerChosenAt
      category {{ name }}
      answer {{ id databaseId url }}
      comments(first: 50, after: $after) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ {COMMENT} {REPLIES} }}
      }}
    }}
  }}
}}
"""
MORE = f"""
query($id: ID!, $replies: String) {{
  node(id: $id) {{ ... on DiscussionComment {{ {REPLIES} }} }}
}}
"""


def pull(
    client: Client, repo: str, cursor: Cursor, *, now: datetime, stored: Stored
) -> Iterator[Page]:
    """Yield the discussions that were updated since the cursor, those first that were first."""
    since = cursor.get(NAME)
    rows = _updated(client, repo, since if isinstance(since, str) else None)
    met = set(map(str, listed({NAME: cursor.get("met")}, NAME)))
    at = dict(cursor)
    for done, (updated, of) in enumerate(rows, start=1):
        # The cursor's own second is listed again: what was read in it is known by its number.
        if updated == since and of in met:
            continue
        items = list(_discussion(client, repo, of, now, stored))
        same = updated == at.get(NAME)
        at |= {NAME: updated, "met": [*(at.get("met") or ()), of] if same else [of]}
        yield Page(items, dict(at), done, len(rows))


def _updated(client: Client, repo: str, since: str | None) -> list[tuple[str, str]]:
    """Return (time of update, number) of the discussions since a time, oldest first."""
    owner, name = repo.split("/")
    found: dict[str, str] = {}
    after: str | None = None
    while True:
        data = _ask(client, LIST, {"owner": owner, "name": name, "after": after})
        page = inner(inner(data, "repository"), NAME)
        for row in listed(page, "nodes"):
            row = thing(row, "the discussion")
            at = row.get("updatedAt")
            if not isinstance(at, str) or instant(at) is None:
                raise BadRecord("`updatedAt` is no time")
            if since is not None and at < since:
                return _oldest_first(found)
            found.setdefault(number(row), at)
        after = _next(page)
        if after is None:
            return _oldest_first(found)


def _oldest_first(found: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(((at, of) for of, at in found.items()), key=lambda row: (row[0], int(row[1])))


def _discussion(
    client: Client, repo: str, of: str, now: datetime, stored: Stored
) -> Iterator[Item]:
    """Yield a discussion with its comments and replies, and what is deleted of it."""
    owner, name = repo.split("/")
    place = f"{repo} discussion {of}"
    there: set[str] = set()
    after: str | None = None
    whole = True
    while True:
        asked = {"owner": owner, "name": name, "number": int(of), "after": after}
        home = inner(_ask(client, ONE, asked), "repository")
        if "discussion" not in home:
            raise BadRecord("`discussion` is missing")
        item = inner(home, "discussion")
        if not item:
            break
        for node in formats.comments(item):
            _complete(client, node)
        for found in formats.walk(item, repo, now, place=place):
            if isinstance(found, PostRecord):
                there.add(found.external_id)
                yield found
            else:
                whole = False
                yield Reject(place, str(found), beginning(item))
        after = _next(inner(item, "comments"))
        if after is None:
            break
    if whole:
        # What could not be read may still be there, so that nothing is told to be gone then.
        yield from (Deletion(id_) for id_ in stored.thread(f"discussion-{of}") if id_ not in there)


def _complete(client: Client, node: Any) -> None:
    """Add the replies to a comment that did not fit on its page."""
    if not isinstance(node, dict) or not isinstance(node.get("replies"), dict):
        return
    replies = node["replies"]
    after = _next(replies)
    while after is not None:
        data = _ask(client, MORE, {"id": node.get("id"), "replies": after})
        more = inner(inner(data, "node"), "replies")
        replies["nodes"] = [*listed(replies, "nodes"), *listed(more, "nodes")]
        after = _next(more)


def _next(page: dict[str, Any]) -> str | None:
    info = inner(page, "pageInfo")
    after = info.get("endCursor")
    return after if info.get("hasNextPage") and isinstance(after, str) else None


def _ask(client: Client, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Return what GraphQL answers; its errors come with status 200."""
    path = "/graphql" if not client.api.path.endswith("/v3") else _enterprise(client)
    answer = thing(client.post(path, {"query": query, "variables": variables}).data, "the answer")
    kinds = {error.get("type") for error in listed(answer, "errors") if isinstance(error, dict)}
    if "RATE_LIMITED" in kinds:
        raise SyncFailed(f"{client.host} allows no more requests this hour: {LATER}")
    if kinds - {"NOT_FOUND"}:
        raise SyncFailed(
            f"{client.host} does not tell discussions: let {client.access.variable} read them"
        )
    return inner(answer, "data")


def _enterprise(client: Client) -> str:
    """Return the address of GraphQL on a server of one's own: beside the root of REST."""
    return str(client.api.copy_with(path="/api/graphql"))
