from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from jobs.importers import mattermost
from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.records import Deletion, EventRecord, PostRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
AT = 1717200000000
JOINED = 1704067200000
USERS = [
    {"id": "u1", "username": "ann", "email": "ann@x.example", "create_at": JOINED},
    {"id": "u2", "username": "bob", "roles": "system_admin"},
    {"id": "u3", "username": "ci", "is_bot": True},
    {"id": "u4", "username": "silent", "create_at": JOINED},
]
CHANNELS = [
    {"id": "c1", "name": "help", "display_name": "Help", "type": "O", "team_id": "t"},
    {"id": "c2", "name": "staff", "display_name": "Staff", "type": "P", "team_id": "t"},
]


def say(id, user="u1", channel="c1", **more):
    row = {"id": id, "create_at": AT, "edit_at": 0, "delete_at": 0, "user_id": user}
    return row | {"channel_id": channel, "root_id": "", "message": id, "type": ""} | more


def page(*rows):
    return {"order": [row["id"] for row in rows], "posts": {row["id"]: row for row in rows}}


def files():
    help_ = page(
        say("p4", "u3"),
        say("p3", "u2", root_id="p1"),
        say("p2", "u9"),
        say("p1"),
        say("p0", type="system_join_channel"),
        say("px", delete_at=AT + 1),
    )
    return {
        "users.json": USERS,
        "channels.json": CHANNELS,
        "posts/help.json": help_,
        "posts/staff.json": page(say("s2", "u2", "c2", root_id="s1"), say("s1", "u4", "c2")),
    }


def write(folder, content):
    for name, value in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value if isinstance(value, bytes) else orjson.dumps(value))
    return folder


def sample(folder: Path) -> Path:
    return write(folder / "mattermost", files())


def read(path):
    return list(mattermost.read(path, now=NOW, progress=lambda done, total: None))


def test_pages_of_the_api(tmp_path):
    items = read(sample(tmp_path))
    posts = {item.external_id: item for item in items if isinstance(item, PostRecord)}
    assert {key: (post.thread_id, post.visibility) for key, post in posts.items()} == {
        "p1": ("p1", "public"),
        "p2": (None, "public"),
        "p3": ("p1", "public"),
        "p4": (None, "public"),
        "s1": ("s1", "private"),
        "s2": ("s1", "private"),
    }
    assert (posts["p1"].author_name, posts["p1"].author_email) == ("ann", "ann@x.example")
    assert (posts["p3"].is_staff, posts["p4"].is_bot, posts["p2"].author_name) == (True, True, None)
    assert [item for item in items if not isinstance(item, PostRecord)] == [
        Deletion("px"),
        EventRecord("joined/u1", "joined", datetime(2024, 1, 1, tzinfo=UTC), "u1"),
    ]


def test_a_bulk_export(tmp_path):
    post = {"team": "t", "channel": "help", "user": "ann", "message": "how?", "create_at": AT}
    reply = {"user": "ci", "message": "so", "create_at": AT + 1}
    lines = [
        {"type": "version", "version": 1},
        {"type": "channel", "channel": {"team": "t", "name": "help", "type": "O"}},
        {"type": "channel", "channel": {"team": "t", "name": "staff", "type": "P"}},
        {"type": "user", "user": {"username": "ann", "nickname": "Ann"}},
        {"type": "bot", "bot": {"username": "ci", "display_name": "CI"}},
        {"type": "post", "post": post | {"replies": [reply]}},
        {"type": "post", "post": post | {"channel": "staff"}},
        {"type": "direct_post", "direct_post": post | {"channel_members": ["ann", "bob"]}},
        {"type": "post", "post": 7},
    ]
    raw = b"\n".join(orjson.dumps(line) for line in lines) + b'\n{"type": "po'
    items = read(write(tmp_path, {"import.jsonl": raw}) / "import.jsonl")
    posts = [item for item in items if isinstance(item, PostRecord)]
    assert [(post.author_name, post.visibility, post.is_bot) for post in posts] == [
        ("Ann", "public", False),
        ("CI", "public", True),
        ("Ann", "private", False),
        ("Ann", "direct", False),
    ]
    assert posts[0].thread_id == posts[1].thread_id == posts[0].external_id
    assert [(item.place, item.reason) for item in items if isinstance(item, Reject)] == [
        ("import.jsonl, line 9", "the post is no JSON object"),
        ("import.jsonl, line 10", "no valid JSON at character 10: fetch it again"),
    ]


def test_lines_of_perceval(tmp_path):
    data = say(
        "p1", user_data={"username": "ann"}, channel_data={"id": "c1", "name": "a", "type": "O"}
    )
    line = orjson.dumps({"backend_name": "Mattermost", "data": data}) + b"\n"
    [found] = read(write(tmp_path, {"posts.json": line}) / "posts.json")
    assert (found.external_id, found.author_name, found.channel) == ("p1", "ann", "a")


def test_bad_files_and_posts_are_refused_one_by_one(tmp_path):
    content = files() | {
        "users.json": [*USERS, {"username": None}],
        "posts/help.json": {
            "order": [],
            "posts": {"a": say("p1"), "b": 3, "c": say("p2", user="")},
        },
        "posts/more.json": b'{"order": [], "posts": {"a": ',
        "posts/none.json": {"order": [], "posts": []},
    }
    items = read(write(tmp_path / "mattermost", content))
    assert [(item.place, item.reason) for item in items if isinstance(item, Reject)] == [
        ("users.json, record 5", "`id` is missing or empty"),
        ("posts/help.json, post 2", "the message is no JSON object"),
        ("posts/help.json, post 3", "`user_id` is missing or empty"),
        ("posts/more.json", "no valid JSON at character 30: fetch it again"),
        ("posts/none.json", "the list of posts is no JSON object"),
    ]
    assert sum(isinstance(item, PostRecord) for item in items) == 3


def test_what_is_no_export(tmp_path):
    other = write(tmp_path / "other", {"users.json": USERS})
    with pytest.raises(BadArchive, match="holds no posts of Mattermost"):
        read(other)
    with open_bundle(other) as bundle:
        assert not mattermost.fits(bundle)
    with open_bundle(sample(tmp_path)) as bundle:
        assert mattermost.fits(bundle)
