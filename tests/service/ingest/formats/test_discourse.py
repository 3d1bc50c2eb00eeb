from datetime import UTC, datetime
from typing import Any

import pytest

from service.ingest.fields import BadRecord
from service.ingest.formats.discourse import (
    Category,
    Site,
    Topic,
    categories,
    post,
    topic,
    unquoted,
    webhook,
)
from service.ingest.records import Deletion, PostRecord, ReactionRecord

NOW = datetime(2025, 1, 1, tzinfo=UTC)
SITE = Site("forum.example.org", {"4": Category("Help"), "9": Category("Crew", restricted=True)})


def row(**more: Any) -> dict[str, Any]:
    return {
        "id": 31,
        "username": "ann",
        "name": "Ann Example",
        "created_at": "2024-06-01T10:00:00.000Z",
        "cooked": "<p>Hello <b>all</b></p>",
        "post_number": 2,
        "post_type": 1,
        "topic_id": 7,
        "user_id": 12,
        **more,
    }


def made(item: dict[str, Any], of: Topic | None = None, **more: Any) -> PostRecord:
    found = post(item, of or Topic("7"), SITE, NOW, **more)
    assert isinstance(found, PostRecord)
    return found


def test_a_post_of_a_topic() -> None:
    of = topic(
        {"id": 7, "title": "A title", "category_id": 4, "accepted_answer": {"post_number": 2}},
        SITE,
    )
    likes = [{"id": 2, "count": 3}, {"id": 3, "count": 9}]
    found = made(row(reply_to_post_number=1, actions_summary=likes), of, numbers={"1": "30"})
    assert found.external_id == "31"
    assert (found.thread_id, found.thread_title, found.channel) == ("7", "A title", "Help")
    assert (found.author, found.author_name) == ("ann", "Ann Example")
    assert found.text == "Hello **all**"
    assert found.created_at == datetime(2024, 6, 1, 10, tzinfo=UTC)
    assert found.parent_id == "30"
    assert found.reactions == (ReactionRecord("like", "", 3),)
    assert (found.accepted_answer_id, found.resolved) == ("31", True)
    assert (found.url, found.platform) == ("https://forum.example.org/t/7/2", "forum.example.org")
    assert found.raw.startswith(b'{"id":31')
    assert found.edited_at is None


def test_markdown_is_preferred_and_its_quotes_are_marked() -> None:
    raw = '[quote="bob, post:1, topic:7"]\nold\n\nwords\n[/quote]\n\nnew'
    assert made(row(raw=raw)).text == "bob said:\n\n> old\n> \n> words\n\n\nnew"
    assert unquoted("no [quote] in a line") == "no [quote] in a line"
    assert unquoted("[quote]\na\n[quote]\nb\n[/quote]\n[/quote]") == "> a\n> > b\n>"


@pytest.mark.parametrize(
    "gone",
    [{"deleted_at": "2024-06-02T10:00:00Z"}, {"hidden": True}, {"user_deleted": True}],
)
def test_what_is_deleted_or_hidden_is_a_deletion(gone: dict[str, Any]) -> None:
    assert post(row(**gone), Topic("7"), SITE, NOW) == Deletion("31")


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_actions_and_whispers_are_no_posts(kind: int) -> None:
    assert post(row(post_type=kind), Topic("7"), SITE, NOW) is None


def test_who_is_a_bot_or_staff_or_gone() -> None:
    assert made(row(username="system", user_id=-1)).is_bot
    assert made(row(username="helper", user_id=-5)).is_bot
    assert not made(row()).is_bot
    assert made(row(moderator=True)).is_staff
    assert made(row(admin=True, staff=True)).is_staff
    assert not made(row()).is_staff
    gone = made(row(username=None, user_id=None, name=None))
    assert (gone.author, gone.is_deleted) == ("~", True)
    assert made(row(username="anon12345678")).is_deleted


def test_who_may_read() -> None:
    assert topic({"id": 1, "category_id": 9}, SITE).visibility == "private"
    assert topic({"id": 1, "archetype": "private_message"}, SITE).visibility == "direct"
    assert topic({"id": 1, "archetype": "banner"}, SITE).visibility == "public"


def test_a_category_that_is_not_listed_is_private_where_the_list_is_complete() -> None:
    whole = Site("forum.example.org", SITE.categories, complete=True)
    empty = Site("forum.example.org", {}, complete=True)
    of = {"id": 1, "category_id": 5}
    assert [topic(of, site).visibility for site in (whole, SITE, empty)] == [
        "private",
        "public",
        "public",
    ]
    assert topic({"id": 1, "category_id": 4}, whole).visibility == "public"
    assert topic({"id": 1}, whole).visibility == "public"
    assert topic({**of, "archetype": "private_message"}, whole).visibility == "direct"


def test_only_edits_by_people_are_edits() -> None:
    stamp = {"updated_at": "2024-06-03T00:00:00Z"}
    assert made(row(version=1, **stamp)).edited_at is None
    assert made(row(version=2, **stamp)).edited_at == datetime(2024, 6, 3, tzinfo=UTC)


def test_a_topic_tells_whether_it_is_solved() -> None:
    assert topic({"id": 1}, SITE).resolved is None
    assert topic({"id": 1, "has_accepted_answer": False}, SITE).resolved is False
    assert topic({"id": 1, "accepted_answer": None}, SITE).resolved is False


def test_categories_at_any_depth() -> None:
    child = {"id": 5, "name": "Child", "read_restricted": True}
    rows = [{"id": 4, "name": "Help", "subcategory_list": [child]}, "odd", {"id": 6}]
    expected = {"4": Category("Help"), "5": Category("Child", restricted=True)}
    assert categories({"category_list": {"categories": rows}}) == expected
    assert categories({"categories": rows}) == expected


def test_webhooks() -> None:
    item = row(
        raw="Hi", topic_title="A title", topic_archetype="private_message", reply_to_post_number=1
    )
    (found,) = webhook({"post": item}, "post_edited", SITE, NOW, numbers={"1": "30"})
    assert isinstance(found, PostRecord)
    assert (found.thread_id, found.thread_title, found.parent_id) == ("7", "A title", "30")
    assert (found.text, found.visibility) == ("Hi", "direct")
    assert webhook({"post": item}, "post_destroyed", SITE, NOW) == [Deletion("31")]
    assert webhook({"topic": {"id": 7}}, "topic_created", SITE, NOW) == []
    with pytest.raises(BadRecord, match="webhook"):
        webhook([], "post_created", SITE, NOW)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "`id` is missing"),
        ({"cooked": 7}, "`raw` is a number|`cooked` is a number"),
        ({"created_at": "soon"}, "`created_at` is no time"),
        ({"username": ["a"]}, "`username` is a list"),
        ({"actions_summary": [1]}, "actions_summary"),
        ({"actions_summary": [{"id": 2, "count": -1}]}, "less than 0"),
        ({"post_type": 1.5}, "whole number"),
        ({"cooked": "a\0"}, "NUL"),
        ({"hidden": "yes"}, "`hidden`"),
    ],
)
def test_what_cannot_be_used_says_why(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        post(row(**change), Topic("7"), SITE, NOW)
