import gzip
import logging

import orjson
import pytest
from structlog.testing import capture_logs

from service.db.models import AuditEntry, Source
from service.errors import BadArchive, InvalidInput


def test_good_records_go_in_beside_bad_ones(store, post):
    result = store.load(
        post("1"),
        b"{",
        post("2"),
        b'{"id": "\xff"}',
        post("3", at=3) | {"created_at": "1970-01-01T00:00:00Z"},
        post("4") | {"created_at": "2262-04-11T23:47:16Z"},
        b"",
        post("5", "x" * 500),
        post("6", text="nul \0 inside"),
        rb'{"id":"7","author":"a","created_at":"2024-06-01","text":"\udfff"}',
        b"[" * 100_000,
        post("8"),
    )
    assert (result.records, result.added, result.rejected) == (11, 3, 8)
    assert set(store.posts("text")) == {"1", "2", "8"}
    rejects = store.rejects(result)
    lines = [2, 4, 5, 6, 8, 9, 10, 11]
    assert [reject["place"] for reject in rejects] == [f"line {line}" for line in lines]
    assert [reject["reason"] for reject in rejects][2:6] == [
        "`created_at` lies in 1970; times run from 1980 to now",
        "`created_at` lies in 2262; times run from 1980 to now",
        "`author` has 500 characters; at most 400 are allowed",
        "`text` holds a NUL character",
    ]
    assert all(len(reject["raw"]) <= 2_000 for reject in rejects)


def test_the_rejects_file_is_named_after_the_source_and_appears_whole(store, post):
    result = store.load(post(), b"x", source="Our Forum/2024")
    assert result.rejects_file is not None
    assert result.rejects_file.parent == store.settings.rejects_dir
    assert result.rejects_file.name.startswith("Our-Forum-2024-")
    assert [path.name for path in store.settings.rejects_dir.iterdir()] == [
        result.rejects_file.name
    ]
    assert store.load(post(), b"x", source="Our Forum/2024").rejects_file == result.rejects_file


def test_a_cut_gzip_is_imported_as_far_as_it_goes_and_mended_later(store, post):
    rows = [post(str(n), f"p{n % 50}", n % 1_000, text=f"words {n * 7919}") for n in range(3_000)]
    whole = gzip.compress(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    path = store.folder / "cut.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    result = store.read(path)
    assert 0 < result.added < 3_000
    assert result.rejected == 1
    (reject,) = store.rejects(result)
    assert reject["place"] == f"line {result.added + 1}"
    assert reject["reason"] == "the file ends early: fetch it again"
    path.write_bytes(whole)
    mended = store.read(path)
    assert (mended.added, mended.unchanged) == (3_000 - result.added, result.added)


def test_a_file_of_nothing_but_bad_lines_is_all_rejects(store):
    result = store.load(b"a", b"b")
    assert (result.records, result.added, result.rejected) == (2, 0, 2)
    assert result.sources == ()
    assert store.rows(Source.name) == []


def test_a_plain_file_that_was_cut_says_so(store, post):
    path = store.file("in.jsonl", post("1"), post("2"))
    path.write_bytes(path.read_bytes()[:-10])
    result = store.read(path)
    assert (result.added, result.rejected) == (1, 1)
    (reject,) = store.rejects(result)
    assert (reject["place"], reject["reason"]) == (
        "line 2",
        "the file ends within the record: fetch it again",
    )


@pytest.mark.parametrize("content", [b"", b"\n \n", gzip.compress(b"", mtime=0), b"\xef\xbb\xbf"])
def test_an_empty_archive_is_an_error_and_writes_nothing(store, content):
    path = store.folder / "empty.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadArchive, match="holds no record: export it again"):
        store.read(path)
    assert store.rows(AuditEntry.id) == []
    assert not store.settings.rejects_dir.exists()


def test_wrong_paths_and_kinds_are_errors_of_one_line(store, post):
    for kind, path, message in [
        ("jsonl", store.folder, "is a folder: name a file inside it"),
        ("jsonl", store.folder / "none", "there is no file"),
        ("zulip-archive", store.file("in.jsonl", post()), "is a file: name the folder"),
        ("zulip-archive", store.folder / "none", "there is no folder"),
        ("zulip-archive", store.folder, "holds no topic"),
        ("nothing", store.folder, "use jsonl, csv, slack, discord"),
    ]:
        with pytest.raises(BadArchive, match=message) as caught:
            store.read(path, kind=kind)
        assert "\n" not in str(caught.value)


def test_a_source_name_must_fit(store, post):
    for name in (" ", "x" * 201):
        with pytest.raises(InvalidInput, match="a source needs a name of 1 to 200 characters"):
            store.load(post(), source=name)


def test_no_text_of_a_post_reaches_the_log(store, post, caplog, capfd):
    with caplog.at_level(logging.DEBUG), capture_logs() as events:
        store.load(post(text="SECRETWORD"), post(id="", text="SECRETWORD"))
    printed = capfd.readouterr()
    for log in (caplog.text, repr(events), printed.out, printed.err):
        assert "SECRETWORD" not in log
