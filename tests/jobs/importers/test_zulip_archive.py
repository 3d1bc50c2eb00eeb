from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from service.db.models import Member, Post, Thread

SAMPLE = Path(__file__).parents[4] / "shared/data/raw_samples/zulip_lean"


def message(id=1, sender="Ann", at=1717200000, content="<p>hello</p>"):
    return {"id": id, "sender_full_name": sender, "timestamp": at, "content": content}


@pytest.fixture
def archive(tmp_path):
    """A folder to write topic files into: bytes as they are, all else as JSON."""
    root = tmp_path / "our_zulip" / "zulip_json"

    def write(folder, name, content):
        (root / folder).mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else orjson.dumps(content)
        (root / folder / name).write_bytes(raw)
        return root.parent

    return write


def test_names_are_unescaped(store, archive):
    archive("7-Is-there-code-for-X%3F", "a.2Fb.20c.2E.json", [message(1)])
    path = archive("8-new-members", ".E2.9C.94.20Done.json", [message(2, "nightly bot")])
    result = store.read(path, kind="zulip-archive")
    assert (result.sources, result.added, result.threads_added) == (("our_zulip",), 2, 2)
    assert store.rows(Thread.external_id, Thread.title, Thread.channel, Thread.resolved) == [
        ("7/a/b c.", "a/b c.", "Is there code for X?", False),
        ("8/Done", "Done", "new members", True),
    ]
    assert store.rows(Member.name, Member.is_bot) == [("Ann", False), ("nightly bot", True)]
    assert (
        store.rows(Post.created_at, Post.text) == [(datetime(2024, 6, 1, tzinfo=UTC), "hello")] * 2
    )


def test_a_topic_keeps_its_thread_when_it_is_resolved(store, archive):
    path = archive("7-help", "How.json", [message(1)])
    store.read(path, kind="zulip-archive")
    (path / "zulip_json/7-help/How.json").rename(path / "zulip_json/7-help/.E2.9C.94.20How.json")
    result = store.read(path, kind="zulip-archive")
    assert (result.added, result.updated, result.threads_added) == (0, 1, 0)
    assert store.rows(Thread.external_id, Thread.resolved) == [("7/How", True)]


def test_quotes_are_replies_and_html_becomes_markdown(store, archive):
    said = (
        '<p><span class="user-mention" data-user-id="1">@Ann</span> '
        '<a href="https://z.example/#narrow/stream/7-help/topic/How/near/1">said</a>:</p>'
        "<blockquote><p>hello</p></blockquote><p>Use <code>simp</code>.</p>"
    )
    path = archive("7-help", "How.json", [message(1), message(2, "Bob", 1717200060, said)])
    store.read(path, kind="zulip-archive")
    assert store.parents() == {"1": None, "2": "1"}
    assert "Use `simp`." in store.posts("text")["2"]


def test_the_index_knows_the_names_of_channels(store, archive):
    path = archive("7-rss-feeds", "a.json", [message(1)])
    index = {"streams": {"rss-feeds": {"id": 7, "latest_id": 1, "topic_data": {}}}, "time": 1}
    (path / "zulip_json/stream_index.json").write_bytes(orjson.dumps(index))
    (path / "zulip_json/7-rss-feeds/notes.txt").write_text("no topic")
    result = store.read(path / "zulip_json", kind="zulip-archive")
    assert (result.sources, result.records) == (("our_zulip",), 1)
    assert store.rows(Thread.channel) == [("rss-feeds",)]


def test_bad_messages_and_bad_files_are_refused_one_by_one(store, archive):
    archive("7-help", "a.json", [message(1), {"id": 2}, "x", message(3, at=0), message(4)])
    archive("7-help", "b.json", b'[{"id": 5')
    archive("7-help", "c.json", b"[" * 100_000)
    archive("7-help", "d.json", {"no": "list"})
    mixed = [message(6), message(7, content="BAD"), message(8, content="WORSE")]
    raw = orjson.dumps(mixed).replace(b"BAD", rb"\ud800").replace(b"WORSE", b"\xff")
    path = archive("7-help", "e.json", raw)
    result = store.read(path, kind="zulip-archive")
    assert (result.added, result.rejected) == (3, 8)
    assert set(store.posts("text")) == {"1", "4", "6"}
    assert [(reject["place"], reject["reason"]) for reject in store.rejects(result)] == [
        ("7-help/a.json, message 2", "`sender_full_name` is missing or empty"),
        ("7-help/a.json, message 3", "the message is no JSON object"),
        (
            "7-help/a.json, message 4",
            "`timestamp` lies in 1970; times run from 1980 to now",
        ),
        ("7-help/b.json", "no valid JSON at character 10: fetch it again"),
        ("7-help/c.json", "no usable JSON: it is nested too deeply"),
        ("7-help/d.json", "the file is no list of messages"),
        ("7-help/e.json, message 2", "`content` holds characters that are no valid Unicode"),
        ("7-help/e.json, message 3", "`content` holds characters that are no valid Unicode"),
    ]


@pytest.mark.shared
@pytest.mark.skipif(not SAMPLE.is_dir(), reason="needs ../shared/data")
def test_the_sample_of_a_real_archive(store):
    result = store.read(SAMPLE, kind="zulip-archive")
    assert (result.records, result.added, result.rejected) == (281, 281, 0)
    assert (result.threads_added, result.members_added, result.sources) == (
        12,
        45,
        ("zulip_lean",),
    )
    resolved = store.rows(Thread.title, Thread.resolved)
    assert sorted(title for title, done in resolved if done) == [
        "How to formalize the following set proposition in lean",
        "No Error/Segfault when importing mathlib",
    ]
    again = store.read(SAMPLE, kind="zulip-archive")
    assert (again.added, again.updated, again.unchanged) == (0, 0, 281)
