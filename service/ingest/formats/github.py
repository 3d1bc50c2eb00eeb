"""GitHub: issues, pull requests, comments and webhooks into records.

The fields: https://docs.github.com/rest/issues. REST (`created_at`, `user`), GraphQL and `gh`
(`createdAt`, `author`) and the migration archive (`user` is an address) name them differently;
all are read by the same functions. Discussions are in `github_discussions`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from service.ingest.fields import (
    TITLE_LIMIT,
    BadRecord,
    body,
    first,
    flag,
    link,
    moment,
    needed,
    word,
)
from service.ingest.formats.values import inner, listed, packed, thing, whole
from service.ingest.records import Deletion, PostRecord, ReactionRecord

PLATFORM = "github"
GHOST = "ghost"
STAFF = ("OWNER", "MEMBER", "COLLABORATOR")
GONE = ("deleted", "transferred")
CREATED = ("created_at", "createdAt", "submitted_at", "submittedAt")
UPDATED = ("updated_at", "updatedAt")
PAGE = ("html_url", "url")
REPO = re.compile(r"https?://(?:api\.)?[^/\s]+/(?:repos/)?([\w.-]+/[\w.-]+)(?:/.*)?", re.DOTALL)
NUMBER = re.compile(r"/(issues|pulls?|discussions)/(\d{1,18})(?![\w])")
ANCHOR = re.compile(
    r"#(issuecomment-|discussioncomment-|discussion_r|pullrequestreview-)(\d{1,18})$"
)
CHANNELS = {"issues": "Issues", "pull": "Pull requests", "pulls": "Pull requests"}
# What GraphQL calls the reactions of REST.
REACTIONS = {
    "THUMBS_UP": "+1",
    "THUMBS_DOWN": "-1",
    "LAUGH": "laugh",
    "HOORAY": "hooray",
    "CONFUSED": "confused",
    "HEART": "heart",
    "ROCKET": "rocket",
    "EYES": "eyes",
}
NESTED = ("comments", "replies", "reviews", "timelineItems")


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote an item; an account that is gone is the ghost."""

    handle: str = GHOST
    name: str | None = None
    links: tuple[str, ...] = ()
    is_bot: bool = False
    is_deleted: bool = True


def issue(item: Any, repo: str | None, now: datetime, *, place: str = "") -> PostRecord:
    """Return an issue or a pull request; raise BadRecord with the reason where there is none.

    `repo` is `owner/name` where the item does not tell it itself.
    """
    item = thing(item, "the issue")
    id_ = f"issue-{number(item)}"
    pull = "pull_request" in item or "merged_at" in item or _kind(item) in ("pull", "pulls")
    return record(
        item,
        repo,
        now,
        place,
        external_id=id_,
        text=opening(item),
        thread_id=id_,
        thread_title=needed(item, ("title",), TITLE_LIMIT),
        channel=CHANNELS["pull" if pull else "issues"],
        resolved=closed(item),
    )


def comment(
    item: Any, of: str | None, repo: str | None, now: datetime, *, place: str = ""
) -> PostRecord:
    """Return a comment on an issue or a pull request, one on its lines of code included.

    `of` is the number of the issue where the item does not tell it itself.
    """
    item = thing(item, "the comment")
    reply = word(item, ("in_reply_to_id",))
    name = comment_id(item)
    kind, told = _target(item)
    of = told or of
    if of is None:
        raise BadRecord("`issue_url` is missing or names no issue")
    return record(
        item,
        repo,
        now,
        place,
        external_id=name,
        text=body(item, ("body",)),
        thread_id=f"issue-{of}",
        channel=CHANNELS.get(kind or ""),
        parent_id=f"reviewcomment-{reply}" if reply else None,
        edited_at=edited(item, now),
    )


def comment_id(item: Mapping[str, Any]) -> str:
    """Return the stable id of a comment on an issue, a pull request or its code."""
    anchor = ANCHOR.search(word(item, PAGE, 8_000) or "")
    review = "pull_request_review_id" in item or "diff_hunk" in item or "pull_request_url" in item
    if anchor is not None:
        review = anchor[1] == "discussion_r"
    # GraphQL's `id` is an opaque one; the number stands in the address.
    id_ = word(item, ("databaseId",)) or (anchor[2] if anchor else needed(item, ("id",)))
    if anchor is not None and anchor[1] == "pullrequestreview-":
        return f"review-{id_}"
    return f"{'reviewcomment' if review else 'issuecomment'}-{id_}"


def row(item: Any, now: datetime, *, place: str = "") -> PostRecord:
    """Return the post of a row of a table of comments, which knows issues by their id alone.

    Its columns are `project_name`, `issue_id`, `comment_id`, `comment_body`, `created_at` and
    `user_id`; where the two ids are equal, the row is the issue itself.
    """
    item = thing(item, "the row")
    of, id_ = needed(item, ("issue_id",)), needed(item, ("comment_id",))
    return PostRecord(
        external_id=f"issue-{of}" if id_ == of else f"issuecomment-{id_}",
        author=needed(item, ("user_id", "user_login", "login")),
        created_at=moment(item, CREATED, now),
        text=body(item, ("comment_body", "body")),
        thread_id=f"issue-{of}",
        source=word(item, ("project_name", "repo"), 200),
        platform=PLATFORM,
        raw=packed(dict(item)),
        place=place,
    )


