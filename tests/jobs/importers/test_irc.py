from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from jobs.importers import irc
from jobs.importers.bundle import open_bundle
from service.errors import BadArchive
from service.ingest.records import PostRecord, Reject

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LOG = """[23:58] <ann> hello
=== bob [~bob@x] has joined #talk
[23:58]  * bob waves
[23:59] <nightlybot> build is red
[00:01] <ann> new day
[00:01] <Cy|away> cy: \x02bold\x0f \x0304,05red\x03 words
"""


def sample(folder):
    root = folder / "logs"
    (root / "#talk").mkdir(parents=True)
    (root / "#other").mkdir()
    (root / "#talk" / "2024-06-01.log").write_text(LOG)
    (root / "#other" / "2024-06-01.log").write_text(
        "[10:00:05] *** Joins: dee (~dee@x )\n[10:00:07] <dee> one\n[10:00:07] <dee> two\n"
    )
    return root


def read(path):
    return list(irc.read(path, now=NOW, progress=lambda done, total: None))


@pytest.fixture
def log(tmp_path):
    def make(text, name="talk_20240601.log"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path)

    return make


def test_a_folder_of_logs(tmp_path):
    path = sample(tmp_path)
    (path / "#talk" / "2024-06-01.annotation.txt").write_text("1000 1001 -\n")
    (path / "README.md").write_text("[10:00] <not> a log\n")
    posts = read(path)
    assert [(post.channel, post.author, post.text) for post in posts] == [
        ("#other", "dee", "one"),
        ("#other", "dee", "two"),
        ("#talk", "ann", "hello"),
        ("#talk", "bob", "/me waves"),
        ("#talk", "nightlybot", "build is red"),
        ("#talk", "ann", "new day"),
        ("#talk", "Cy|away", "cy: bold red words"),
    ]
    assert [post.external_id for post in posts[:3]] == [
        "#other/2024-06-01:2",
        "#other/2024-06-01:3",
        "#talk/2024-06-01:1",
    ]
    assert all(post.flat and post.thread_id is None for post in posts)
    assert [post.author for post in posts if post.is_bot] == ["nightlybot"]
    assert posts[2].raw == b"[23:58] <ann> hello"
    assert posts[2].place == "#talk/2024-06-01.log, line 1"
    with open_bundle(path) as bundle:
        assert irc.fits(bundle)


def test_times_run_over_midnight_and_keep_the_order_of_lines(log):
    posts = log(LOG)
    assert [post.created_at for post in posts] == [
        datetime(2024, 6, 1, 23, 58, tzinfo=UTC),
        datetime(2024, 6, 1, 23, 58, 0, 1, tzinfo=UTC),
        datetime(2024, 6, 1, 23, 59, tzinfo=UTC),
        datetime(2024, 6, 2, 0, 1, tzinfo=UTC),
        datetime(2024, 6, 2, 0, 1, 0, 1, tzinfo=UTC),
    ]
    assert {post.channel for post in posts} == {"#talk"}
    assert posts[0].external_id == "talk_20240601:1"


def test_ids_and_times_do_not_change_as_a_log_grows(log):
    lines = LOG.splitlines(keepends=True)
    whole = log(LOG)
    for count in range(1, len(lines)):
        part = log("".join(lines[:count]))
        assert part == whole[: len(part)]


def test_a_clock_of_twelve_hours_goes_on_after_noon(log):
    posts = log("[11:55] <ann> a\n[00:05] <ann> b\n[11:50] <ann> c\n[00:02] <ann> d\n")
    hours = [(post.created_at.day, post.created_at.hour) for post in posts]
    assert hours == [(1, 11), (1, 12), (1, 23), (2, 0)]


def test_a_clock_that_is_set_back_moves_nothing(log):
    posts = log("[14:05] <ann> a\n[14:03] <ann> b\n[14:06] <ann> c\n")
    assert posts[1].created_at == posts[0].created_at + timedelta(microseconds=1)
    assert posts[2].created_at.minute == 6


def test_days_within_a_log(log):
    posts = log(
        "--- Log opened Sat Jun 01 09:00:00 2024\n09:01 <@ann> a\n"
        "09:02 -!- bob [b@x] has quit\n--- Day changed Sun Jun 02 2024\n00:01 < bob> b\n"
        "2024-06-03 10:00:00\tcy\tc\n",
        "#talk.log",
    )
    assert [(post.author, post.created_at.day) for post in posts] == [
        ("ann", 1),
        ("bob", 2),
        ("cy", 3),
    ]
    assert posts[0].external_id == "#talk:2"


def test_the_day_may_stand_in_the_folders(tmp_path):
    folder = tmp_path / "2008" / "04" / "27"
    folder.mkdir(parents=True)
    (folder / "#ubuntu.txt").write_text("[04:46] <ann> hi\n")
    (post,) = read(tmp_path)
    assert (post.channel, post.external_id) == ("#ubuntu", "#ubuntu/2008-04-27:1")
    assert post.created_at == datetime(2008, 4, 27, 4, 46, tzinfo=UTC)


def test_odd_lines_are_refused_and_the_others_go_on(log):
    found = log(
        b"[10:00] <ann> caf\xe9\n[10:01] <ann> caf\xc3\xa9\n[99:00] <ann> x\nwhat\n"
        b"[10:02] <ann> nul \0\n[10:03] <ann>\n" + b"[10:04] <ann> x\n" * 9
    )
    assert [item.text for item in found if isinstance(item, PostRecord)][:3] == ["café", "café", ""]
    rejects = [item for item in found if isinstance(item, Reject)]
    assert [item.place for item in rejects] == [f"talk_20240601.log, line {n}" for n in (3, 4, 5)]
    assert rejects[2].reason == "`text` holds a NUL character"


def test_a_log_without_a_day_or_of_the_future_is_refused(log):
    (reject,) = log("[10:00] <ann> x\n[10:01] <ann> y\n", "talk.log")
    assert reject.reason == "no day is told: name the file like 2024-06-01.log"
    (reject,) = log("[10:00] <ann> x\n", "talk-2099-01-01.log")
    assert reject.reason == "the line is of 2099; times run from 1980 to now"


def test_other_files_are_none(tmp_path):
    for content in ("", "hello\n", '{"a": 1}\n', "id,author\n1,ann\n", "[1]\n[2]\n"):
        path = tmp_path / "x.txt"
        path.write_text(content)
        with pytest.raises(BadArchive, match="holds no log of a chat"):
            read(path)
        with open_bundle(path) as bundle:
            assert not irc.fits(bundle)


@pytest.mark.shared
def test_the_real_logs(shared_data):
    ubuntu = read(shared_data / "raw_samples" / "irc_ubuntu")
    assert Counter(item.external_id.split(":")[0] for item in ubuntu) == {
        "#ubuntu/2004-12-25.train-c": 1_165,
        "#ubuntu/2008-04-27.train-a": 1_958,
    }
    qtox = read(shared_data / "raw_samples" / "irc_qtox")
    days = Counter(item.external_id.split(":")[0][-2:] for item in qtox)
    assert days == dict(
        zip(
            ("09", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20"),
            (37, 51, 2, 1, 169, 421, 92, 19, 44, 21, 21, 213),
            strict=True,
        )
    )
    for posts, channel in ((ubuntu, "#ubuntu"), (qtox, "#qtox")):
        assert {post.channel for post in posts} == {channel}
        assert len({post.external_id for post in posts}) == len(posts)
        assert [post.created_at for post in posts] == sorted(post.created_at for post in posts)
