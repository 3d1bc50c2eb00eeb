import bz2
import gzip
from datetime import UTC, datetime

import orjson
import pytest

from jobs.importers import json_list, jsonl
from jobs.importers.bundle import open_bundle
from service.ingest.fields import BadRecord
from service.ingest.records import PostRecord, ReactionRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
AT = datetime(2024, 6, 1, tzinfo=UTC)


def parse(row):
    return jsonl.post(row, "line 1", NOW)


def minimal(**more):
    return {"id": "1", "author": "ann", "created_at": "2024-06-01", "text": "hello"} | more


def sample(folder):
    rows = [
        minimal(id="1", thread_id="a", channel="general"),
        minimal(id="2", thread_id="a", parent_id="1", author="bob"),
        minimal(id="3", thread_id="a", parent_id="2", author="cy"),
        minimal(id="4", thread_id="b", author="nightly bot"),
        minimal(id="5", thread_id="b", parent_id="4", author="bob"),
        minimal(id="6", thread_id="c", visibility="private"),
    ]
    path = folder / "posts.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def read(path):
    return list(jsonl.read(path, now=NOW, progress=lambda done, total: None))


def test_the_archive_schema():
    record = parse(
        minimal(
            thread_id="t",
            thread_title="Title",
            channel="general",
            parent_id="0",
            reactions={"heart": 2, "+1": 1},
            accepted_answer_id="9",
            url="https://example.org/1",
            source="forum",
            thread_resolved=True,
            is_staff=True,
        )
    )
    assert record == PostRecord(
        external_id="1",
        author="ann",
        created_at=AT,
        text="hello",
        thread_id="t",
        thread_title="Title",
        channel="general",
        parent_id="0",
        reactions=(ReactionRecord("+1", "", 1), ReactionRecord("heart", "", 2)),
        accepted_answer_id="9",
        resolved=True,
        url="https://example.org/1",
        source="forum",
        is_staff=True,
    )
    assert record.place == "line 1"


@pytest.mark.parametrize(
    "row",
    [
        {
            "id": "1",
            "author": "ann",
            "timestamp": "2024-06-01",
            "text": "hello",
            "thread_id": "t",
            "reply_to": "0",
            "platform": "forum",
            "title": "Title",
        },
        {
            "id": "1",
            "speaker": "ann",
            "timestamp": 1717200000,
            "text": "hello",
            "conversation_id": "t",
            "reply_to": "0",
            "platform": "forum",
            "title": "Title",
            "meta": {},
        },
        {
            "key": "1",
            "member": "ann",
            "occurred_at": "2024-06-01T00:00:00Z",
            "description": "hello",
            "title": "Title",
            "reply_to": "0",
            "thread_id": "t",
            "source": "forum",
        },
        {
            "sourceId": "1",
            "sourceParentId": "0",
            "username": "ann",
            "body": "hello",
            "timestamp": "2024-06-01T00:00:00.000Z",
            "platform": "forum",
            "title": "Title",
            "thread_id": "t",
        },
    ],
    ids=["own", "convokit", "orbit", "crowd.dev"],
)
def test_the_names_of_other_exports(row):
    assert parse(row) == PostRecord(
        external_id="1",
        author="ann",
        created_at=AT,
        text="hello",
        thread_id="t",
        thread_title="Title",
        parent_id="0",
        source="forum",
    )


def test_fields_left_out_are_none_and_empty_text_is_a_post():
    record = parse(minimal(text="", thread_id=None, parent_id=""))
    assert record == PostRecord("1", "ann", AT, "")
    assert record.visibility == "public"


def test_an_accepted_answer_names_itself():
    assert parse(minimal(accepted=True)).accepted_answer_id == "1"
    assert parse(minimal(accepted=False)).accepted_answer_id is None


