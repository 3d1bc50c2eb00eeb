from datetime import UTC, datetime

import pytest

from service.ingest.fields import BadRecord
from service.ingest.formats import discord
from service.ingest.formats.discord import Guild, Room
from service.ingest.records import EventRecord, PostRecord, ReactionRecord

NOW = datetime(2025, 1, 1, tzinfo=UTC)
HELP = Room("10", "help", "Support")
THREAD = Room("20", "It crashes", "help", is_thread=True)
GUILD = Guild("1", {"10": "help"}, {"20": THREAD})
ANN = {"id": "501", "name": "ann", "nickname": "Ann", "isBot": False}


def exported(id="30", content="hello", **more):
    stamp = "2024-06-01T02:00:00.123+02:00"
    return {
        "id": id,
        "type": "Default",
        "timestamp": stamp,
        "content": content,
        "author": ANN,
    } | more


def live(id="30", content="hello", **more):
    author = {"id": "501", "username": "ann", "global_name": "Ann", "bot": False}
    stamp = "2024-06-01T00:00:00.123000+00:00"
    return {"id": id, "type": 0, "timestamp": stamp, "content": content, "author": author} | more


def post(row, room=HELP, guild=GUILD):
    found = discord.post(row, room, guild, NOW, "here")
    assert isinstance(found, PostRecord)
    return found


def test_an_export_and_the_api_give_the_same_post():
    reply = {"messageId": "29", "channelId": "10", "guildId": "1", "type": "Default"}
    answer = {"message_id": "29", "channel_id": "10", "guild_id": "1", "type": 0}
    found = post(exported(type="Reply", reference=reply, timestampEdited="2024-06-01T01:00:00Z"))
    assert found == post(
        live(type=19, message_reference=answer, edited_timestamp="2024-06-01T01:00:00Z")
    )
    assert (found.external_id, found.thread_id, found.parent_id, found.flat) == (
        "30",
        None,
        "29",
        True,
    )
    assert (found.author, found.author_name, found.channel) == ("501", "Ann", "help")
    assert found.created_at == datetime(2024, 6, 1, 0, 0, 0, 123_000, UTC)
    assert found.edited_at == datetime(2024, 6, 1, 1, tzinfo=UTC)
    assert found.url == "https://discord.com/channels/1/10/30"


def test_older_files_without_fields():
    row = {
        "id": "30",
        "timestamp": "2019-03-11T14:58:47-08:00",
        "content": "x",
        "author": {"id": "5"},
    }
    found = post(row | {"reference": {"messageId": "29"}})
    assert (found.author_name, found.parent_id, found.is_bot) == (None, "29", False)


def test_pointers_elsewhere_are_no_parents():
    for pointer in (
        {"messageId": "29", "channelId": "99"},
        {"messageId": "29", "channelId": "10", "type": "Forward"},
        {"channelId": "10"},
    ):
        assert post(exported(reference=pointer)).parent_id is None
    forwarded = exported(content="", forwardedMessage={"content": "one\ntwo"})
    assert post(forwarded).text == "> one\n> two"


def test_threads_hold_their_messages_and_the_one_they_started_from():
    inside = post(exported(id="31", reference={"messageId": "30", "channelId": "20"}), THREAD)
    assert (inside.thread_id, inside.thread_title, inside.channel) == ("20", "It crashes", "help")
    assert (inside.flat, inside.parent_id) == (False, "30")
    origin = exported(id="20", type="Reply", reference={"messageId": "7", "channelId": "10"})
    started = post(origin)
    assert (started.thread_id, started.parent_id, started.flat) == ("20", None, False)
    assert started == post(origin, THREAD)
    told = post(live(id="20", thread={"id": "20", "name": "It crashes"}), guild=Guild("1"))
    assert (told.thread_id, told.thread_title, told.channel) == ("20", "It crashes", "help")


