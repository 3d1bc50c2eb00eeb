from datetime import UTC, datetime

import pytest

from service.ingest.fields import BadRecord
from service.ingest.formats import zulip
from service.ingest.formats.chat import Person
from service.ingest.formats.zulip import Realm, Recipient, Stream
from service.ingest.records import Deletion, EventRecord, PostRecord, ReactionRecord

NOW = datetime(2025, 1, 1, tzinfo=UTC)
REALM = Realm(
    people={"8": Person("Ann", "ann@x.example")},
    streams={"7": Stream("7", "help"), "9": Stream("9", "staff", "private")},
    recipients={
        "70": Recipient(2, "7"),
        "80": Recipient(1, "11"),
        "90": Recipient(3, "3"),
        "99": Recipient(2, "404"),
    },
    groups={"90": {"8", "11", "12"}},
)


def exported(**more):
    row = {"id": 1, "sender": 8, "recipient": 70, "subject": "How", "content": "**hello**"}
    return row | {"date_sent": 1717200000.25, "rendered_content": "<p>hello</p>"} | more


def live(**more):
    row = {"id": 1, "sender_id": 8, "sender_full_name": "Ann", "sender_email": "ann@x.example"}
    row |= {"type": "stream", "stream_id": 7, "display_recipient": "help", "subject": "How"}
    return (
        row
        | {"content": "**hello**", "content_type": "text/x-markdown", "timestamp": 1717200000.25}
        | more
    )


def test_an_export_and_the_api_give_the_same_post():
    found = zulip.post(exported(last_edit_time=1717200060.0), REALM, NOW, "here")
    assert found == zulip.post(live(last_edit_timestamp=1717200060), REALM, NOW, "here")
    assert (found.external_id, found.thread_id, found.thread_title) == ("1", "7/How", "How")
    assert (found.author, found.author_name, found.author_email) == ("8", "Ann", "ann@x.example")
    assert (found.text, found.channel, found.resolved) == ("**hello**", "help", False)
    assert found.created_at == datetime(2024, 6, 1, 0, 0, 0, 250_000, UTC)
    assert found.edited_at == datetime(2024, 6, 1, 0, 1, tzinfo=UTC)


def test_rendered_messages_become_markdown_and_strangers_are_named():
    row = live(sender_id=20, sender_full_name="Zoe", sender_email="user20@z.example")
    row |= {"content": "<p>Use <code>simp</code>.</p>", "content_type": "text/html"}
    found = zulip.post(row, REALM, NOW)
    assert (found.text, found.author_name, found.author_email) == ("Use `simp`.", "Zoe", None)
    bot = zulip.post(live(sender_id=21, sender_email="rss-bot@z.example"), REALM, NOW)
    assert (bot.is_bot, bot.author_email) == (True, None)


def test_old_exports_and_resolved_topics():
    row = exported(subject="✔ How", pub_date=1717200000)
    del row["date_sent"]
    found = zulip.post(row, REALM, NOW)
    assert (found.thread_id, found.thread_title, found.resolved) == ("7/How", "How", True)
    assert found.created_at == datetime(2024, 6, 1, tzinfo=UTC)


def test_direct_messages_of_both_sides_are_one_thread():
    there = zulip.post(exported(recipient=80), REALM, NOW)
    people = [{"id": 11, "email": "b@x.example"}, {"id": 8, "email": "ann@x.example"}]
    back = zulip.post(live(sender_id=11, stream_id=None, display_recipient=people), REALM, NOW)
    assert there.thread_id == back.thread_id == "direct/11,8"
    group = zulip.post(exported(recipient=90), REALM, NOW)
    assert group.thread_id == "direct/11,12,8"
    assert {post.visibility for post in (there, back, group)} == {"direct"}
    assert there.channel is None


