"""Archives that are made to take a machine's time and memory are refused before they do."""

import gzip
import json
import os
import resource
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tests.jobs.importers.kinds import SHAPES, unpacked

# Imports each archive it is told of in a process of its own, and says what that took.
DRIVER = """
import json, os, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from jobs.load import load
from service.db.session import open_database
from service.errors import BadArchive
from service.settings import Settings

def run(kind, path, folder):
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    settings = Settings(data_dir=Path(folder))
    database = open_database(settings.url)
    now = datetime(2025, 1, 1, tzinfo=UTC)
    try:
        done = load(database, kind, Path(path), settings, now=now, actor="tester")
        said = [done.added, done.rejected, ""]
    except BadArchive as error:
        said = [0, 0, str(error)]
    Path(folder, "said.json").write_text(json.dumps(said))

for line in sys.stdin:
    pid = os.fork()
    if not pid:
        run(*json.loads(line))
        os._exit(0)
    _, status, used = os.wait4(pid, 0)
    print(json.dumps([status, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024]), flush=True)
"""
SHAPE = {shape.kind: shape for shape in SHAPES}
LARGE = 100
MEGABYTE = b"a" * (1 << 20)
DEEP = b"[" * 100_000
POST = b'{"id": "9", "author": "ann", "created_at": "2024-06-01", "text": "ok"}\n'


@pytest.fixture(scope="module")
def driver():
    """A process that imports what it is told of."""
    root = Path(__file__).parents[3]
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
    )
    yield process
    process.stdin.close()
    process.wait()
    process.stdout.close()


@pytest.fixture
def refuse(driver, store):
    """Import an archive, and check that it is refused soon and without being held."""

    def check(kind, path, good=0):
        driver.stdin.write(json.dumps([kind, str(path), str(store.folder)]) + "\n")
        driver.stdin.flush()
        status, seconds, megabytes = json.loads(driver.stdout.readline())
        assert status == 0
        added, rejected, error = json.loads((store.folder / "said.json").read_text())
        assert rejected or error
        assert added >= good
        # Twice as much, as a machine that runs other tests beside counts its waiting as work.
        assert seconds < 10
        assert megabytes < 300

    return check


def beside(folder, kind, name, *parts):
    """Write the sample of a kind with one file of parts: bytes, or megabytes of a letter."""
    path = SHAPE[kind].write(unpacked(SHAPE[kind].sample(folder)), folder / "bomb")
    place = path / name if path.is_dir() else path
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as out:
        for part in parts:
            text, times = (MEGABYTE, part) if isinstance(part, int) else (part, 1)
            text, times = part if isinstance(part, tuple) else (text, times)
            for _ in range(times):
                out.write(text)
    return path


GUILD = (
    b'{"guild": {"id": "1"}, "channel": {"id": "1", "type": "GuildTextChat"}, "messages": [{"id":'
)
NESTED = [
    ("jsonl", "", (POST, DEEP, b"\n", POST.replace(b"9", b"8")), 2),
    ("jsonl", "", (b"[", POST, b",", b'{"id":' * 100_000), 1),
    ("slack", "general/2024-06-03.json", (b'[{"ts":', DEEP), 4),
    ("discord", "deep.json", (GUILD, DEEP), 5),
    ("discourse", "t-9.json", (b'{"post_stream": {"posts":', DEEP), 4),
    ("github", "deep.json", (DEEP,), 4),
    ("github", "deep.jsonl", (b'{"title":', DEEP), 4),
    ("zulip", "messages-000003.json", (b'{"zerver_message":', DEEP), 3),
    ("zulip", "realm.json", (b'{"zerver_stream":', DEEP), 0),
    ("zulip-archive", "zulip_json/7-help/Deep.json", (DEEP,), 6),
    ("mattermost", "posts/deep.json", (b'{"posts": {"p":', DEEP), 3),
    ("mattermost", "users.json", (b'{"username":', DEEP), 3),
    ("convokit", "utterances.jsonl", (POST.replace(b"text", b"x"), DEEP), 0),
    ("convokit", "speakers.json", (b'{"ann":', DEEP), 6),
    ("events", "", (DEEP, b"\n", b'{"id": 1, "kind": "joined", "occurred_at": "2024-06-01"}'), 1),
    ("accounts", "", (b'{"domain":', DEEP, b"\n", b'{"domain": "a.example"}'), 1),
]


@pytest.mark.parametrize(("kind", "name", "parts", "good"), NESTED)
def test_deep_json(tmp_path, refuse, kind, name, parts, good):
    refuse(kind, beside(tmp_path, kind, name, *parts), good)


UTTERANCE = b'{"id": "1", "speaker": "ann", "timestamp": 1717200000, "text": "'
LONG = [
    ("jsonl", "", (POST[:-5], LARGE, b'"}\n', POST), 1),
    ("events", "", (b'{"id": "', LARGE, b'"}\n'), 0),
    ("accounts", "", (b'{"domain": "', LARGE, b'"}\n{"domain": "a.example"}'), 1),
    ("convokit", "utterances.jsonl", (UTTERANCE, b'ok"}\n', UTTERANCE, LARGE, b'"}\n'), 1),
    ("github", "long.jsonl", (b'{"title": "', LARGE, b'"}\n'), 4),
    ("mattermost", "bulk.jsonl", (b'{"type": "version"}\n{"type": "', LARGE, b'"}\n'), 3),
    ("irc", "#talk/2024-06-02.log", (b"[10:00] <ann> ok\n[10:01] <ann> ", LARGE, b"\n"), 8),
    (
        "csv",
        "",
        (b"id,author,timestamp,text\n1,ann,2024-06-01,", LARGE, b"\n2,b,2024-06-01,x\n"),
        1,
    ),
    ("csv", "", (b'id,author,timestamp,text\n1,ann,2024-06-01,"', LARGE, b'"\n'), 0),
    ("mbox", "", (b"From ann at x.org  Mon Jan  3 10:00:00 2005\nFrom: ", 50, b"\n\nx\n"), 0),
    ("mbox", "", (b"From ann at x.org  Mon Jan  3 10:00:00 2005\nFrom: a@x\n", 50), 0),
    ("stackexchange", "Posts.xml", (b'<posts><row Id="1" Body="', 30, b'"/></posts>'), 0),
]