def test_a_bot_is_known_by_its_field_and_else_by_its_name():
    assert parse(minimal(author="nightly bot")).is_bot is True
    assert parse(minimal(author="nightly bot", is_bot=False)).is_bot is False
    assert parse(minimal(is_bot=True)).is_bot is True


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"reactions": {"score": -3, "none": 0}}, [("score", "", -3)]),
        ({"reactions": [{"name": "a", "users": ["x", "y"]}]}, [("a", "x", 1), ("a", "y", 1)]),
        ({"reactions": [{"emoji": "a"}, {"emoji": "a", "count": 2}]}, [("a", "", 3)]),
        ({"reactions": [{"name": "a", "author": "x"}]}, [("a", "x", 1)]),
        ({"likes": 4}, [("like", "", 4)]),
        ({"reactions": None}, []),
    ],
)
def test_reactions(more, expected):
    assert list(parse(minimal(**more)).reactions) == [ReactionRecord(*row) for row in expected]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"id": ""}, "`id` is missing or empty"),
        ({"id": None}, "`id` is missing or empty"),
        ({"id": 1.5}, "`id` is a number; it must be text"),
        ({"id": "x" * 401}, "`id` has 401 characters; at most 400 are allowed"),
        ({"author": " "}, "`author` is missing or empty"),
        ({"author": {"login": "x"}}, "`author` is an object; it must be text"),
        ({"author": "x" * 401}, "`author` has 401 characters; at most 400 are allowed"),
        ({"created_at": None}, "`created_at` is missing"),
        ({"text": None}, "`text` is missing"),
        ({"text": ["x"]}, "`text` is a list; it must be text"),
        ({"channel": "x\0"}, "`channel` holds a NUL character"),
        ({"source": "x" * 201}, "`source` has 201 characters; at most 200 are allowed"),
        ({"visibility": 5.5}, "`visibility` is a number; it must be text"),
        ({"reactions": 5}, "`reactions` is a number; it must be an object or a list"),
        ({"reactions": ["x"]}, "an entry of `reactions` is text; it must be an object"),
        ({"reactions": {"a": 1.5}}, "the count of a reaction must be a whole number"),
        (
            {"reactions": {str(n): 1 for n in range(10_001)}},
            "`reactions` has 10001 entries; at most 10000 are allowed",
        ),
        ({"reactions": {"a": -1}}, "the count of a reaction must be a whole number from 0"),
        ({"likes": -1}, "the count of a reaction must be a whole number from 0"),
        ({"reactions": {"score": -(2**31)}}, "the count of a reaction must be"),
        (
            {"reactions": [{"name": "a", "count": 2**31 - 1}, {"name": "a"}]},
            "the count of a reaction must be a whole number from 0 to 2147483647",
        ),
        ({"reactions": {"a": 1e30}}, "the count of a reaction must be a whole number"),
        ({"reactions": [{"name": "a", "users": [1]}]}, "`users` of a reaction must be a list"),
    ],
)
def test_bad_fields_are_refused(more, reason):
    with pytest.raises(BadRecord) as caught:
        parse(minimal(**more))
    assert str(caught.value).startswith(reason)


def test_bad_lines_are_refused_one_by_one(tmp_path):
    good = orjson.dumps(minimal())
    bad = {
        b'{"id": NaN}': "no valid JSON at character 8: unexpected character",
        b"[1]": "the line is no JSON object",
        b'{"id": "\xff"}': "the line is no valid UTF-8",
        b'{"id": "\xed\xa0\x80"}': "the line is no valid UTF-8",
        rb'{"id": "\ud800"}': "no valid JSON at character 9: no low surrogate in string",
        rb'{"id": "a\u0000"}': "`id` holds a NUL character",
        b'{"id": "a\x00"}': "no valid JSON at character 10: ",
        b"[" * 100_000: "no valid JSON at character 1026: depth limit exceeded",
        b'{"a":' * 100_000: "no valid JSON at character ",
        good[:-5]: "no valid JSON at character ",
    }
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"".join(good + b"\n" + line + b"\n" for line in bad))
    found = list(jsonl.read(path, now=NOW, progress=lambda done, total: None))
    assert found[::2] == [PostRecord("1", "ann", AT, "hello")] * len(bad)
    for number, (reject, reason) in enumerate(zip(found[1::2], bad.values(), strict=True)):
        assert isinstance(reject, Reject)
        assert reject.place == f"line {2 * number + 2}"
        assert reject.reason.startswith(reason)
        assert "\n" not in reject.reason
        assert len(reject.raw) <= 2_000


def test_what_is_told_of_authors():
    record = parse(
        minimal(
            author_name="Ann",
            author_email=" Ann@X.org ",
            author_verified=True,
            author_links=["https://x.org", "javascript:x", "https://x.org", "http://y.org"],
            is_deleted=True,
        )
    )
    assert (record.author_name, record.author_email, record.verified) == ("Ann", "ann@x.org", True)
    assert record.author_links == ("https://x.org", "http://y.org")
    assert record.is_deleted
    assert parse(minimal(author_email="<email>", verified=True)).author_email is None
    assert parse(minimal(author_email="<email>", verified=True)).verified is False
    assert parse(minimal(author_email="a@b", verified=True)).verified is True


def test_when_and_how_it_was_changed():
    assert parse(minimal(edited_at="2024-06-02")).edited_at == AT.replace(day=2)
    assert parse(minimal(truncated=True)).truncated is True
    with pytest.raises(BadRecord, match="`edited_at` is no time"):
        parse(minimal(edited_at="later"))


def test_platform_is_the_source_unless_both_are_told():
    both = parse(minimal(source="owner/repo", platform="github"))
    assert (both.source, both.platform) == ("owner/repo", "github")
    alone = parse(minimal(platform="github"))
    assert (alone.source, alone.platform) == ("github", None)


