"""Webhooks as the platforms send them, for the tests of what becomes of them."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from service.db.models import Member, Post, Source, Thread
from service.ingest.records import PostRecord, Reject
from service.ingest.state import Import
from service.ingest.store import store as store_batch
from tests.service import http_store

NOW = http_store.NOW
STAMP = str(int(NOW.timestamp()))
SECRETS = {"discourse": "forum secret", "github": "forge secret", "slack": "chat secret"}
SOURCES = {"discourse": "forum.example.org", "github": "acme/kit", "slack": "acme"}
ANN = {"login": "ann", "type": "User", "html_url": "https://github.com/ann"}
KIT = {"full_name": "acme/kit", "private": False}


def open_hooked(store: Path) -> TestClient:
    """Return a client, not yet entered, of a service that knows every platform's secret."""
    secrets = {f"{name}_secret": secret for name, secret in SECRETS.items()}
    return http_store.open_client(store, **secrets)


def signed(platform: str, body: bytes, event: str, **more: str) -> dict[str, str]:
    """Return the headers of a webhook, signed as the platform's own documentation says."""
    stamp = more.pop("stamp", STAMP)
    secret = more.pop("secret", SECRETS[platform]).encode()
    if platform == "slack":
        digest = hmac.new(secret, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
        found = {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest.hexdigest()}",
        }
    else:
        name = "X-Hub-Signature-256" if platform == "github" else "X-Discourse-Event-Signature"
        kind = "X-GitHub-Event" if platform == "github" else "X-Discourse-Event"
        found = {name: f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}", kind: event}
    if platform == "discourse":
        found["X-Discourse-Instance"] = "https://forum.example.org"
    return {"Content-Type": "application/json", **found, **more}


def send(client: TestClient, platform: str, event: str, payload: Any, source: str = "") -> Any:
    body = json.dumps(payload).encode()
    path = f"/api/v1/hooks/{source or SOURCES[platform]}"
    answer = client.post(path, content=body, headers=signed(platform, body, event))
    assert answer.status_code == 200, answer.text
    return answer.json()


def outcome(client: TestClient, platform: str, event: str, payload: Any) -> str:
    return str(send(client, platform, event, payload)["outcome"])


def stored(client: TestClient, source: str) -> dict[str, Any]:
    query = (
        select(
            Post.external_id, Post.text, Post.deleted_at, Post.edited_at, Post.url,
            Post.parent_external_id, Thread.external_id.label("thread"), Thread.title,
            Thread.channel, Thread.resolved, Thread.visibility, Member.name.label("author"),
            Thread.accepted_post_external_id.label("accepted"), Post.id,
        )
        .join(Thread, Thread.id == Post.thread_id)
        .join(Member, Member.id == Post.member_id)
        .join(Source, Source.id == Post.source_id)
        .where(Source.name == source)
    )  # fmt: skip
    with client.app.state.services.database.read() as session:
        return {found.external_id: found for found in session.execute(query)}


def bring(client: TestClient, kind: str, *records: PostRecord) -> None:
    """Write records as an import does."""

    def none(reject: Reject) -> None:
        raise AssertionError(reject)

    run = Import(kind, SOURCES[kind], NOW, none)
    store_batch(client.app.state.services.database, records, run)


def a_post(**more: Any) -> dict[str, Any]:
    made = {
        "id": 31, "username": "ann", "name": "Ann", "created_at": "2026-02-28T10:00:00.000Z",
        "updated_at": "2026-02-28T10:00:00.000Z", "raw": "Hello", "cooked": "<p>Hello</p>",
        "post_number": 2, "post_type": 1, "topic_id": 7, "topic_title": "Sync", "version": 1,
        "topic_archetype": "regular", "user_id": 12, "category_id": 4,
    }  # fmt: skip
    return {**made, **more}


def an_issue(**more: Any) -> dict[str, Any]:
    made = {
        "number": 4, "title": "It breaks", "body": "Often", "state": "open", "user": ANN,
        "created_at": "2026-02-28T10:00:00Z", "updated_at": "2026-02-28T10:00:00Z",
        "html_url": "https://github.com/acme/kit/issues/4", "author_association": "NONE",
        "reactions": {"+1": 1},
    }  # fmt: skip
    return {**made, **more}


def a_comment(**more: Any) -> dict[str, Any]:
    made = {
        "id": 88, "body": "Here too", "user": ANN, "created_at": "2026-02-28T10:30:00Z",
        "updated_at": "2026-02-28T10:30:00Z",
        "html_url": "https://github.com/acme/kit/issues/4#issuecomment-88",
        "issue_url": "https://api.github.com/repos/acme/kit/issues/4",
    }  # fmt: skip
    return {**made, **more}


def of_issue(action: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "repository": KIT, "issue": an_issue(), **more}


def at(seconds: float) -> str:
    return f"{NOW.timestamp() - 60 + seconds:.6f}"


def a_message(**more: Any) -> dict[str, Any]:
    made = {
        "type": "message", "channel": "C1", "channel_type": "channel", "user": "U1",
        "text": "Hi <@U2>", "ts": at(0), "event_ts": at(0),
    }  # fmt: skip
    return {"type": "event_callback", "event": {**made, **more}}


def changed(message: dict[str, Any], seconds: float, **more: Any) -> dict[str, Any]:
    inner = {"type": "message", "user": "U1", "ts": at(0), **message}
    return a_message(
        subtype="message_changed", ts=at(seconds), event_ts=at(seconds), message=inner, **more
    )


def fields(record: PostRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in PostRecord.__slots__}


EVENTS = {"discourse": "post_created", "github": "issues", "slack": "message"}
PAYLOADS = {
    "discourse": {"post": a_post()}, "github": of_issue("opened"), "slack": a_message()
}  # fmt: skip
