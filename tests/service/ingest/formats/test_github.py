from datetime import UTC, datetime
from typing import Any

import pytest

from service.ingest.fields import BadRecord
from service.ingest.formats import github_discussions
from service.ingest.formats.github import comment, issue, row, webhook
from service.ingest.records import Deletion, PostRecord, ReactionRecord

NOW = datetime(2025, 1, 1, tzinfo=UTC)
API = "https://api.github.com/repos/acme/kit"
PAGE = "https://github.com/acme/kit"
ANN = {"login": "ann", "type": "User", "html_url": "https://github.com/ann", "id": 1}


def an_issue(**more: Any) -> dict[str, Any]:
    return {
        "number": 4,
        "title": "It breaks",
        "body": "**Often**",
        "state": "open",
        "user": ANN,
        "author_association": "MEMBER",
        "created_at": "2024-06-01T10:00:00Z",
        "updated_at": "2024-06-09T10:00:00Z",
        "html_url": f"{PAGE}/issues/4",
        "repository_url": API,
        "comments": 2,
        "reactions": {"url": "x", "total_count": 4, "+1": 3, "heart": 1, "laugh": 0},
        **more,
    }


def a_comment(**more: Any) -> dict[str, Any]:
    return {
        "id": 88,
        "body": "Same here",
        "user": {"login": "ci[bot]", "type": "Bot"},
        "author_association": "NONE",
        "created_at": "2024-06-02T10:00:00Z",
        "updated_at": "2024-06-02T10:00:00Z",
        "html_url": f"{PAGE}/issues/4#issuecomment-88",
        "issue_url": f"{API}/issues/4",
        **more,
    }


def test_an_issue() -> None:
    found = issue(an_issue(), None, NOW)
    assert (found.external_id, found.thread_id) == ("issue-4", "issue-4")
    assert (found.thread_title, found.text, found.channel) == ("It breaks", "**Often**", "Issues")
    assert (found.source, found.platform) == ("acme/kit", "github")
    assert (found.author, found.is_staff, found.is_bot) == ("ann", True, False)
    assert found.author_links == ("https://github.com/ann",)
    assert found.reactions == (ReactionRecord("+1", "", 3), ReactionRecord("heart", "", 1))
    assert (found.resolved, found.url) == (False, f"{PAGE}/issues/4")
    assert found.edited_at is None
    assert b"comments" not in found.raw


def test_a_pull_request_and_what_is_closed() -> None:
    found = issue(an_issue(pull_request={"url": "x"}, state="closed", body=None), None, NOW)
    assert (found.channel, found.resolved, found.text) == ("Pull requests", True, "")


def test_a_comment() -> None:
    found = comment(a_comment(updated_at="2024-06-03T10:00:00Z"), None, None, NOW)
    assert (found.external_id, found.thread_id) == ("issuecomment-88", "issue-4")
    assert (found.parent_id, found.thread_title, found.source) == (None, None, "acme/kit")
    assert (found.author, found.is_bot, found.is_staff) == ("ci[bot]", True, False)
    assert found.edited_at == datetime(2024, 6, 3, 10, tzinfo=UTC)
    assert found.channel == "Issues"


def test_a_comment_on_code() -> None:
    found = comment(
        a_comment(
            html_url=f"{PAGE}/pull/6#discussion_r88",
            issue_url=None,
            pull_request_url=f"{API}/pulls/6",
            in_reply_to_id=80,
        ),
        None,
        None,
        NOW,
    )
    assert (found.external_id, found.thread_id) == ("reviewcomment-88", "issue-6")
    assert (found.parent_id, found.channel) == ("reviewcomment-80", "Pull requests")


def test_the_ghost() -> None:
    found = issue(an_issue(user=None), None, NOW)
    assert (found.author, found.is_deleted) == ("ghost", True)
    assert issue(an_issue(user={"login": "ghost"}), None, NOW).is_deleted


