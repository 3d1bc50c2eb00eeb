"""What a JSON value of GitHub's holds: issues, discussions, comments, at whatever depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from service.ingest.fields import BadRecord, word
from service.ingest.formats import github, github_discussions
from service.ingest.formats.values import thing
from service.ingest.records import Deletion, PostRecord

Result = PostRecord | Deletion | BadRecord
Found = tuple[Any, Result]
DEPTH = 12
# Answers put their items under these names, one within another.
AROUND = (
    *("data", "repository", "organization", "node", "nodes", "edges", "items", "search"),
    *("issues", "issue", "pullRequests", "pullRequest", "discussions", "discussion"),
)
# Of the migration archive, what is no post; it names each item's kind.
POSTS = ("issue", "pull_request", "issue_comment", "pull_request_review_comment")
REVIEWS = ("pull_request_review",)


def found(value: Any, now: datetime) -> Iterator[Found]:
    """Yield (item, its record or why it has none), in the order of the value."""
    waiting: list[tuple[Any, str | None, int]] = [(value, None, 0)]
    while waiting:
        item, repo, depth = waiting.pop()
        if depth > DEPTH:
            yield item, BadRecord("the lists are nested too deeply")
        elif isinstance(item, list):
            waiting += [(entry, repo, depth + 1) for entry in reversed(item)]
        elif isinstance(item, dict) and (around := _around(item)):
            repo = _repo(item) or repo
            waiting += [(item[name], repo, depth + 1) for name in reversed(around)]
        else:
            for result in _records(item, repo, now):
                yield item, result


def _around(item: Mapping[str, Any]) -> list[str]:
    """Return the fields of an answer that lead to its items; none for an item itself."""
    if "title" in item or "body" in item or "action" in item:
        return []
    return [name for name in AROUND if isinstance(item.get(name), dict | list)]


def _repo(item: Mapping[str, Any]) -> str | None:
    for home in (item.get("repository"), item):
        if isinstance(home, dict) and isinstance(name := home.get("nameWithOwner"), str):
            return name[:200]
    return None


def _records(item: Any, repo: str | None, now: datetime) -> Iterator[Result]:
    try:
        item = thing(item, "the item")
        if "action" in item:
            yield from github.webhook(item, now)
            yield from github_discussions.webhook(item, now)
        elif _is_discussion(item):
            yield from github_discussions.walk(item, repo, now)
        elif "title" in item:
            yield from _issue(item, repo, now)
        elif not _is_useless(item):
            yield _comment(item, repo, now)
    except BadRecord as error:
        yield error


def _is_useless(item: Mapping[str, Any]) -> bool:
    kind = item.get("type")
    return isinstance(kind, str) and kind.islower() and kind not in (*POSTS, *REVIEWS)


def _is_discussion(item: Mapping[str, Any]) -> bool:
    if "title" not in item:
        return False
    page = word(item, github.PAGE, 8_000) or ""
    return "/discussions/" in page or "answerChosenAt" in item or "answer_chosen_at" in item


def _issue(item: Mapping[str, Any], repo: str | None, now: datetime) -> Iterator[Result]:
    root = github.issue(item, repo, now)
    yield root
    for node in github_discussions.comments(item):
        try:
            yield github.comment(node, github.number(item), root.source, now)
        except BadRecord as error:
            yield error


def _comment(item: Mapping[str, Any], repo: str | None, now: datetime) -> Result:
    page = word(item, github.PAGE, 8_000) or ""
    target = github.NUMBER.search(page)
    if target is not None and target[1] == "discussions":
        return github_discussions.comment(item, target[2], repo, now)
    if "body" not in item:
        return BadRecord("the item is neither issue, discussion nor comment")
    return github.comment(item, None, repo, now)
