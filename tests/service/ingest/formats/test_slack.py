from datetime import UTC, datetime

import pytest

from service.ingest.fields import BadRecord
from service.ingest.formats import slack
from service.ingest.formats.chat import Person
from service.ingest.formats.slack import Channel, Workspace
from service.ingest.records import Deletion, EventRecord, PostRecord, ReactionRecord

NOW = datetime(2025, 1, 1, tzinfo=UTC)
GENERAL = Channel("C1", "general")
KNOWN = Workspace({"U1": Person("Ann", "ann@x.example")}, {"C1": "general", "C2": "help"})


def message(text="hello", ts="1717200000.000100", user="U1", **more):
    return {"type": "message", "text": text, "ts": ts, "user": user, **more}


def post(**more):
    found = slack.post(message(**more), GENERAL, KNOWN, NOW, "here")
    assert isinstance(found, PostRecord)
    return found


def test_a_message_of_a_channel_is_flat():
    found = post(edited={"user": "U1", "ts": "1717200060.000000"})
    assert (found.external_id, found.thread_id, found.flat) == ("C1/1717200000.000100", None, True)
    assert (found.author, found.author_name, found.channel) == ("U1", "Ann", "general")
    assert (found.author_email, found.verified) == ("ann@x.example", True)
    assert found.created_at == datetime(2024, 6, 1, 0, 0, 0, 100, UTC)
    assert found.edited_at == datetime(2024, 6, 1, 0, 1, tzinfo=UTC)
    assert (found.visibility, found.place) == ("public", "here")
    assert b'"ts":"1717200000.000100"' in found.raw


def test_roots_and_replies_are_one_thread():
    root = post(thread_ts="1717200000.000100")
    reply = post(ts="1717200001.000200", thread_ts="1717200000.000100", parent_user_id="U1")
    assert root.thread_id == reply.thread_id == "C1/1717200000.000100"
    assert (root.flat, reply.flat, reply.parent_id) == (False, False, None)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@U1> see <#C2> and <#C9|old>", "@Ann see #help and #old"),
        ("<@U9> <@U9|bob>", "@U9 @bob"),
        (
            "<https://a.example|here> <https://b.example>",
            "[here](https://a.example) https://b.example",
        ),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<!here> <!subteam^S1|@ops> <!date^1^{date}|Monday>", "@here @ops Monday"),
        ("*strong* and ~gone~ and _it_", "**strong** and ~~gone~~ and _it_"),
        ("2*3*4 ~ a~b", "2*3*4 ~ a~b"),
        ("*see <@U1>*", "**see @Ann**"),
        ("`*a* &lt; <https://a.example|x>`", "`*a* < x`"),
        ("so:```if (a &lt; *b) {}```ok", "so:\n```\nif (a < *b) {}\n```\nok"),
        ("&gt; quoted", "> quoted"),
    ],
)
def test_markup_becomes_markdown(written, read):
    assert post(text=written).text == read


def test_skin_tones_are_cut_off_and_people_counted_once():
    thumbs = [
        {"name": "+1", "users": ["U1", "U2"], "count": 2},
        {"name": "+1::skin-tone-2", "users": ["U2", "U3"], "count": 5},
    ]
    assert post(reactions=thumbs).reactions == (
        ReactionRecord("+1", "", 3),
        ReactionRecord("+1", "U1"),
        ReactionRecord("+1", "U2"),
        ReactionRecord("+1", "U3"),
    )


@pytest.mark.parametrize(
    "more",
    [
        {"subtype": "channel_join"},
        {"subtype": "channel_leave"},
        {"subtype": "channel_name"},
        {"subtype": "pinned_item"},
        {"subtype": "unpinned_item"},
        {"subtype": "huddle_thread"},
        {"user": "U00"},
        {"type": "reaction_added"},
        {"text": "", "files": [{"mimetype": "application/vnd.slack-docs", "mode": "tombstone"}]},
    ],
)
def test_what_is_no_post(more):
    assert slack.post(message() | more, GENERAL, KNOWN, NOW) is None


def test_a_tombstone_is_a_deletion():
    row = message(subtype="tombstone", user="USLACKBOT")
    assert slack.post(row, GENERAL, KNOWN, NOW) == Deletion("C1/1717200000.000100")


