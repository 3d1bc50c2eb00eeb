"""Threads, posts and all that hangs on them: a batch of lines, a statement for each table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.export.fields import AUDIT
from jobs.importers.rows import Row
from jobs.refill.deeds import audit
from jobs.refill.lookups import Refill, by_source, handles, one, picked, post, post_ids, source
from nlp.text import content_hash, plain
from service.db.models import (
    Correction,
    Event,
    RawItem,
    Reaction,
    ReplyLink,
    Suggestion,
    Thread,
)
from service.db.queries import ids, load, scores


def _threads(refill: Refill, batch: list[Row]) -> None:
    names = ("title", "channel", "visibility", "resolved", "confidence")
    times = ("first_post_at", "last_post_at")
    found = [
        picked(row, *names, *times)
        | {
            "source_id": source(refill, row).id,
            "external_id": row.values["id"],
            "accepted_post_external_id": row.values["accepted_answer_id"],
        }
        for row in batch
    ]
    ids.put(refill.session, Thread, found)


def _posts(refill: Refill, batch: list[Row]) -> None:
    homes = handles(refill, batch, "member")
    threads: dict[tuple[int, str], Any] = {}
    for source_id, group in by_source(refill, batch).items():
        known = load.threads(refill.session, source_id, {row.values["thread"] for row in group})
        threads |= {(source_id, external_id): row.id for external_id, row in known.items()}
    times = ("created_at", "edited_at", "edit_met", "deleted_at")
    names = (*times, "text", "truncated", "flat", "url")
    found = []
    for row in batch:
        source_id = source(refill, row).id
        words = plain(row.values["text"]).text
        gone = row.values["deleted_at"] is not None
        found.append(
            picked(row, *names, "record_hash")
            | {
                "source_id": source_id,
                "external_id": row.values["id"],
                "thread_id": one(
                    refill, row, threads, (source_id, row.values["thread"]), "a thread"
                ),
                "member_id": homes[row.values["member"]].home_id,
                "parent_external_id": row.values["parent_id"],
                "plain": words,
                "content_hash": bytes(16) if gone else content_hash(words),
            }
        )
    load.add_posts(refill.session, found)


def _reactions(refill: Refill, batch: list[Row]) -> None:
    posts = post_ids(refill, batch, "post")
    found = [
        picked(row, "name", "author", "count") | {"post_id": posts[post(row, "post")]}
        for row in batch
    ]
    ids.put(refill.session, Reaction, found)


def _raw_items(refill: Refill, batch: list[Row]) -> None:
    posts = post_ids(refill, batch, "post")
    found = [{"post_id": posts[post(row, "post")], "data": row.values["data"]} for row in batch]
    ids.put(refill.session, RawItem, found)


def _reply_links(refill: Refill, batch: list[Row]) -> None:
    posts = post_ids(refill, batch, "post", "parent")
    found = [
        picked(row, "confidence", "version")
        | {
            "post_id": posts[post(row, "post")],
            "parent_id": posts[post(row, "parent")] if row.values["parent"] else None,
        }
        for row in batch
    ]
    ids.put(refill.session, ReplyLink, found)


def _events(refill: Refill, batch: list[Row]) -> None:
    homes = handles(refill, [row for row in batch if row.values["member"]], "member")
    domains = {row.values["account"] for row in batch} - {None}
    accounts = load.accounts(refill.session, domains) if domains else {}
    found = []
    for row in batch:
        member, domain = row.values["member"], row.values["account"]
        account = one(refill, row, accounts, domain, "an account")
        found.append(
            picked(row, "kind", "occurred_at", "amount", "data")
            | {
                "source_id": source(refill, row).id,
                "external_id": row.values["id"],
                "member_id": homes[member].home_id if member else None,
                "account_id": account.id if account else None,
            }
        )
    ids.put(refill.session, Event, found)


def _suggestions(refill: Refill, batch: list[Row]) -> None:
    homes = handles(refill, batch, "left", "right")
    names = ("kind", "confidence", "parts", "version", "status")
    when = ("created_at", "resolved_at", "resolved_by")
    found = []
    for row in batch:
        pair = sorted(homes[row.values[side]].home_id for side in ("left", "right"))
        found.append(picked(row, *names, *when) | {"left_id": pair[0], "right_id": pair[1]})
    ids.put(refill.session, Suggestion, found)


def _corrections(refill: Refill, batch: list[Row]) -> None:
    posts = post_ids(refill, batch, "post")
    models = _models(refill, batch)
    names = ("task", "label", "actor", "note", "sampled", "created_at")
    found = [
        picked(row, *names, "model_label", "model_confidence")
        | {"post_id": posts[post(row, "post")], "model_id": models.get(_model(row))}
        for row in batch
    ]
    ids.put(refill.session, Correction, found)


def _models(refill: Refill, batch: list[Row]) -> dict[tuple[str, str, str] | None, int]:
    """Return the ids of the models that corrections name, made where they are not there."""
    first: dict[tuple[str, str, str], Row] = {}
    for row in batch:
        if key := _model(row):
            first.setdefault(key, row)
    return {
        key: scores.model_id(refill.session, *key)
        or scores.add_model(
            refill.session, *key, row.values["model_labels"] or [], row.values["created_at"]
        )
        for key, row in first.items()
    }


def _model(row: Row) -> tuple[str, str, str] | None:
    name, version = row.values["model"], row.values["version"]
    return None if name is None or version is None else (row.values["task"], name, version)


WRITE: dict[str, Callable[[Refill, list[Row]], None]] = {
    "threads": _threads,
    "posts": _posts,
    "reactions": _reactions,
    "raw_items": _raw_items,
    "reply_links": _reply_links,
    "events": _events,
    "suggestions": _suggestions,
    "corrections": _corrections,
    AUDIT: audit,
}
