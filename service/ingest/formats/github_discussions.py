"""GitHub discussions, as GraphQL gives them and as webhooks do, into records.

The fields: https://docs.github.com/graphql/guides/using-the-graphql-api-for-discussions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from service.ingest.fields import TITLE_LIMIT, BadRecord, body, first, flag, needed, word
from service.ingest.formats.github import (
    ANCHOR,
    GONE,
    PAGE,
    closed,
    edited,
    guarded,
    number,
    opening,
    record,
)
from service.ingest.formats.values import inner, listed, thing
from service.ingest.records import Deletion, PostRecord


def discussion(item: Any, repo: str | None, now: datetime, *, place: str = "") -> PostRecord:
    """Return a discussion without its comments; raise BadRecord where there is none."""
    item = thing(item, "the discussion")
    id_ = f"discussion-{number(item)}"
    answer = _answer(item)
    return record(
        item,
        repo,
        now,
        place,
        external_id=id_,
        text=opening(item),
        thread_id=id_,
        thread_title=needed(item, ("title",), TITLE_LIMIT),
        channel=word(inner(item, "category"), ("name",)),
        accepted_answer_id=answer,
        resolved=_solved(item, answer),
    )


def comment(
    item: Any,
    of: str,
    repo: str | None,
    now: datetime,
    *,
    parent: str | None = None,
    place: str = "",
) -> PostRecord:
    """Return a comment or a reply on discussion number `of`; `parent` is what it replies to."""
    item = thing(item, "the comment")
    id_ = comment_id(item)
    told = word(item, ("parent_id",))
    above = inner(item, "replyTo")
    if told:
        parent = f"discussioncomment-{told}"
    elif above.get("databaseId") is not None or above.get("url") is not None:
        parent = comment_id(above)
    return record(
        item,
        repo,
        now,
        place,
        external_id=id_,
        text=body(item, ("body",)),
        thread_id=f"discussion-{of}",
        parent_id=parent,
        accepted_answer_id=id_ if flag(item, ("isAnswer",)) else None,
        edited_at=edited(item, now),
    )


def comment_id(item: Mapping[str, Any]) -> str:
    """Return the stable id of a comment: GraphQL's `id` is opaque, its address holds the number."""
    anchor = ANCHOR.search(word(item, PAGE, 8_000) or "")
    id_ = word(item, ("databaseId",)) or (anchor[2] if anchor else needed(item, ("id",)))
    return f"discussioncomment-{id_}"


def comments(item: Mapping[str, Any], name: str = "comments") -> list[Any]:
    """Return the comments or replies that GraphQL nests in an item: `nodes`, `edges`, a list."""
    value = item.get(name)
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return []
    edges = [edge.get("node") for edge in listed(value, "edges") if isinstance(edge, dict)]
    return listed(value, "nodes") + edges


def walk(
    item: Mapping[str, Any], repo: str | None, now: datetime, *, place: str = ""
) -> Iterator[PostRecord | BadRecord]:
    """Yield a discussion, its comments and their replies; a BadRecord for each that is none."""
    try:
        root = discussion(item, repo, now, place=place)
        nested = comments(item)
    except BadRecord as error:
        yield error
        return
    yield root
    of = number(item)
    for node in nested:
        try:
            found = comment(node, of, root.source, now, place=place)
            replies = comments(thing(node, "the comment"), "replies")
        except BadRecord as error:
            yield error
            continue
        yield found
        for reply in replies:
            try:
                yield comment(reply, of, root.source, now, parent=found.external_id, place=place)
            except BadRecord as error:
                yield error


def webhook(payload: Any, now: datetime) -> list[PostRecord | Deletion]:
    """Return what the body of a `discussion` or `discussion_comment` webhook says."""
    payload = thing(payload, "the webhook")
    if payload.get("discussion") is None:
        return []
    home = inner(payload, "repository")
    repo, private = word(home, ("full_name",), 200), flag(home, ("private",))
    root = thing(payload["discussion"], "`discussion`")
    gone = word(payload, ("action",)) in GONE
    note = first(payload, ("comment", "answer"))
    found: list[PostRecord | Deletion] = []
    if gone and note is None:
        return [Deletion(f"discussion-{number(root)}", source=repo)]
    found.append(discussion(root, repo, now))
    if note is not None and gone:
        found.append(Deletion(comment_id(thing(note, "`comment`")), source=repo))
    elif note is not None:
        found.append(comment(note, number(root), repo, now))
    return [guarded(entry, private) for entry in found]


def _answer(item: Mapping[str, Any]) -> str | None:
    """Return the comment that answers a discussion; None where only its opaque id is told."""
    page = word(item, ("answer_html_url",), 8_000)
    anchor = ANCHOR.search(page or "")
    if anchor:
        return f"discussioncomment-{anchor[2]}"
    answer = inner(item, "answer")
    if answer.get("databaseId") is None and answer.get("url") is None:
        return None
    return comment_id(answer)


def _solved(item: Mapping[str, Any], answer: str | None) -> bool | None:
    """Return whether a discussion is answered or closed."""
    told = first(item, ("answerChosenAt", "answer_chosen_at", "answer")) is not None
    return True if answer or told else closed(item)
