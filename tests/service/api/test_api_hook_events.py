from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from service.db.models import Identity, Reaction
from service.ingest.formats import discourse, slack
from service.ingest.records import PostRecord, ReactionRecord
from service.ingest.state import Import
from service.ingest.store import store as store_batch
from tests.service.hook_payloads import (
    KIT,
    NOW,
    SOURCES,
    a_comment,
    a_message,
    a_post,
    an_issue,
    at,
    bring,
    changed,
    fields,
    of_issue,
    open_hooked,
    outcome,
    send,
    stored,
)


@pytest.fixture
def hooked(store: Path) -> Iterator[TestClient]:
    with open_hooked(store) as client:
        yield client


def test_a_thread_that_is_known_as_private_stays_so(hooked: TestClient) -> None:
    database = hooked.app.state.services.database
    run = Import("discourse", SOURCES["discourse"], NOW, lambda reject: None, include_private=True)
    first = PostRecord(
        "30", "bo", NOW - timedelta(days=1), "Among us", "7", "Sync", visibility="private"
    )
    store_batch(database, [first], run)
    assert outcome(hooked, "discourse", "post_created", {"post": a_post()}) == "private_skipped"
    assert set(stored(hooked, SOURCES["discourse"])) == {"30"}


def test_the_life_of_a_forum_post(hooked: TestClient) -> None:
    root = a_post(id=30, post_number=1, username="bo", raw="Why?")
    reply = a_post(reply_to_post_number=1)
    assert outcome(hooked, "discourse", "post_created", {"post": root}) == "added"
    assert outcome(hooked, "discourse", "post_created", {"post": reply}) == "added"
    found = stored(hooked, "forum.example.org")
    assert found["31"].parent_external_id == "30"
    assert found["31"].url == "https://forum.example.org/t/7/2"
    assert (found["31"].thread, found["31"].title, found["31"].author) == ("7", "Sync", "Ann")
    later = {"version": 2, "updated_at": "2026-02-28T11:00:00.000Z"}
    edit = reply | later | {"raw": "Hello all", "topic_title": "Sync"}
    assert outcome(hooked, "discourse", "post_edited", {"post": edit}) == "updated"
    assert outcome(hooked, "discourse", "post_created", {"post": reply}) == "unchanged"
    assert stored(hooked, "forum.example.org")["31"].text == "Hello all"
    retitled = root | later | {"topic_title": "Sync on the phone"}
    assert outcome(hooked, "discourse", "post_edited", {"post": retitled}) == "updated"
    title = {"topic_title": "Sync on the phone"}
    solved = edit | title | {"accepted_answer": True, "topic_accepted_answer": True}
    assert outcome(hooked, "discourse", "accepted_solution", {"solved": solved}) == "updated"
    found = stored(hooked, "forum.example.org")["31"]
    assert (found.title, found.resolved, found.accepted) == ("Sync on the phone", True, "31")
    assert outcome(hooked, "discourse", "post_destroyed", {"post": edit}) == "deleted"
    assert stored(hooked, "forum.example.org")["31"].text == ""
    assert outcome(hooked, "discourse", "post_edited", {"post": edit}) == "unchanged"
    assert stored(hooked, "forum.example.org")["31"].deleted_at == NOW
    assert outcome(hooked, "discourse", "post_recovered", {"post": edit}) == "updated"
    found = stored(hooked, "forum.example.org")["31"]
    assert (found.text, found.deleted_at) == ("Hello all", None)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("topic_destroyed", {"topic": {"id": 7, "title": "Sync"}}),
        ("post_destroyed", {"post": a_post(id=30, post_number=1)}),
    ],
)
def test_a_topic_goes_whole(hooked: TestClient, event: str, payload: dict[str, Any]) -> None:
    for number in (1, 2, 3):
        post = a_post(id=29 + number, post_number=number)
        send(hooked, "discourse", "post_created", {"post": post})
    assert send(hooked, "discourse", event, payload)["counts"]["deleted"] == 3
    assert {post.text for post in stored(hooked, "forum.example.org").values()} == {""}


