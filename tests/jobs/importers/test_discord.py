from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from jobs.importers import discord
from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.records import EventRecord, PostRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
PEOPLE = {"501": "Ann", "502": "Bob", "503": "helper"}


def say(id, author="501", content="hello", **more):
    person = {"id": author, "name": PEOPLE[author], "isBot": author == "503"}
    stamp = f"2024-06-01T00:{int(id) % 60:02}:00+00:00"
    return {
        "id": str(id),
        "type": "Default",
        "timestamp": stamp,
        "content": content,
        "author": person,
    } | more


def document(id, kind, name, messages, category=None, guild="1"):
    channel = {"id": id, "type": kind, "categoryId": "5", "category": category, "name": name}
    return {
        "guild": {"id": guild, "name": "Acme", "iconUrl": "https://x.example"},
        "channel": channel | {"topic": None},
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2024-07-01T00:00:00+00:00",
        "messages": messages,
        "messageCount": len(messages),
    }


def files():
    join = say(100, type="GuildMemberJoin", content="Joined the server.")
    origin = say(102, "502", "it crashes")
    reply = say(
        103, "501", "where?", type="Reply", reference={"messageId": "102", "channelId": "10"}
    )
    starter = say(104, "502", "", type="21", reference={"messageId": "102", "channelId": "10"})
    thread = [starter, say(105, "501", "in a thread"), say(106, "503", "I am a bot")]
    forum = [say(200, "502", "how to?"), say(201, "501", "like so")]
    return {
        "Acme - Support - help [10].json": document(
            "10", "GuildTextChat", "help", [join, say(101), origin, reply], "Support"
        ),
        "Acme - help - It crashes [102].json": document(
            "102", "GuildPublicThread", "It crashes", thread, "help"
        ),
        "Acme - forum - How to [200].json": document(
            "200", "GuildPublicThread", "How to", forum, "forum"
        ),
        "Direct Messages - bob [9].json": document(
            "9", "DirectTextChat", "bob", [say(300, "502", "psst")], guild="0"
        ),
    }


def write(folder, content):
    folder.mkdir(exist_ok=True)
    for name, value in content.items():
        raw = value if isinstance(value, bytes) else orjson.dumps(value, option=orjson.OPT_INDENT_2)
        (folder / name).write_bytes(raw)
    return folder


def sample(folder: Path) -> Path:
    return write(folder / "acme", files())


def read(path):
    return list(discord.read(path, now=NOW, progress=lambda done, total: None))


def test_a_server(tmp_path):
    items = read(sample(tmp_path))
    posts = {item.external_id: item for item in items if isinstance(item, PostRecord)}
    assert {key: post.thread_id for key, post in posts.items()} == {
        "101": None,
        "102": "102",
        "103": None,
        "105": "102",
        "106": "102",
        "200": "200",
        "201": "200",
        "300": None,
    }
    assert posts["103"].parent_id == "102"
    assert posts["102"].thread_title == posts["105"].thread_title == "It crashes"
    assert {posts[key].channel for key in ("101", "102", "105")} == {"help"}
    assert posts["201"].channel == "forum"
    assert posts["106"].is_bot
    assert {key for key, post in posts.items() if post.visibility != "public"} == {"300"}
    assert posts["300"].url == "https://discord.com/channels/@me/9/300"
    assert [item for item in items if not isinstance(item, PostRecord)] == [
        EventRecord("joined/501", "joined", datetime(2024, 6, 1, 0, 40, tzinfo=UTC), "501")
    ]


def test_a_starter_that_is_exported_twice_is_the_same_post_twice(tmp_path):
    content = files()
    thread = content["Acme - help - It crashes [102].json"]
    thread["messages"][0] = content["Acme - Support - help [10].json"]["messages"][2]
    items = read(write(tmp_path / "acme", content))
    first, second = (item for item in items if getattr(item, "external_id", "") == "102")
    assert first == second


def test_one_file_alone(tmp_path):
    name = "Acme - help - It crashes [102].json"
    items = read(write(tmp_path, {name: files()[name]}) / name)
    assert [item.external_id for item in items] == ["105", "106"]


def test_bad_files_and_messages_are_refused_one_by_one(tmp_path):
    help_ = document("10", "GuildTextChat", "help", [say(101), 7, say(102) | {"id": None}])
    content = {
        "a.json": help_,
        "b.json": orjson.dumps(help_)[:-40],
        "c.json": {"guild": {"id": "1"}, "channel": {"id": "11"}, "messages": {}},
        "d.json": {"something": "else"},
    }
    items = read(write(tmp_path / "acme", content))
    assert [(item.place, item.reason) for item in items if isinstance(item, Reject)] == [
        ("a.json, message 2", "the message is no JSON object"),
        ("a.json, message 3", "`id` is missing or empty"),
        ("b.json", f"no valid JSON at character {len(content['b.json']) + 1}: fetch it again"),
        ("c.json", "`messages` is no list: export the channel again"),
        ("d.json", "the file is no channel of DiscordChatExporter"),
    ]
    assert sum(isinstance(item, PostRecord) for item in items) == 1


def test_what_is_no_export(tmp_path):
    other = write(tmp_path / "other", {"a.json": {"no": "channel"}})
    with pytest.raises(BadArchive, match="holds no channel"):
        read(other)
    with open_bundle(other) as bundle:
        assert not discord.fits(bundle)
    with open_bundle(sample(tmp_path)) as bundle:
        assert discord.fits(bundle)