@pytest.mark.parametrize(("kind", "name", "parts", "good"), LONG)
def test_one_long_thing(tmp_path, refuse, kind, name, parts, good):
    refuse(kind, beside(tmp_path, kind, name, *parts), good)


# Each takes three bytes of the file, and sixty-four of memory.
LISTS = b"[]," * (1 << 18)
FEED = b'{"type": "version"}\n{"type": '
MANY = [
    ("jsonl", "", b'{"id":[', 80),
    ("jsonl", "", b'[{"id":[', 80),
    ("slack", "general/2024-06-03.json", b"[", 120),
    ("discord", "many.json", GUILD + b"[", 120),
    ("discourse", "t-9.json", b'{"post_stream":[', 120),
    ("github", "many.json", b'{"items":[', 120),
    ("github", "many.jsonl", b'{"items":[', 20),
    ("zulip", "messages-000003.json", b'{"zerver_message":[', 120),
    ("zulip-archive", "zulip_json/7-help/Many.json", b"[", 120),
    ("mattermost", "posts/many.json", b'{"posts": {"p":[', 120),
    ("mattermost", "bulk.jsonl", FEED + b"[", 20),
    ("convokit", "utterances.jsonl", b'{"meta":[', 80),
    ("convokit", "speakers.json", b'{"ann":[', 120),
    ("events", "", b'{"data":[', 80),
    ("accounts", "", b'{"domain":[', 80),
]


@pytest.mark.parametrize(("kind", "name", "begin", "times"), MANY)
def test_more_values_than_memory_holds(tmp_path, refuse, kind, name, begin, times):
    end = {ord("["): b"]", ord("{"): b"}"}
    last = begin.split(b"\n")[-1]
    closing = b"".join(end[mark] for mark in reversed(last) if mark in end)
    refuse(kind, beside(tmp_path, kind, name, begin, (LISTS, times), b"0" + closing + b"\n"))


LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"ha") for n in range(12)
)
XML = {
    "doctype": b'<!DOCTYPE posts SYSTEM "http://127.0.0.1:9/x"><posts><row Id="1"/></posts>',
    "entities": b"<!DOCTYPE p [" + LAUGHS + b']><posts><row Body="&l11;"/></posts>',
    "outside": b'<!DOCTYPE p [<!ENTITY f SYSTEM "file:///etc/passwd">]><posts><row B="&f;"/>',
    "late": b"<posts>" + b"\n" * 10_000 + b'<!DOCTYPE p><row Id="1"/></posts>',
    "deep": b"<posts>" * 100_000,
    "attributes": b"<posts><row "
    + b" ".join(b'a%d="1"' % n for n in range(100_000))
    + b"/></posts>",
    "names": b"<posts><row " + b"a" * 3_000_000 + b'="1"/></posts>',
    "text": b"<posts>" + b"words " * 5_000_000 + b"</posts>",
}


@pytest.mark.parametrize("name", XML)
def test_xml(tmp_path, refuse, name):
    refuse("stackexchange", beside(tmp_path, "stackexchange", "Posts.xml", XML[name]))


PACKED = [
    *((kind, "in.gz") for kind in ("jsonl", "csv", "events", "accounts", "mbox", "discord")),
    *((kind, "in.json.gz") for kind in ("github", "discourse", "mattermost")),
    *(("stackexchange", "Posts.xml.gz"), ("irc", "2024-06-01.log.gz"), ("zulip", "in.tar.gz")),
    *(("convokit", "utterances.jsonl.gz"), ("slack", "in.zip")),
]


@pytest.fixture(scope="module")
def zeros():
    """Four hundred megabytes of zeros, packed."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join([*(packer.compress(bytes(1 << 22)) for _ in range(100)), packer.flush()])


@pytest.mark.parametrize(("kind", "name"), PACKED)
def test_nothing_but_zeros(tmp_path, refuse, zeros, kind, name):
    (tmp_path / name).write_bytes(zeros)
    refuse(kind, tmp_path / name)


@pytest.mark.parametrize(
    ("kind", "begin"),
    [
        ("jsonl", POST),
        ("csv", b"id,author,timestamp,text\n1,ann,2024-06-01,ok\n"),
        ("mbox", b"From ann at x.org  Mon Jan  3 10:00:00 2005\nFrom: a@x\n\n"),
        ("irc", b"[10:00] <ann> ok\n"),
        ("stackexchange", b"<posts>\n"),
    ],
)
def test_zeros_behind_an_honest_beginning(tmp_path, refuse, zeros, kind, begin):
    name = {"irc": "2024-06-01.log.gz", "stackexchange": "Posts.xml.gz"}.get(kind, "in.gz")
    (tmp_path / name).write_bytes(gzip.compress(begin) + zeros)
    refuse(kind, tmp_path / name)


def test_all_kinds_have_met_a_bomb():
    met = {case[0] for case in (*NESTED, *LONG, *PACKED)}
    assert met == set(SHAPE)
