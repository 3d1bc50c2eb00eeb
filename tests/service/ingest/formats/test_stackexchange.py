from datetime import UTC, datetime
from typing import Any

import pytest

from service.ingest.fields import BadRecord
from service.ingest.formats.stackexchange import (
    Person,
    Site,
    answer,
    comment,
    person,
    post,
    question,
)
from service.ingest.records import ReactionRecord

NOW = datetime(2025, 1, 1, tzinfo=UTC)
SITE = Site("tea.stackexchange.com", {"7": Person("Ann", "https://ann.example.org")})


def row(**more: str) -> dict[str, str]:
    return {
        "Id": "3",
        "PostTypeId": "1",
        "CreationDate": "2018-03-12T17:12:07.927",
        "Score": "-4",
        "Body": "<p>Why &amp; how?</p>",
        "Title": "Why & how",
        "OwnerUserId": "7",
        **more,
    }


def item(**more: Any) -> dict[str, Any]:
    owner = {
        "user_id": 7,
        "display_name": "Ann &amp; Co",
        "user_type": "moderator",
        "link": "https://tea.stackexchange.com/users/7/ann",
    }
    return {"creation_date": 1_520_874_727, "score": 5, "body": "<p>Hi</p>", "owner": owner, **more}


def test_a_question_of_a_dump() -> None:
    found = post(row(AcceptedAnswerId="4", LastEditDate="2018-03-13T00:00:00"), SITE, NOW)
    assert found is not None
    assert (found.external_id, found.thread_id, found.parent_id) == ("3", "3", None)
    assert (found.thread_title, found.text) == ("Why & how", "Why & how?")
    assert found.created_at == datetime(2018, 3, 12, 17, 12, 7, 927_000, tzinfo=UTC)
    assert found.edited_at == datetime(2018, 3, 13, tzinfo=UTC)
    assert found.reactions == (ReactionRecord("score", "", -4),)
    assert (found.accepted_answer_id, found.resolved) == ("4", True)
    assert (found.author, found.author_name) == ("7", "Ann")
    assert found.author_links == ("https://ann.example.org",)
    assert (found.platform, found.url) == (
        "tea.stackexchange.com",
        "https://tea.stackexchange.com/q/3",
    )


def test_an_answer_of_a_dump() -> None:
    found = post(row(Id="5", PostTypeId="2", ParentId="3", Score="0"), SITE, NOW)
    assert found is not None
    assert (found.external_id, found.thread_id, found.parent_id) == ("5", "3", "3")
    assert (found.reactions, found.resolved) == ((), None)


@pytest.mark.parametrize("kind", ["3", "4", "5", "17"])
def test_wikis_are_no_posts(kind: str) -> None:
    assert post(row(PostTypeId=kind), SITE, NOW) is None


def test_a_comment_belongs_to_the_question_of_its_post() -> None:
    words = {"Id": "9", "PostId": "5", "Text": "a *b* <c>", "CreationDate": "2018-03-12T17:13:00"}
    found = comment({**words, "UserId": "7"}, {5: 3}, SITE, NOW)
    assert (found.external_id, found.thread_id, found.parent_id) == ("c9", "3", "5")
    assert (found.text, found.author) == ("a *b* <c>", "7")
    assert comment({**words, "UserId": "7"}, {}, SITE, NOW).thread_id is None


def test_accounts_that_are_gone_and_the_bot() -> None:
    gone = row(OwnerDisplayName="user306")
    del gone["OwnerUserId"]
    found = question(gone, SITE, NOW)
    assert (found.author, found.author_name, found.is_deleted) == ("~user306", "user306", True)
    del gone["OwnerDisplayName"]
    assert question(gone, SITE, NOW).author == "~"
    assert question(row(OwnerUserId="-1"), SITE, NOW).is_bot
    assert not question(row(), SITE, NOW).is_bot


def test_users() -> None:
    told = {"Id": "7", "DisplayName": "Ann", "WebsiteUrl": "https://ann.example.org"}
    assert person(told) == ("7", Person("Ann", "https://ann.example.org"))
    assert person({"Id": "8", "DisplayName": "Bob", "WebsiteUrl": ""}) == ("8", Person("Bob"))


def test_items_of_the_api() -> None:
    asked = question(
        item(question_id=3, title="Why &amp; how", accepted_answer_id=5, last_edit_date=1520874730),
        SITE,
        NOW,
    )
    assert (asked.external_id, asked.thread_title) == ("3", "Why & how")
    assert (asked.accepted_answer_id, asked.resolved) == ("5", True)
    assert (asked.author, asked.author_name, asked.is_staff) == ("7", "Ann & Co", True)
    assert asked.author_links == ("https://tea.stackexchange.com/users/7/ann",)
    assert asked.created_at == datetime(2018, 3, 12, 17, 12, 7, tzinfo=UTC)
    said = answer(item(answer_id=5, question_id=3, is_accepted=True), SITE, NOW)
    assert (said.external_id, said.thread_id, said.accepted_answer_id) == ("5", "3", "5")
    note = item(comment_id=9, post_id=3, post_type="question", body_markdown="a &lt; b")
    found = comment(note, {}, SITE, NOW)
    assert (found.external_id, found.thread_id, found.parent_id) == ("c9", "3", "3")
    assert found.text == "a < b"
    gone = item(question_id=3, title="x", owner={"user_type": "does_not_exist"})
    assert question(gone, SITE, NOW).is_deleted


def test_a_dump_and_the_api_tell_the_same() -> None:
    dump = question(row(Score="5", CreationDate="2018-03-12T17:12:07"), SITE, NOW)
    api = question(
        item(question_id=3, title="Why &amp; how", body="<p>Why &amp; how?</p>"), SITE, NOW
    )
    assert dump.digest() == api.digest()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Id": "x"}, "`Id` is no number"),
        ({"Id": "9" * 30}, "`Id` is no number"),
        ({"PostTypeId": ""}, "`PostTypeId` is missing"),
        ({"CreationDate": "2218-01-01"}, "lies in 2218"),
        ({"Score": "many"}, "`Score` is text"),
        ({"Score": "9999999999"}, "whole number"),
        ({"PostTypeId": "2"}, "`ParentId` is missing"),
    ],
)
def test_what_cannot_be_used_says_why(change: dict[str, str], reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        post(row(**change), SITE, NOW)