def test_what_a_webhook_leaves_out_stays(hooked: TestClient) -> None:
    site = discourse.Site("forum.example.org", {"4": discourse.Category("Help")})
    item = a_post(actions_summary=[{"id": 2, "count": 3}])
    topic = discourse.Topic("7", "Sync", "Help")
    record = discourse.post(item, topic, site, NOW, numbers={})
    assert isinstance(record, PostRecord)
    bring(hooked, "discourse", PostRecord(**{**fields(record), "parent_id": "gone"}))
    edit = a_post(raw="Anew", version=2, updated_at="2026-02-28T11:00:00.000Z")
    assert outcome(hooked, "discourse", "post_edited", {"post": edit}) == "updated"
    found = stored(hooked, "forum.example.org")["31"]
    assert (found.text, found.channel, found.parent_external_id) == ("Anew", "Help", "gone")
    with hooked.app.state.services.database.read() as session:
        rows = session.execute(
            select(Reaction.name, Reaction.count).where(Reaction.post_id == found.id)
        )
        assert [tuple(row) for row in rows] == [("like", 3)]


def test_the_life_of_an_issue(hooked: TestClient) -> None:
    assert outcome(hooked, "github", "issues", of_issue("opened")) == "added"
    late = an_issue(updated_at="2026-02-28T10:30:00Z")
    note = of_issue("created", issue=late, comment=a_comment())
    answer = send(hooked, "github", "issue_comment", note)
    assert (answer["outcome"], answer["counts"]["added"]) == ("added", 1)
    found = stored(hooked, "acme/kit")
    assert found["issuecomment-88"].thread == found["issue-4"].thread == "issue-4"
    edit = an_issue(body="Always", updated_at="2026-02-28T11:00:00Z")
    assert outcome(hooked, "github", "issues", of_issue("edited", issue=edit)) == "updated"
    assert (
        stored(hooked, "acme/kit")["issue-4"].edited_at.isoformat() == "2026-02-28T11:00:00+00:00"
    )
    closed = edit | {"state": "closed", "updated_at": "2026-02-28T11:00:01Z"}
    assert outcome(hooked, "github", "issues", of_issue("closed", issue=closed)) == "updated"
    for old in (of_issue("opened"), of_issue("edited", issue=edit)):
        assert outcome(hooked, "github", "issues", old) == "unchanged"
    assert outcome(hooked, "github", "issue_comment", note) == "unchanged"
    found = stored(hooked, "acme/kit")["issue-4"]
    assert (found.text, found.resolved, found.title) == ("Always", True, "It breaks")
    opened = closed | {"state": "open", "updated_at": "2026-02-28T11:00:09Z"}
    assert outcome(hooked, "github", "issues", of_issue("reopened", issue=opened)) == "updated"
    assert stored(hooked, "acme/kit")["issue-4"].resolved is False
    gone = of_issue("deleted", issue=opened, comment=a_comment())
    assert outcome(hooked, "github", "issue_comment", gone) == "deleted"
    assert outcome(hooked, "github", "issue_comment", note) == "unchanged"
    assert stored(hooked, "acme/kit")["issuecomment-88"].text == ""


def test_an_issue_goes_with_its_comments(hooked: TestClient) -> None:
    send(hooked, "github", "issue_comment", of_issue("created", comment=a_comment()))
    answer = send(hooked, "github", "issues", of_issue("deleted"))
    assert answer["counts"]["deleted"] == 2
    assert {post.text for post in stored(hooked, "acme/kit").values()} == {""}


def test_pull_requests_and_discussions(hooked: TestClient) -> None:
    pull = an_issue(
        number=5, merged_at=None, html_url="https://github.com/acme/kit/pull/5", title="Mend it"
    )
    payload = {"action": "opened", "repository": KIT, "pull_request": pull}
    assert outcome(hooked, "github", "pull_request", payload) == "added"
    page = "https://github.com/acme/kit/discussions/6"
    root = an_issue(number=6, html_url=page, category={"name": "Q&A"}, title="How?")
    payload = {"action": "created", "repository": KIT, "discussion": root}
    assert outcome(hooked, "github", "discussion", payload) == "added"
    note = a_comment(id=72, html_url=f"{page}#discussioncomment-72", parent_id=71)
    note.pop("issue_url")
    payload["comment"] = note
    assert outcome(hooked, "github", "discussion_comment", payload) == "added"
    answered = {"answer_html_url": note["html_url"], "updated_at": "2026-02-28T11:00:00Z"}
    payload = {**payload, "action": "answered", "discussion": root | answered, "answer": note}
    assert outcome(hooked, "github", "discussion", payload) == "updated"
    found = stored(hooked, "acme/kit")
    assert set(found) == {"issue-5", "discussion-6", "discussioncomment-72"}
    assert found["issue-5"].channel == "Pull requests"
    assert found["discussion-6"].accepted == "discussioncomment-72"
    assert found["discussioncomment-72"].parent_external_id == "discussioncomment-71"


