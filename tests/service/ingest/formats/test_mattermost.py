from datetime import UTC, datetime

import pytest

from service.ingest.fields import BadRecord
from service.ingest.formats import mattermost
from service.ingest.formats.chat import Person
from service.ingest.formats.mattermost import Channel, Server
from service.ingest.records import Deletion, EventRecord, PostRecord, ReactionRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
SERVER = Server({"u1": Person("Ann")}, {"c1": Channel("c1", "Help", "public")})


def message(id="p1", **more):
    row = {"id": id, "create_at": 1717200000250, "update_at": 1717200000250, "edit_at": 0}
    row |= {"delete_at": 0, "user_id": "u1", "channel_id": "c1", "root_id": "", "parent_id": ""}
    return row | {"message": "hello", "type": "", "props": {}} | more


def post(**more):
    found = mattermost.post(message(**more), SERVER, NOW, "here")
    assert isinstance(found, PostRecord)
    return found


def test_posts_and_replies():
    found = post(edit_at=1717200060000)
    assert (found.external_id, found.thread_id, found.flat) == ("p1", None, True)
    assert (found.author, found.author_name, found.channel) == ("u1", "Ann", "Help")
    assert found.created_at == datetime(2024, 6, 1, 0, 0, 0, 250_000, UTC)
    assert found.edited_at == datetime(2024, 6, 1, 0, 1, tzinfo=UTC)
    reply = post(id="p2", root_id="p1", parent_id="p1")
    assert (reply.thread_id, reply.parent_id, reply.flat) == ("p1", None, False)
    assert post(reply_count=2).thread_id == "p1"
    root = mattermost.post(message(), SERVER, NOW, "", {"p1"})
    assert isinstance(root, PostRecord)
    assert (root.thread_id, root.flat) == ("p1", False)
    assert (mattermost.root_of(message(root_id="p0")), mattermost.root_of(3)) == ("p0", None)


def test_what_is_no_post():
    assert mattermost.post(message(delete_at=1717200060000), SERVER, NOW) == Deletion("p1")
    assert mattermost.post(message(type="system_join_channel"), SERVER, NOW) is None


def test_bots_and_webhooks_are_not_their_makers():
    hook = post(props={"from_webhook": "true", "override_username": "ci"})
    assert (hook.author, hook.author_name, hook.is_bot) == ("u1/webhook", "ci", True)
    assert post(user_id="u9", props={"from_bot": "true"}).is_bot
    said = post(message="", props={"attachments": [{"title": "Build", "text": "green"}]})
    assert said.text == "Build\n\ngreen"


def test_reactions_and_gathered_posts():
    rows = [{"user_id": "u1", "emoji_name": "+1"}, {"user_id": "u2", "emoji_name": "+1"}]
    assert post(metadata={"reactions": rows}).reactions == (
        ReactionRecord("+1", "u1"),
        ReactionRecord("+1", "u2"),
    )
    told = post(
        channel_data={"id": "c5", "display_name": "Five", "type": "P"},
        user_data={"id": "u1", "username": "ann", "roles": "system_admin system_user"},
    )
    assert (told.channel, told.visibility, told.author_name) == ("Five", "private", "ann")
    assert told.is_staff


@pytest.mark.parametrize(
    ("kind", "told"),
    [("O", "public"), ("P", "private"), ("D", "direct"), ("G", "direct"), ("?", "private")],
)
def test_channels(kind, told):
    found = mattermost.channel({"id": "c1", "name": "a", "display_name": "", "type": kind})
    assert found == Channel("c1", "a", told)


def test_a_channel_that_is_not_known_is_private_where_others_are():
    assert post(channel_id="c9").visibility == "private"
    found = mattermost.post(message(), Server(), NOW)
    assert isinstance(found, PostRecord)
    assert (found.visibility, found.author_name) == ("public", None)


def test_people():
    row = {"id": "u1", "username": "ann", "email": "Ann@x.example", "create_at": 1717200000000}
    key, ann = mattermost.person(
        row | {"first_name": "Ann", "last_name": "Ott", "delete_at": 0}, NOW
    )
    assert (key, ann.name, ann.email, ann.is_deleted) == ("u1", "Ann Ott", "ann@x.example", False)
    assert mattermost.person(row | {"delete_at": 1717200000001}, NOW)[1].is_deleted
    assert mattermost.joined("u1", ann) == EventRecord(
        "joined/u1", "joined", datetime(2024, 6, 1, tzinfo=UTC), "u1"
    )


def test_the_bulk_export_has_replies_inside_their_posts():
    row = {
        "team": "t",
        "channel": "help",
        "user": "ann",
        "message": "how?",
        "create_at": 1717200000000,
    }
    reply = {"user": "bob", "message": "so", "create_at": 1717200001000}
    row["reactions"] = [{"user": "bob", "emoji_name": "+1", "create_at": 1717200000500}]
    server = Server({}, {"t/help": Channel("t/help", "Help", "public")})
    first, second, bad = mattermost.bulk(row | {"replies": [reply, {}]}, server, NOW, "line 4")
    assert isinstance(first, PostRecord)
    assert isinstance(second, PostRecord)
    assert first.external_id == first.thread_id == second.thread_id == "t/help/1717200000000/ann"
    assert (second.external_id, second.place) == ("t/help/1717200001000/bob", "line 4, reply 1")
    assert first.reactions == (ReactionRecord("+1", "bob"),)
    assert bad == Reject("line 4, reply 2", "`user` is missing or empty", "{}")
    direct = {"channel_members": ["bob", "ann"]} | row
    [told] = mattermost.bulk(direct, server, NOW, "line 5")
    assert isinstance(told, PostRecord)
    assert (told.visibility, told.flat) == ("direct", True)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (1, "the message is no JSON object"),
        (message(id=None), "`id` is missing or empty"),
        (message(user_id=""), "`user_id` is missing or empty"),
        (message(message=None), "`message` is missing"),
        (message(create_at="x"), "`create_at` is no time"),
        (message(props=[]), "`props` is a list; it must be an object"),
        (message(metadata={"reactions": {}}), "`reactions` is an object; it must be a list"),
    ],
)
def test_bad_posts_say_why(row, reason):
    with pytest.raises(BadRecord, match=reason):
        mattermost.post(row, SERVER, NOW)