def test_what_gh_and_graphql_write_is_the_same_post() -> None:
    told = {
        "number": 4,
        "title": "It breaks",
        "body": "**Often**",
        "state": "OPEN",
        "author": {"login": "ann", "is_bot": False, "url": "https://github.com/ann"},
        "authorAssociation": "MEMBER",
        "createdAt": "2024-06-01T10:00:00Z",
        "url": f"{PAGE}/issues/4",
        "reactionGroups": [
            {"content": "THUMBS_UP", "users": {"totalCount": 3}},
            {"content": "HEART", "reactors": {"totalCount": 1}},
            {"content": "NEW_ONE", "users": {"totalCount": 1}},
        ],
    }
    assert issue(told, None, NOW) == issue(an_issue(), None, NOW)
    note = {
        "id": "IC_kw",
        "body": "Same here",
        "author": {"login": "ci", "__typename": "Bot"},
        "createdAt": "2024-06-02T10:00:00Z",
        "url": f"{PAGE}/issues/4#issuecomment-88",
        "isMinimized": True,
        "minimizedReason": "spam",
    }
    found = comment(note, "4", None, NOW)
    assert (found.external_id, found.is_bot) == ("issuecomment-88", True)
    assert "spam" not in found.text
    assert b'"spam"' in found.raw


def test_the_migration_archive() -> None:
    told = {
        "type": "issue_comment",
        "url": f"{PAGE}/issues/4#issuecomment-88",
        "issue": f"{PAGE}/issues/4",
        "user": "https://github.com/ann",
        "body": "Same here",
        "created_at": "2024-06-02T10:00:00Z",
    }
    found = comment(told, None, None, NOW)
    assert (found.external_id, found.thread_id) == ("issuecomment-88", "issue-4")
    assert (found.author, found.source) == ("ann", "acme/kit")


def test_a_row_of_a_table() -> None:
    told = {
        "project_name": "acme/kit",
        "issue_id": "100",
        "comment_id": "100",
        "comment_body": "It breaks",
        "created_at": "2024-06-01T10:00:00Z",
        "user_id": "7",
    }
    root = row(told, NOW)
    assert (root.external_id, root.thread_id, root.source) == ("issue-100", "issue-100", "acme/kit")
    found = row({**told, "comment_id": "101"}, NOW)
    assert (found.external_id, found.thread_id) == ("issuecomment-101", "issue-100")


def test_webhooks() -> None:
    home = {"full_name": "acme/kit", "private": True}
    root, note = webhook(
        {"action": "created", "issue": an_issue(), "comment": a_comment(), "repository": home}, NOW
    )
    assert isinstance(root, PostRecord)
    assert isinstance(note, PostRecord)
    assert (root.external_id, note.external_id) == ("issue-4", "issuecomment-88")
    assert {root.visibility, note.visibility} == {"private"}
    gone = {"action": "deleted", "issue": an_issue(), "repository": home}
    assert webhook(gone, NOW) == [Deletion("issue-4", "acme/kit")]
    gone["comment"] = a_comment()
    assert webhook(gone, NOW)[-1] == Deletion("issuecomment-88", "acme/kit")
    assert webhook({"action": "opened", "repository": home}, NOW) == []
    (pull,) = webhook({"action": "opened", "pull_request": an_issue(merged_at=None)}, NOW)
    assert isinstance(pull, PostRecord)
    assert (pull.channel, pull.visibility) == ("Pull requests", "public")


