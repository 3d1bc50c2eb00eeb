import zipfile
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from jobs.importers import slack
from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.records import Deletion, EventRecord, PostRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
USERS = [
    {"id": "U1", "name": "ann", "profile": {"real_name": "Ann", "email": "ann@x.example"}},
    {"id": "U2", "name": "bob", "is_owner": True, "profile": {"display_name": "Bob"}},
    {"id": "U3", "name": "ci", "is_bot": True, "profile": {"real_name": "CI"}},
]
CHANNELS = [{"id": "C1", "name": "general", "is_general": True}, {"id": "C2", "name": "help"}]


def say(at, user, text, **more):
    return {"type": "message", "user": user, "text": text, "ts": f"17172{at:05}.000100", **more}


def files():
    root = {"thread_ts": "1717200002.000100"}
    return {
        "users.json": USERS,
        "channels.json": CHANNELS,
        "groups.json": [{"id": "G1", "name": "staff", "members": ["U2"]}],
        "dms.json": [{"id": "D1", "members": ["U1", "U2"]}],
        "mpims.json": [{"id": "G2", "name": "mpdm-ann--bob--ci-1", "members": []}],
        "integration_logs.json": [],
        "general/2024-06-01.json": [
            say(0, "U1", "<@U1> has joined", subtype="channel_join"),
            say(1, "U1", "hello"),
            say(2, "U2", "a question", **root),
            say(3, "U1", "an answer", **root),
            say(4, "U1", "an answer", subtype="thread_broadcast", root={}, **root),
            say(5, "U3", "build is green", bot_id="B1"),
        ],
        "general/2024-06-02.json": [say(90_000, "U9", "from a partner")],
        "help/2024-06-01.json": [say(6, "U2", "in another channel")],
        "staff/2024-06-01.json": [say(7, "U2", "between us")],
        "D1/2024-06-01.json": [say(8, "U1", "just you")],
        "mpdm-ann--bob--ci-1/2024-06-01.json": [say(9, "U1", "just us")],
    }


def pack(path, content):
    with zipfile.ZipFile(path, "w") as packed:
        for name, value in content.items():
            packed.writestr(name, value if isinstance(value, bytes) else orjson.dumps(value))
    return path


def sample(folder: Path) -> Path:
    return pack(folder / "acme Slack export.zip", files())


def read(path, progress=lambda done, total: None):
    return list(slack.read(path, now=NOW, progress=progress))


def test_a_workspace(tmp_path):
    told = []
    items = read(sample(tmp_path), lambda done, total: told.append((done, total)))
    posts = {item.external_id: item for item in items if isinstance(item, PostRecord)}
    assert {key: post.visibility for key, post in posts.items()} == {
        "C1/1717200001.000100": "public",
        "C1/1717200002.000100": "public",
        "C1/1717200003.000100": "public",
        "C1/1717200005.000100": "public",
        "C1/1717290000.000100": "public",
        "C2/1717200006.000100": "public",
        "G1/1717200007.000100": "private",
        "D1/1717200008.000100": "direct",
        "G2/1717200009.000100": "direct",
    }
    question, answer = posts["C1/1717200002.000100"], posts["C1/1717200003.000100"]
    assert question.thread_id == answer.thread_id == "C1/1717200002.000100"
    assert (question.author_name, question.is_staff) == ("Bob", True)
    assert posts["C1/1717200005.000100"].is_bot
    assert posts["C1/1717290000.000100"].author_name is None
    assert answer.place == "general/2024-06-01.json, message 4"
    assert told[-1][0] == told[-1][1] > 0
    assert [item for item in items if not isinstance(item, PostRecord)] == [
        EventRecord("joined/U1", "joined", datetime(2024, 6, 1, 0, 0, 0, 100, UTC), "U1")
    ]


def test_a_folder_within_a_folder_and_enterprise_grid(tmp_path):
    for name, value in files().items():
        name = name.replace("users.json", "org_users.json")
        path = tmp_path / "export/teams/acme" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(value))
    items = read(tmp_path / "export")
    assert sum(isinstance(item, PostRecord) for item in items) == 9
    bob = next(item for item in items if isinstance(item, PostRecord) and item.author == "U2")
    assert bob.author_name == "Bob"


def test_a_channel_that_no_table_names_is_private(tmp_path):
    content = files() | {"secret/2024-06-01.json": [say(1, "U1", "psst")], "channels.json": b"[{"}
    items = read(pack(tmp_path / "a.zip", content))
    assert {item.visibility for item in items if isinstance(item, PostRecord)} == {
        "private",
        "direct",
    }
    assert not any(isinstance(item, EventRecord) for item in items)
    plain = {"general/2024-06-01.json": [say(1, "U1", "hi")], "help/2024-06-01.json": []}
    [only] = read(pack(tmp_path / "b.zip", plain))
    assert (only.visibility, only.external_id) == ("public", "general/1717200001.000100")


def test_bad_files_and_messages_are_refused_one_by_one(tmp_path):
    day = [
        say(1, "U1", "good"),
        "x",
        say(2, None, "nobody"),
        say(3, "U1", "gone", subtype="tombstone"),
    ]
    content = files() | {
        "users.json": [*USERS, {"name": "no id"}, 7],
        "general/2024-06-01.json": day,
        "general/2024-06-02.json": b'[{"ts": "17',
        "help/2024-06-01.json": {"no": "list"},
    }
    items = read(pack(tmp_path / "a.zip", content))
    assert [(item.place, item.reason) for item in items if isinstance(item, Reject)] == [
        ("users.json, user 4", "`id` is missing or empty"),
        ("users.json, user 5", "the user is no JSON object"),
        ("general/2024-06-01.json, message 2", "the message is no JSON object"),
        ("general/2024-06-01.json, message 3", "`user` is missing or empty"),
        ("general/2024-06-02.json", "no valid JSON at character 9: fetch it again"),
        ("help/2024-06-01.json", "the file is no list of messages"),
    ]
    assert Deletion("C1/1717200003.000100") in items


def test_what_is_no_export(tmp_path):
    with pytest.raises(BadArchive, match="name a Slack export"):
        read(pack(tmp_path / "a.zip", {"users.json": USERS}))
    with open_bundle(sample(tmp_path)) as bundle:
        assert slack.fits(bundle)
    with open_bundle(pack(tmp_path / "b.zip", {"a/2024-06-01.json": []})) as bundle:
        assert not slack.fits(bundle)