def test_channels_that_are_closed_or_not_known_are_private():
    assert zulip.post(live(stream_id=9), REALM, NOW).visibility == "private"
    assert zulip.post(live(stream_id=404), REALM, NOW).visibility == "private"
    unknown = zulip.post(exported(recipient=99), REALM, NOW)
    assert (unknown.visibility, unknown.channel, unknown.thread_id) == ("private", None, "404/How")


@pytest.mark.parametrize(
    "content",
    [
        "@_**Ann|8** [said](https://z.example/#narrow/stream/7-help/topic/How/near/5):\n```quote\nx\n```",
        "@_**Ann|8** [sagte](https://z.example/#narrow/channel/7-help/topic/How/near/5):",
    ],
)
def test_quotes_are_replies(content):
    assert zulip.post(exported(content=content), REALM, NOW).parent_id == "5"


def test_reactions_of_tables_and_of_messages():
    key, table = zulip.reaction({"user_profile": 8, "message": 1, "emoji_name": "tada"})
    assert key == "1"
    rows = [{"emoji_name": "+1", "user_id": 8}, {"emoji_name": "+1", "user": {"id": 11}}]
    found = zulip.post(live(reactions=rows), REALM, NOW, "", [table])
    assert found.reactions == (
        ReactionRecord("+1", "11"),
        ReactionRecord("+1", "8"),
        ReactionRecord("tada", "8"),
    )


def test_people():
    row = {
        "id": 8,
        "full_name": "Ann",
        "email": "user8@z.example",
        "delivery_email": "Ann@x.example",
    }
    ann = zulip.person(row | {"role": 200, "is_active": True, "date_joined": 1717200000.0}, NOW)
    assert (ann.name, ann.email, ann.is_staff, ann.is_deleted) == (
        "Ann",
        "ann@x.example",
        True,
        False,
    )
    assert zulip.joined("8", ann) == EventRecord(
        "joined/8", "joined", datetime(2024, 6, 1, tzinfo=UTC), "8"
    )
    assert zulip.person(row | {"delivery_email": None}, NOW).email is None
    assert zulip.person(row | {"is_active": False}, NOW).is_deleted
    assert not zulip.person(row | {"is_active": False}, NOW, dummy=True).is_deleted
    assert zulip.person({"full_name": "Deleted user 4"}, NOW, dummy=True).is_deleted
    assert zulip.person({"email": "notification-bot@z.example"}, NOW, system=True).is_bot


def test_events():
    assert zulip.event({"type": "message", "message": live()}, REALM, NOW) == [
        zulip.post(live(), REALM, NOW)
    ]
    gone = {"type": "delete_message", "message_ids": [1, 2], "message_id": 1}
    assert zulip.event(gone, REALM, NOW) == [Deletion("1"), Deletion("2")]
    assert zulip.event({"type": "heartbeat"}, REALM, NOW) == []
    assert zulip.stale({"type": "update_message", "message_id": 3, "message_ids": [3, 4]}) == [
        "3",
        "4",
    ]
    assert zulip.stale({"type": "reaction", "message_id": 5}) == ["5"]
    assert zulip.stale(gone) == []


def test_a_site_gives_addresses():
    found = zulip.post(live(), Realm(streams=REALM.streams, site="https://z.example/"), NOW)
    assert isinstance(found, PostRecord)
    assert found.url == "https://z.example/#narrow/channel/7/near/1"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([], "the message is no JSON object"),
        (exported(sender=None), "`sender_id` is missing or empty"),
        (exported(recipient=5), "`recipient` is none of realm.json"),
        (exported(content=None), "`content` is missing"),
        (exported(date_sent=float("nan")), "`date_sent` is no time"),
        (exported(subject="\ud800"), "`subject` holds characters that are no valid Unicode"),
        (live(reactions=[{"user_id": 1}]), "`emoji_name` is missing or empty"),
        (
            live(stream_id=None, display_recipient=[1]),
            "an entry of `display_recipient` is a number",
        ),
    ],
)
def test_bad_messages_say_why(row, reason):
    with pytest.raises(BadRecord, match=reason):
        zulip.post(row, REALM, NOW)