def test_the_life_of_a_message(hooked: TestClient) -> None:
    id_ = f"C1/{at(0)}"
    assert outcome(hooked, "slack", "", a_message()) == "added"
    assert stored(hooked, "acme")[id_].text == "Hi @U2"
    reply = a_message(ts=at(1), event_ts=at(1), thread_ts=at(0), text="Ho", user="U2")
    assert outcome(hooked, "slack", "", reply) == "added"
    assert stored(hooked, "acme")[f"C1/{at(1)}"].thread == id_
    edit = changed({"text": "Hi all", "edited": {"user": "U1", "ts": at(5)}}, 5)
    assert outcome(hooked, "slack", "", edit) == "updated"
    early = changed({"text": "Hi", "edited": {"user": "U1", "ts": at(3)}}, 3)
    for old in (a_message(), early):
        assert outcome(hooked, "slack", "", old) == "unchanged"
    assert stored(hooked, "acme")[id_].text == "Hi all"
    unfurled = changed({"text": "Hi all", "edited": {"ts": at(5)}, "attachments": []}, 6)
    assert outcome(hooked, "slack", "", unfurled) == "unchanged"
    gone = a_message(subtype="message_deleted", deleted_ts=at(0), ts=at(9), event_ts=at(9))
    assert outcome(hooked, "slack", "", gone) == "deleted"
    for old in (a_message(), edit):
        assert outcome(hooked, "slack", "", old) == "unchanged"
    assert stored(hooked, "acme")[id_].text == ""


def test_a_message_that_a_bot_rewrites_ends_as_it_was_last(hooked: TestClient) -> None:
    send(hooked, "slack", "", a_message(text="..."))
    for second, text in ((1, "one"), (3, "one two three"), (2, "one two")):
        send(hooked, "slack", "", changed({"text": text}, second))
    assert stored(hooked, "acme")[f"C1/{at(0)}"].text == "one two three"


def test_a_message_has_the_names_that_an_import_knows(hooked: TestClient) -> None:
    people = {"U2": slack.Person(name="Bo")}
    row = {"type": "message", "user": "U2", "text": "First", "ts": at(-9)}
    general = slack.Channel("C1", "general")
    record = slack.post(row, general, slack.Workspace(people, site="https://acme.slack.com"), NOW)
    assert isinstance(record, PostRecord)
    bring(hooked, "slack", record, PostRecord("C10/1", "U2", NOW, "x", channel="other", flat=True))
    assert outcome(hooked, "slack", "", a_message(channel_type=None)) == "added"
    found = stored(hooked, "acme")[f"C1/{at(0)}"]
    assert (found.text, found.channel) == ("Hi @Bo", "general")
    edit = changed({"user": "U2", "ts": at(-9), "text": "1st", "edited": {"ts": at(2)}}, 2)
    assert outcome(hooked, "slack", "", edit) == "updated"
    found = stored(hooked, "acme")[f"C1/{at(-9)}"]
    assert (found.text, found.channel) == ("1st", "general")
    assert found.url == record.url
    with hooked.app.state.services.database.read() as session:
        query = select(Identity.name).where(Identity.platform == "acme", Identity.value == "U2")
        assert session.scalar(query) == "Bo"


def test_reactions_under_a_message_stay_when_it_is_edited(hooked: TestClient) -> None:
    id_ = f"C1/{at(0)}"
    reactions = (ReactionRecord("tada", "U2", 1),)
    made = NOW - timedelta(seconds=60)
    bring(
        hooked,
        "slack",
        PostRecord(id_, "U1", made, "Hi", channel="c", flat=True, reactions=reactions),
    )
    edit = changed({"text": "Hi all", "edited": {"ts": at(5)}}, 5)
    assert outcome(hooked, "slack", "", edit) == "updated"
    with hooked.app.state.services.database.read() as session:
        post = stored(hooked, "acme")[id_].id
        assert session.scalars(select(Reaction.author).where(Reaction.post_id == post)).all() == [
            "U2"
        ]