def webhook(payload: Any, now: datetime) -> list[PostRecord | Deletion]:
    """Return what the body of an issue's, pull request's or comment's webhook says.

    A comment comes with its issue, whose title and state may be newer than what is stored. All
    that is no post gives nothing.
    """
    payload = thing(payload, "the webhook")
    home = inner(payload, "repository")
    repo, private = word(home, ("full_name",), 200), flag(home, ("private",))
    gone = word(payload, ("action",)) in GONE
    root = payload.get("issue") or payload.get("pull_request")
    note = payload.get("comment")
    found: list[PostRecord | Deletion] = []
    if root is not None and not (gone and note is None):
        found.append(issue(root, repo, now))
    elif root is not None:
        found.append(Deletion(f"issue-{number(thing(root, '`issue`'))}", source=repo))
    if note is not None and gone:
        found.append(Deletion(comment_id(thing(note, "`comment`")), source=repo))
    elif note is not None and root is not None:
        found.append(comment(note, number(thing(root, "`issue`")), repo, now))
    return [guarded(item, private) for item in found]


def guarded(item: PostRecord | Deletion, private: bool | None) -> PostRecord | Deletion:
    """Return a record as private where its repository is."""
    return replace(item, visibility="private") if private and isinstance(item, PostRecord) else item


def record(
    item: Mapping[str, Any], repo: str | None, now: datetime, place: str, **fields: Any
) -> PostRecord:
    """Return a record of what issues, discussions and comments have in common."""
    author = author_of(item)
    association = word(item, ("author_association", "authorAssociation"))
    return PostRecord(
        author=author.handle,
        created_at=moment(item, CREATED, now),
        reactions=reactions(item),
        url=link(item, PAGE),
        source=repo_of(item) or repo,
        platform=PLATFORM,
        author_name=author.name,
        author_links=author.links,
        is_bot=author.is_bot,
        is_staff=association in STAFF,
        is_deleted=author.is_deleted,
        raw=packed({name: value for name, value in item.items() if name not in NESTED}),
        place=place,
        **fields,
    )


def author_of(item: Mapping[str, Any]) -> Author:
    """Return who wrote an item; the ghost where its account is null."""
    value = first(item, ("user", "author"))
    if value is None:
        return Author()
    if isinstance(value, str):
        value = {"login": value.rstrip("/").rsplit("/", 1)[-1], "url": value}
    value = thing(value, "`user`")
    login = needed(value, ("login",))
    page = link(value, PAGE)
    kind = word(value, ("type", "__typename"))
    return Author(
        handle=login,
        name=word(value, ("name",)),
        links=(page,) if page and "//api." not in page else (),
        is_bot=kind == "Bot" or login.endswith("[bot]") or bool(flag(value, ("is_bot",))),
        is_deleted=login == GHOST,
    )


def repo_of(item: Mapping[str, Any]) -> str | None:
    """Return `owner/name` out of an item's addresses; None where it has none."""
    names = ("repository_url", "html_url", "issue_url", "pull_request_url", "url")
    found = REPO.fullmatch(word(item, names, 8_000) or "")
    return found[1][:200] if found else None


def number(item: Mapping[str, Any]) -> str:
    """Return the number of an issue, pull request or discussion."""
    value = word(item, ("number",))
    if value is None:
        found = NUMBER.search(word(item, PAGE, 8_000) or "")
        value = found[2] if found else None
    if value is None or not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise BadRecord("`number` is missing or no number")
    return value


def closed(item: Mapping[str, Any]) -> bool | None:
    """Return whether an item is closed; None where it does not tell."""
    if state := word(item, ("state",)):
        return state.lower() != "open"
    told = flag(item, ("closed",))
    if told is None and ("closed_at" in item or "closedAt" in item):
        return first(item, ("closed_at", "closedAt")) is not None
    return told


def opening(item: Mapping[str, Any]) -> str:
    """Return the text that opens a thread: null where only a title was written."""
    return "" if item.get("body") is None and "body" in item else body(item, ("body",))


def edited(item: Mapping[str, Any], now: datetime) -> datetime | None:
    """Return when a comment was last edited."""
    at = first(item, UPDATED)
    if at is None or at == first(item, CREATED):
        return None
    return moment(item, UPDATED, now)


def reactions(item: Mapping[str, Any]) -> tuple[ReactionRecord, ...]:
    """Return the reactions under their names in REST, in a fixed order."""
    counts: dict[str, int] = {}
    told = item.get("reactions")
    if isinstance(told, dict):
        counts = {name: whole(told, (name,)) or 0 for name in REACTIONS.values()}
    for group in listed(item, "reactionGroups"):
        group = thing(group, "an entry of `reactionGroups`")
        people = inner(group, "reactors") or inner(group, "users")
        name = REACTIONS.get(word(group, ("content",)) or "")
        if name:
            counts[name] = whole(people, ("totalCount",)) or 0
    if any(count < 0 for count in counts.values()):
        raise BadRecord("the count of a reaction is less than 0")
    return tuple(ReactionRecord(name, "", count) for name, count in sorted(counts.items()) if count)


def _kind(item: Mapping[str, Any]) -> str | None:
    found = NUMBER.search(word(item, PAGE, 8_000) or "")
    return found[1] if found else None


def _target(item: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return "issues" or "pull", and the number, of what a comment stands under."""
    page = NUMBER.search(word(item, PAGE, 8_000) or "")
    above = word(item, ("issue_url", "pull_request_url", "issue", "pull_request"), 8_000)
    target = NUMBER.search(above or "") or page
    return page[1] if page else None, target[2] if target else None
