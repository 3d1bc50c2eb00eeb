import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from jobs.importers import zulip_export
from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.records import EventRecord, PostRecord, ReactionRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
JOINED = 1704067200.0
REALM = {
    "zerver_userprofile": [
        {"id": 8, "full_name": "Ann", "delivery_email": "ann@x.example", "date_joined": JOINED},
        {"id": 11, "full_name": "Bob", "email": "bob@x.example", "role": 100},
        {"id": 12, "full_name": "ci", "is_bot": True, "date_joined": JOINED},
        {"id": 13, "full_name": "Silent", "date_joined": JOINED},
    ],
    "zerver_userprofile_mirrordummy": [{"id": 14, "full_name": "Old", "is_active": False}],
    "zerver_userprofile_crossrealm": [{"id": 1, "email": "notification-bot@zulip.example"}],
    "zerver_stream": [
        {"id": 7, "name": "help", "invite_only": False},
        {"id": 9, "name": "staff", "invite_only": True},
    ],
    "zerver_recipient": [
        {"id": 70, "type": 2, "type_id": 7},
        {"id": 71, "type": 2, "type_id": 9},
        {"id": 80, "type": 1, "type_id": 11},
        {"id": 90, "type": 3, "type_id": 3},
    ],
    "zerver_subscription": [
        {"recipient": 90, "user_profile": user, "active": True} for user in (8, 11, 12)
    ],
    "zerver_reaction": [{"user_profile": 8, "message": 2, "emoji_name": "tada"}],
}


def say(id, sender, recipient, subject, content="hello"):
    row = {"id": id, "sender": sender, "recipient": recipient, "subject": subject}
    return row | {"content": content, "date_sent": 1717200000.0 + id, "last_edit_time": None}


def files():
    first = [say(1, 8, 70, "How"), say(2, 11, 70, "✔ How", "so"), say(3, 12, 70, "builds")]
    second = [say(4, 8, 80, ""), say(5, 11, 90, ""), say(6, 11, 71, "plans"), say(7, 1, 70, "How")]
    reactions = [{"user_profile": 11, "message": 4, "emoji_name": "+1"}]
    return {
        "zulip-export/realm.json": REALM,
        "zulip-export/messages-000001.json": {"zerver_message": first, "zerver_usermessage": []},
        "zulip-export/messages-000002.json": {
            "zerver_message": second,
            "zerver_reaction": reactions,
        },
        "zulip-export/attachment.json": {"zerver_attachment": []},
        "zulip-export/uploads/records.json": [],
    }


def pack(path, content):
    with tarfile.open(path, "w:gz") as packed:
        for name, value in content.items():
            raw = value if isinstance(value, bytes) else orjson.dumps(value)
            entry = tarfile.TarInfo(name)
            entry.size = len(raw)
            packed.addfile(entry, io.BytesIO(raw))
    return path


def sample(folder: Path) -> Path:
    return pack(folder / "zulip-export.tar.gz", files())


def read(path):
    return list(zulip_export.read(path, now=NOW, progress=lambda done, total: None))


def test_an_organization(tmp_path):
    items = read(sample(tmp_path))
    posts = {item.external_id: item for item in items if isinstance(item, PostRecord)}
    assert {key: (post.thread_id, post.visibility) for key, post in posts.items()} == {
        "1": ("7/How", "public"),
        "2": ("7/How", "public"),
        "3": ("7/builds", "public"),
        "4": ("direct/11,8", "direct"),
        "5": ("direct/11,12,8", "direct"),
        "6": ("9/plans", "private"),
        "7": ("7/How", "public"),
    }
    assert (posts["1"].resolved, posts["2"].resolved) == (False, True)
    assert posts["2"].reactions == (ReactionRecord("tada", "8"),)
    assert posts["4"].reactions == (ReactionRecord("+1", "11"),)
    assert (posts["1"].author_email, posts["1"].verified) == ("ann@x.example", True)
    assert (posts["2"].is_staff, posts["3"].is_bot, posts["7"].is_bot) == (True, True, True)
    assert posts["2"].place == "messages-000001.json, message 2"
    at = datetime(2024, 1, 1, tzinfo=UTC)
    assert [item for item in items if not isinstance(item, PostRecord)] == [
        EventRecord("joined/12", "joined", at, "12"),
        EventRecord("joined/8", "joined", at, "8"),
    ]


def test_bad_files_and_rows_are_refused_one_by_one(tmp_path):
    content = files()
    content["zulip-export/realm.json"] = REALM | {
        "zerver_stream": [{"id": 7, "name": "help"}, "x"],
        "zerver_reaction": {},
    }
    rows = [say(1, 8, 70, "How"), None, say(2, 8, 5, "How")]
    content["zulip-export/messages-000001.json"] = {"zerver_message": rows}
    content["zulip-export/messages-000002.json"] = b'{"zerver_message": ['
    items = read(pack(tmp_path / "a.tar.gz", content))
    assert [(item.place, item.reason) for item in items if isinstance(item, Reject)] == [
        ("realm.json, zerver_stream 2", "the channel is no JSON object"),
        ("realm.json, zerver_reaction", "the table is no list"),
        ("messages-000001.json, message 2", "the message is no JSON object"),
        (
            "messages-000001.json, message 3",
            "`recipient` is none of realm.json: export the organization again",
        ),
        ("messages-000002.json", "no valid JSON at character 21: fetch it again"),
    ]
    assert [item.external_id for item in items if isinstance(item, PostRecord)] == ["1"]


def test_what_is_no_export(tmp_path):
    with pytest.raises(BadArchive, match="holds no realm"):
        read(pack(tmp_path / "a.tar.gz", {"x/realm.json": REALM}))
    broken = files() | {"zulip-export/realm.json": b"{"}
    with pytest.raises(BadArchive, match="cannot be used: no valid JSON"):
        read(pack(tmp_path / "b.tar.gz", broken))
    with open_bundle(sample(tmp_path)) as bundle:
        assert zulip_export.fits(bundle)
    with open_bundle(pack(tmp_path / "c.tar.gz", {"x/realm.json": REALM})) as bundle:
        assert not zulip_export.fits(bundle)