def test_a_starter_is_only_a_pointer():
    pointer = {"messageId": "20", "channelId": "10", "guildId": "1"}
    for kind in ("21", "ThreadStarterMessage", 21):
        row = exported(id="21", content="", type=kind, reference=pointer)
        assert discord.post(row, THREAD, GUILD, NOW) is None
        assert discord.starts(row) == "20"
    row = live(
        id="21", content="", type=21, message_reference={"message_id": "20", "channel_id": "10"}
    )
    found = post(row | {"referenced_message": live(id="20", content="it crashes")}, THREAD)
    assert (found.external_id, found.text, found.thread_id) == ("20", "it crashes", "20")
    assert discord.starts(exported()) is None


def test_rooms():
    exported = {"id": "20", "type": "GuildPrivateThread", "categoryId": "10", "category": "help"}
    found = discord.room(exported | {"name": "It crashes"})
    assert found == Room("20", "It crashes", "help", True, "private")
    assert discord.room({"id": "20", "type": 11, "parent_id": "10", "name": "a"}, GUILD) == Room(
        "20", "a", "help", True
    )
    assert discord.room({"id": "9", "type": "DirectTextChat"}).visibility == "direct"
    assert discord.room({"id": "9", "type": 3, "name": None}).visibility == "direct"
    assert discord.room({"id": "9", "name": "x"}, Guild("0")).visibility == "direct"


def test_markup_mentions_and_emoji():
    mentions = [{"id": "502", "username": "bob", "global_name": "Bob"}]
    said = "<@502> <@!503> in <#10>: <a:wave:123> at <t:1717200000:R> <b>"
    found = post(live(content=said, mentions=mentions))
    assert found.text == "@Bob @503 in #help: :wave: at 2024-06-01 00:00 UTC <b>"


def test_reactions_with_and_without_people():
    thumb = {"emoji": {"id": "", "name": "👍🏽", "code": "thumbsup"}, "count": 2}
    assert post(exported(reactions=[thumb | {"users": [{"id": "501"}]}])).reactions == (
        ReactionRecord("👍", "", 1),
        ReactionRecord("👍", "501", 1),
    )
    assert post(live(reactions=[thumb])).reactions == (ReactionRecord("👍", "", 2),)


def test_bots_webhooks_and_deleted_users():
    assert post(exported(author=ANN | {"isBot": True})).is_bot
    assert post(live(webhook_id="77")).is_bot
    assert post(exported(author={"id": "9", "name": "Deleted User 0a1b2c3d"})).is_deleted
    assert post(exported(author={"id": "456226577798135808", "name": "x"})).is_deleted
    embed = {"title": "Build", "description": "green"}
    assert post(exported(content="", embeds=[embed])).text == "**Build**\n\ngreen"
    assert post(exported(content="", attachments=[{"fileName": "a.png"}])).text == "`a.png`"


def test_what_is_no_post_and_who_joined():
    for kind in ("ThreadCreated", "ChannelPinnedMessage", "GuildMemberJoin", 6, 18, "8"):
        assert discord.post(exported(type=kind), HELP, GUILD, NOW) is None
    at = datetime(2024, 6, 1, 0, 0, 0, 123_000, UTC)
    event = EventRecord("joined/501", "joined", at, "501")
    assert discord.joined(exported(type="GuildMemberJoin"), NOW) == event
    assert discord.joined(live(type=7), NOW) == event
    assert discord.joined(live(), NOW) is None


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"id": None}, "`id` is missing or empty"),
        ({"author": []}, "`author` is a list; it must be an object"),
        ({"author": {}}, "`author` is missing or empty"),
        ({"content": None}, "`content` is missing"),
        ({"timestamp": "yesterday"}, "`timestamp` is no time"),
        ({"reactions": [{"count": 1}]}, "`name` is missing or empty"),
        ({"type": {}}, "`type` is an object; it must be text"),
    ],
)
def test_bad_messages_say_why(more, reason):
    with pytest.raises(BadRecord, match=reason):
        discord.post(exported() | more, HELP, GUILD, NOW)
