import zipfile
from datetime import UTC, datetime

import orjson
import pytest

from jobs.importers import convokit, jsonl
from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.records import PostRecord, ReactionRecord, Reject

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2024, 6, 1, tzinfo=UTC)


def said(id_, speaker="ann", talk="1", reply_to=None, **more):
    row = {
        "id": id_,
        "speaker": speaker,
        "conversation_id": talk,
        "reply_to": reply_to,
        "timestamp": 1717200000,
        "text": f"words {id_}",
        "meta": {},
    }
    return row | more


ROWS = (
    said("1"),
    said("2", "bob", "1", "1"),
    said("3", "cy", "1", "2"),
    said("4", "nightly bot", "4", "None"),
    said("5", "bob", "4", "4"),
    said("6", "dee", "4", "6"),
)


def sample(folder):
    root = folder / "corpus"
    root.mkdir()
    (root / "utterances.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in ROWS))
    (root / "conversations.json").write_bytes(
        orjson.dumps({"1": {"meta": {"title": "First", "subreddit": "news"}}, "4": "odd"})
    )
    (root / "speakers.json").write_bytes(orjson.dumps({"ann": {"meta": {"name": "Ann"}}, "bob": 5}))
    (root / "corpus.json").write_text("{}")
    return root


def read(path):
    return list(convokit.read(path, now=NOW, progress=lambda done, total: None))


@pytest.fixture
def file(tmp_path):
    def make(*rows):
        path = tmp_path / "utterances.jsonl"
        path.write_bytes(
            b"\n".join(row if isinstance(row, bytes) else orjson.dumps(row) for row in rows)
        )
        return path

    return make


def test_a_corpus(tmp_path):
    path = sample(tmp_path)
    posts = read(path)
    assert posts[0] == PostRecord(
        external_id="1",
        author="ann",
        created_at=AT,
        text="words 1",
        thread_id="1",
        thread_title="First",
        channel="news",
        author_name="Ann",
    )
    assert [post.parent_id for post in posts] == [None, "1", "2", None, "4", "6"]
    assert [post.is_bot for post in posts] == [False, False, False, True, False, False]
    assert posts[3].thread_title is None
    assert posts[1].place == "utterances.jsonl, line 2"
    assert orjson.loads(posts[1].raw) == ROWS[1]


def test_a_zip_and_a_file_give_the_same_posts(tmp_path):
    root = sample(tmp_path)
    with zipfile.ZipFile(tmp_path / "corpus.zip", "w") as archive:
        for file in root.iterdir():
            archive.write(file, f"corpus/{file.name}")
    assert read(tmp_path / "corpus.zip") == read(root)
    alone = read(root / "utterances.jsonl")
    assert [post.external_id for post in alone] == [post.external_id for post in read(root)]


def test_old_names_numbers_as_text_and_what_meta_tells(file):
    (post,) = read(
        file(
            {
                "id": "1",
                "user": {"id": "ann"},
                "root": "1",
                "reply-to": "",
                "timestamp": "1717200000.0",
                "text": "",
                "meta": {
                    "score": -3,
                    "subreddit": "news",
                    "url": "https://x.org/1",
                    "is_bot": True,
                    "other": [1],
                },
            }
        )
    )
    assert post == PostRecord(
        "1",
        "ann",
        AT,
        "",
        thread_id="1",
        channel="news",
        reactions=(ReactionRecord("score", "", -3),),
        url="https://x.org/1",
        is_bot=True,
    )


def test_bad_utterances_beside_good_ones(file):
    found = read(
        file(
            said("1"),
            said("2", timestamp=None),
            said("3", text=None),
            said("4", speaker=None),
            said("5", meta=5),
            b"{",
            said("6", meta={"score": "x", "url": 5, "title": [], "is_bot": "?"}),
        )
    )
    assert [item.reason for item in found if isinstance(item, Reject)] == [
        "`timestamp` is missing",
        "`text` is missing",
        "`speaker` is missing or empty",
        "no valid JSON at character 2: unexpected end of data",
    ]
    assert [item.external_id for item in found if isinstance(item, PostRecord)] == ["1", "5", "6"]


def test_a_damaged_file_beside_the_utterances_is_told(tmp_path):
    root = sample(tmp_path)
    (root / "conversations.json").write_text("{")
    (root / "speakers.json").write_text("[]")
    found = read(root)
    assert [item.place for item in found[:2]] == ["conversations.json", "speakers.json"]
    assert [post.thread_title for post in found[2:]] == [None] * 6


def test_what_fits(tmp_path, file):
    root = sample(tmp_path)
    (root / "talk.jsonl").write_bytes(orjson.dumps(ROWS[0]))
    for path in (root, root / "utterances.jsonl", root / "talk.jsonl"):
        with open_bundle(path) as bundle:
            assert convokit.fits(bundle)
            assert not jsonl.fits(bundle)
    with open_bundle(file({"id": "1"})) as bundle:
        assert convokit.fits(bundle)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.txt").write_text("a")
    (tmp_path / "none" / "b.txt").write_text("a")
    with pytest.raises(BadArchive, match=r"holds no utterances\.jsonl"):
        read(tmp_path / "none")