@pytest.mark.parametrize(
    ("more", "flat"),
    [
        ({}, False),
        ({"channel": "a"}, True),
        ({"channel": "a", "thread_id": None, "parent_id": None}, True),
        ({"channel": "a", "thread_id": "t"}, False),
        ({"channel": "a", "parent_id": "0"}, False),
        ({"channel": "a", "parent_id": "0", "flat": True}, True),
        ({"channel": "a", "flat": False}, False),
    ],
)
def test_a_channel_without_threads_is_flat(more, flat):
    assert parse(minimal(**more)).flat is flat


@pytest.mark.parametrize(
    ("given", "kept"),
    [("Direct", "direct"), ("private", "private"), ("public", "public"), ("members", "private")],
)
def test_who_may_read_it(given, kept):
    assert parse(minimal(visibility=given)).visibility == kept


@pytest.mark.parametrize("value", ["https://x.org", {"a": 1}, [5.5], [["x"]]])
def test_odd_links_are_refused(value):
    with pytest.raises(BadRecord, match="`author_links` is"):
        parse(minimal(author_links=value))


def test_the_line_is_kept_where_it_tells_more_and_is_not_too_long(tmp_path):
    path = tmp_path / "in.jsonl"
    rows = (
        minimal(mood="good"),
        minimal(mood="good", text="x" * (64 << 10)),
        minimal(),
        minimal(likes=2, thread_resolved=True, platform="p"),
        {"sourceId": "2", "speaker": "bob", "timestamp": 1717200000, "body": "x"},
        {"sourceId": "2", "speaker": "bob", "timestamp": 1717200000, "body": "x", "meta": None},
    )
    lines = [orjson.dumps(row) for row in rows]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    assert [record.raw for record in read(path)] == [lines[0], b"", b"", b"", b"", lines[5]]


def test_bzip2_gzip_and_utf16_give_the_same_posts(tmp_path):
    path = sample(tmp_path)
    plain, content = read(path), path.read_bytes()
    for packed in (
        bz2.compress(content),
        gzip.compress(content, mtime=0),
        content.decode().encode("utf-16"),
    ):
        path.write_bytes(packed)
        assert read(path) == plain
        with open_bundle(path) as bundle:
            assert jsonl.fits(bundle)


@pytest.mark.parametrize("indent", [None, orjson.OPT_INDENT_2])
def test_one_json_list_is_read_object_by_object(tmp_path, indent):
    path = tmp_path / "in.json"
    rows = [minimal(id=str(n), text="ä" * n, more=n) for n in range(1, 200)]
    path.write_bytes(orjson.dumps(rows, option=indent))
    found = read(path)
    assert [record.external_id for record in found] == [row["id"] for row in rows]
    assert found[4].place == "record 5"
    assert orjson.loads(found[4].raw) == rows[4]
    with open_bundle(path) as bundle:
        assert jsonl.fits(bundle)


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        (b'[{"id": 1.5}, 5, null]', ["`id` is a number", "the line is no", "the line is no"]),
        (b'[{"a": 1}, {"b": tru}, {"c": 1}]', ["`id` is missing", "no valid JSON: what follows"]),
        (b'[{"a": 1}, {"b": "x', ["`id` is missing", "the file ends within the record"]),
        (b'[{"a": 1}, ', ["`id` is missing", "the file ends within the list"]),
        (b'[{"a": "\xff"}]', ["the line is no valid UTF-8"]),
        (b'[{"a": NaN}]', ["no valid JSON at character 7"]),
        (b'[{"a": ' + b"[" * 100_000, ["no usable JSON, it is nested too deeply"]),
    ],
)
def test_bad_lists_are_refused_from_where_they_break(tmp_path, content, reasons):
    path = tmp_path / "in.json"
    path.write_bytes(content)
    found = read(path)
    assert len(found) == len(reasons)
    for reject, reason in zip(found, reasons, strict=True):
        assert isinstance(reject, Reject)
        assert reject.reason.startswith(reason)


def test_an_object_of_a_list_may_not_be_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(json_list, "OBJECT_LIMIT", 1 << 20)
    path = tmp_path / "in.json"
    path.write_bytes(orjson.dumps([minimal(), minimal(text="x" * (4 << 20))]))
    first, second = read(path)
    assert first.external_id == "1"
    assert second.reason == "the record is longer than 1 MB: what follows is not read"


def test_saved_answers_of_apis_are_no_posts(tmp_path):
    path = tmp_path / "in.json"
    for row in (
        {"id": 1, "user": {}, "created_at": "", "body": "", "html_url": ""},
        {"id": 1, "domain": "x.org"},
        {"id": 1, "kind": "joined", "occurred_at": ""},
    ):
        path.write_bytes(orjson.dumps([row]))
        with open_bundle(path) as bundle:
            assert not jsonl.fits(bundle)
