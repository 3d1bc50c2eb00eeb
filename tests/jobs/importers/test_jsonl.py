from datetime import UTC, datetime

import orjson
import pytest

from jobs.importers import jsonl
from jobs.importers.fields import BadRecord
from jobs.importers.records import PostRecord, ReactionRecord, Reject

NOW = datetime(2025, 1, 1, tzinfo=UTC)
AT = datetime(2024, 6, 1, tzinfo=UTC)


def parse(row):
    return jsonl.post(row, "line 1", NOW)


def minimal(**more):
    return {"id": "1", "author": "ann", "created_at": "2024-06-01", "text": "hello"} | more


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