def test_bots_and_strangers():
    hook = {
        "type": "message",
        "subtype": "bot_message",
        "bot_id": "B1",
        "username": "CI",
        "text": "x",
    }
    found = slack.post(hook | {"ts": "1717200000.000100"}, GENERAL, KNOWN, NOW)
    assert isinstance(found, PostRecord)
    assert (found.author, found.author_name, found.is_bot) == ("B1", "CI", True)
    app = post(user="U7", bot_id="B2", bot_profile={"name": "Poll"})
    assert (app.author, app.author_name, app.is_bot) == ("U7", "Poll", True)
    assert not post(bot_id="B3").is_bot
    stranger = post(user="U8", user_profile={"real_name": "Zoe", "display_name": ""})
    assert (stranger.author, stranger.author_name, stranger.is_bot) == ("U8", "Zoe", False)


def test_what_stands_in_for_a_text():
    files = [
        {
            "title": "a.png",
            "permalink": "https://s.example/a",
            "url_private": "https://s/?t=xoxe-1",
        },
        {"title": "gone", "mode": "tombstone"},
        {"title": "old", "mode": "hidden_by_limit"},
    ]
    assert post(text="", files=files).text == "[a.png](https://s.example/a)"
    assert post(text="", attachments=[{"fallback": "build failed"}]).text == "build failed"
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "from *blocks*"}}]
    assert post(text="", blocks=blocks).text == "from **blocks**"


def test_people_of_users_json():
    key, ann = slack.person(
        {
            "id": "U1",
            "name": "ann",
            "is_admin": True,
            "deleted": True,
            "profile": {
                "display_name": "",
                "real_name": "Ann Ott",
                "email": "Ann@X.example",
                "fields": {"Xf1": {"value": "https://ann.example"}, "Xf2": {"value": "tea"}},
            },
        }
    )
    assert (key, ann.name, ann.email, ann.links) == (
        "U1",
        "Ann Ott",
        "ann@x.example",
        ("https://ann.example",),
    )
    assert (ann.is_staff, ann.is_deleted, ann.is_bot) == (True, True, False)
    assert slack.person({"id": "USLACKBOT", "name": "slackbot"})[1].is_bot


def test_events_change_and_delete():
    rooms = {"C1": GENERAL}
    edit = {"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "1717200099.0"}
    changed = slack.event(edit | {"message": message(text="new")}, rooms, KNOWN, NOW)
    assert isinstance(changed, PostRecord)
    assert (changed.external_id, changed.text) == ("C1/1717200000.000100", "new")
    gone = {"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "1.2"}
    assert slack.event(gone, rooms, KNOWN, NOW) == Deletion("C1/1.2")
    new = slack.event(message(channel="G5", channel_type="mpim"), rooms, KNOWN, NOW)
    assert isinstance(new, PostRecord)
    assert (new.visibility, new.external_id) == ("direct", "G5/1717200000.000100")
    unknown = slack.event(message(channel="C5"), rooms, KNOWN, NOW)
    assert isinstance(unknown, PostRecord)
    assert unknown.visibility == "private"


def test_joins():
    at = datetime(2024, 6, 1, tzinfo=UTC)
    row = message(subtype="channel_join", ts="1717200000.000000")
    assert slack.joined(row, NOW) == EventRecord("joined/U1", "joined", at, "U1")
    team = {"type": "team_join", "user": {"id": "U1"}, "event_ts": "1717200000.000000"}
    assert slack.joined(team, NOW) == EventRecord("joined/U1", "joined", at, "U1")
    assert slack.joined(message(), NOW) is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x", "the message is no JSON object"),
        ({"type": "message"}, "`ts` is missing or empty"),
        (message(ts=1.5), "`ts` is a number; it must be text"),
        (message(user=None), "`user` is missing or empty"),
        (message(text=3), "`text` is a number; it must be text"),
        (message(reactions=[{"name": "a", "count": -1}]), "`count` must be a whole number"),
        (message(files="x"), None),
        (message(thread_ts="a\0"), "`thread_ts` holds a NUL character"),
    ],
)
def test_bad_messages_say_why(row, reason):
    if reason is None:
        assert slack.post(row, GENERAL, KNOWN, NOW) is not None
        return
    with pytest.raises(BadRecord, match=reason):
        slack.post(row, GENERAL, KNOWN, NOW)