def a_discussion(**more: Any) -> dict[str, Any]:
    reply = {
        "id": "DC_2",
        "databaseId": 72,
        "body": "Thanks",
        "createdAt": "2024-06-03T10:00:00Z",
        "author": None,
        "replyTo": {"id": "DC_1"},
        "url": f"{PAGE}/discussions/5#discussioncomment-72",
    }
    answer = {
        "id": "DC_1",
        "body": "Turn it off",
        "createdAt": "2024-06-02T10:00:00Z",
        "author": {"login": "bob"},
        "authorAssociation": "COLLABORATOR",
        "isAnswer": True,
        "url": f"{PAGE}/discussions/5#discussioncomment-71",
        "replies": {"nodes": [reply]},
    }
    return {
        "number": 5,
        "title": "How?",
        "body": "I wonder",
        "createdAt": "2024-06-01T10:00:00Z",
        "url": f"{PAGE}/discussions/5",
        "author": {"login": "ann"},
        "category": {"name": "Q&A", "isAnswerable": True},
        "answerChosenAt": "2024-06-02T11:00:00Z",
        "answer": {"id": "DC_1"},
        "comments": {"nodes": [answer, {"id": 1}, 7]},
        **more,
    }


def test_a_discussion_with_its_comments() -> None:
    items = list(github_discussions.walk(a_discussion(), None, NOW))
    root, answer, reply = (item for item in items if isinstance(item, PostRecord))
    assert [str(item) for item in items if isinstance(item, BadRecord)] == [
        "`body` is missing",
        "the comment is a number, and no object",
    ]
    assert (root.external_id, root.channel, root.resolved) == ("discussion-5", "Q&A", True)
    assert (answer.external_id, answer.accepted_answer_id) == (
        "discussioncomment-71",
        "discussioncomment-71",
    )
    assert (answer.parent_id, answer.is_staff, answer.thread_id) == (None, True, "discussion-5")
    assert (reply.external_id, reply.parent_id, reply.author) == (
        "discussioncomment-72",
        "discussioncomment-71",
        "ghost",
    )
    assert {item.source for item in (root, answer, reply)} == {"acme/kit"}


def test_webhooks_of_discussions() -> None:
    root = {
        "number": 5,
        "title": "How?",
        "body": None,
        "created_at": "2024-06-01T10:00:00Z",
        "html_url": f"{PAGE}/discussions/5",
        "user": ANN,
        "category": {"name": "Q&A"},
        "answer_html_url": f"{PAGE}/discussions/5#discussioncomment-71",
        "state": "open",
    }
    note = {
        "id": 72,
        "body": "Thanks",
        "created_at": "2024-06-03T10:00:00Z",
        "user": ANN,
        "parent_id": 71,
        "html_url": f"{PAGE}/discussions/5#discussioncomment-72",
    }
    payload = {"action": "created", "discussion": root, "comment": note}
    first, second = github_discussions.webhook(payload, NOW)
    assert isinstance(first, PostRecord)
    assert isinstance(second, PostRecord)
    assert (first.accepted_answer_id, first.resolved) == ("discussioncomment-71", True)
    assert (second.external_id, second.parent_id) == (
        "discussioncomment-72",
        "discussioncomment-71",
    )
    gone = {**payload, "action": "deleted", "repository": {"full_name": "acme/kit"}}
    assert github_discussions.webhook(gone, NOW)[-1] == Deletion("discussioncomment-72", "acme/kit")
    del gone["comment"]
    assert github_discussions.webhook(gone, NOW) == [Deletion("discussion-5", "acme/kit")]
    assert github_discussions.webhook({"action": "created"}, NOW) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"number": None, "html_url": None}, "`number` is missing"),
        ({"title": " "}, "`title` is missing"),
        ({"body": 3}, "`body` is a number"),
        ({"user": 3}, "`user` is a number"),
        ({"user": {}}, "`login` is missing"),
        ({"created_at": None}, "`created_at` is missing"),
        ({"reactions": {"+1": -1}}, "less than 0"),
        ({"reactionGroups": {}}, "must be a list"),
        ({"state": 1.5}, "`state` is a number"),
    ],
)
def test_what_cannot_be_used_says_why(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        issue(an_issue(**change), None, NOW)
    with pytest.raises(BadRecord, match="names no issue"):
        comment(a_comment(issue_url=None, html_url=None), None, None, NOW)
