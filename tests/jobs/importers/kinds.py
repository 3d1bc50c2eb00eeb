"""A small archive of every kind, and how each is taken apart into records and put together."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson

from jobs.importers.bundle import open_bundle
from jobs.importers.registry import importer
from service.ingest.records import (
    AccountRecord,
    Deletion,
    EventRecord,
    Item,
    PostRecord,
    Progress,
    Reject,
)
from tests.jobs.importers import (
    test_convokit,
    test_csv,
    test_discord,
    test_discourse,
    test_github,
    test_irc,
    test_jsonl,
    test_mattermost,
    test_mbox,
    test_slack,
    test_stackexchange,
    test_zulip_export,
)

NOW = datetime(2025, 1, 1, tzinfo=UTC)
Files = dict[str, bytes]


@dataclass(frozen=True)
class Cut:
    """How a file is taken apart into records, and made of some of them in another order."""

    apart: Callable[[bytes], list[Any]]
    together: Callable[[bytes, list[Any]], bytes]


@dataclass(frozen=True)
class Whole:
    """A file that is no good in parts; files with one key go together."""

    key: Callable[[str], str] = str


@dataclass(frozen=True)
class Shape:
    """A kind: its sample, which of its files are cut how, and what the sample holds.

    Files that no pattern of `cuts` fits say what the others need, and lie beside every part.
    """

    kind: str
    sample: Callable[[Path], Path]
    cuts: dict[str, Cut | Whole]
    private: dict[str, str] = field(default_factory=dict)
    bots: frozenset[str] = frozenset()

    def cut(self, name: str) -> Cut | Whole | None:
        """Return how a file is cut; None for one that lies beside every part."""
        found = (cut for pattern, cut in self.cuts.items() if fnmatchcase(name, pattern))
        return next(found, None)

    def units(self, files: Files) -> list[list[tuple[str, Any]]]:
        """Return what may be dealt out: records with the names of their files."""
        found: list[list[tuple[str, Any]]] = []
        groups: dict[str, list[tuple[str, Any]]] = {}
        for name, raw in files.items():
            cut = self.cut(name)
            if isinstance(cut, Whole):
                groups.setdefault(cut.key(name), []).append((name, raw))
            elif cut is not None:
                found += [[(name, record)] for record in cut.apart(raw)]
        return found + list(groups.values())

    def build(self, files: Files, units: Iterable[list[tuple[str, Any]]]) -> Files:
        """Return the files of an archive of some units, in their order."""
        pieces = [piece for unit in units for piece in unit]
        built: Files = {}
        for name, raw in files.items():
            cut = self.cut(name)
            mine = [record for where, record in pieces if where == name]
            if isinstance(cut, Cut):
                built[name] = cut.together(raw, mine)
            elif cut is None or mine:
                built[name] = raw if cut is None else mine[0]
        return built

    def write(self, files: Files, folder: Path) -> Path:
        """Write an archive under the name of the sample, and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        single = self.kind in SINGLE
        root = folder if single else folder / ROOTS.get(self.kind, self.kind)
        for name, raw in files.items():
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(raw)
        return root / next(iter(files)) if single else root

    def read(self, path: Path, heard: Progress = lambda done, total: None) -> list[Item]:
        """Return the items of an archive."""
        reader = importer(self.kind).read
        assert reader is not None
        return list(reader(path, now=NOW, progress=heard))


def unpacked(path: Path) -> Files:
    """Return the files of an archive, by name."""
    with open_bundle(path) as bundle:
        return {entry.name: bundle.read(entry.name) for entry in bundle.entries}


def key(item: Item) -> tuple[str, str]:
    """Return what tells an item from others of its archive."""
    if isinstance(item, AccountRecord):
        return "account", item.domain
    if isinstance(item, EventRecord):
        return "event", item.external_id
    assert isinstance(item, PostRecord | Deletion)
    return item.source or "", item.external_id


def keys(items: Iterable[Item]) -> set[tuple[str, str]]:
    """Return the keys of all posts, events and accounts among items."""
    return {key(item) for item in items if not isinstance(item, Reject | Deletion)}


def check(item: Item) -> None:
    """Check what every item of every importer must be."""
    if isinstance(item, Reject):
        assert item.place.strip()
        assert item.reason.strip()
        assert "\n" not in item.place + item.reason
        assert len(item.reason) < 500
        (item.place + item.reason + item.raw).encode()
        assert len(item.raw) <= 2_000
        return
    assert item.place.strip()
    assert key(item)[1].strip()
    if isinstance(item, PostRecord):
        _check_post(item)
    if isinstance(item, EventRecord):
        _check_time(item.occurred_at)
        orjson.dumps(item.data)


def _check_post(post: PostRecord) -> None:
    assert isinstance(post.raw, bytes)
    assert len(post.raw) <= 64 << 10
    assert post.visibility in ("public", "private", "direct")
    _check_time(post.created_at)
    if post.edited_at is not None:
        _check_time(post.edited_at)
    told = (post.author, post.thread_id, post.parent_id, post.channel, post.author_name)
    for value in (post.external_id, post.author, *told[1:]):
        assert value is None or (value.strip() and len(value) <= 400), value
    for value in (*told, post.text, post.thread_title, post.url, post.author_email):
        assert value is None or "\0" not in value
        (value or "").encode()
    for reaction in post.reactions or ():
        assert reaction.name
        assert abs(reaction.count) < 2**31
    assert post.digest()


def _check_time(at: datetime) -> None:
    assert at.utcoffset() == timedelta(0)
    assert datetime(1980, 1, 1, tzinfo=UTC) <= at < NOW + timedelta(days=1)


def _lines(raw: bytes) -> list[Any]:
    return [line for line in raw.split(b"\n") if line.strip()]


LINES = Cut(_lines, lambda raw, kept: b"".join(line + b"\n" for line in kept))


def _rows(raw: bytes) -> list[Any]:
    return list(csv.reader(io.StringIO(raw.decode(), newline="")))[1:]


def _table(raw: bytes, kept: list[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(kept)
    return raw.split(b"\n", 1)[0] + b"\n" + out.getvalue().encode()


TABLE = Cut(_rows, _table)


def within(name: str = "") -> Cut:
    """Return the cut of a JSON list, or of the one that an object has under a name."""

    def apart(raw: bytes) -> list[Any]:
        value = orjson.loads(raw)
        return [orjson.dumps(entry) for entry in (value[name] if name else value)]

    def together(raw: bytes, kept: list[Any]) -> bytes:
        listed = b"[" + b",".join(kept) + b"]"
        if not name:
            return listed
        value = orjson.loads(raw) | {name: "@"}
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).replace(b'"@"', listed)

    return Cut(apart, together)


ROW = re.compile(rb"^<row .*/>\n?", re.MULTILINE)


def _elements(raw: bytes, kept: list[Any]) -> bytes:
    head, tail = raw[: raw.index(b"<row")], raw[raw.rindex(b"/>") + 2 :]
    return head + b"".join(kept) + tail.lstrip(b"\n")


ELEMENTS = Cut(ROW.findall, _elements)
LETTERS = Cut(
    lambda raw: [b"From ann at" + part for part in raw.split(b"From ann at")[1:]],
    lambda raw, kept: b"".join(kept),
)

ZULIP = {"id": 1, "sender_full_name": "Ann", "timestamp": 1717200000, "content": "<p>hello</p>"}
EVENTS = [
    {"id": f"e{n}", "kind": kind, "occurred_at": "2024-06-01", "member": f"m{n % 3}"}
    for n, kind in enumerate(("joined", "invited", "attended", "viewed", "churned", "cost"))
]
COMPANIES = [{"domain": f"{name}.example", "annual_value": 5} for name in "abcdef"]


def _listed(folder: Path, name: str, rows: list[Any]) -> Path:
    path = folder / name
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def events(folder: Path) -> Path:
    """Write events of three members."""
    return _listed(folder, "events.jsonl", EVENTS)


def accounts(folder: Path) -> Path:
    """Write six companies."""
    return _listed(folder, "companies.jsonl", COMPANIES)


def zulip_archive(folder: Path) -> Path:
    """Write three topics in two channels."""
    said = [("Ann", "hello"), ("Bob", "hi"), ("Cy", "yes"), ("Ann", "well"), ("build bot", "red")]
    rows = [
        ZULIP | {"id": n, "sender_full_name": author, "content": f"<p>{text}</p>"}
        for n, (author, text) in enumerate([*said, ("Bob", "bye")], start=1)
    ]
    root = folder / "our_zulip" / "zulip_json"
    for place, part in (
        ("7-help/How.json", rows[:3]),
        ("7-help/.E2.9C.94.20Done.json", rows[3:4]),
        ("8-builds/Red.json", rows[4:]),
    ):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(orjson.dumps(part))
    return root.parent


def discord(folder: Path) -> Path:
    """Write the sample of Discord without its join, which counts beside its member's posts only."""
    files = test_discord.files()
    for document in files.values():
        rows = document["messages"]
        document["messages"] = [row for row in rows if row["type"] != "GuildMemberJoin"]
    return test_discord.write(folder / "acme", files)


def zulip_export(folder: Path) -> Path:
    """Write the sample of Zulip's own export, with one view of whether a topic is resolved."""
    files = test_zulip_export.files()
    for row in files["zulip-export/messages-000002.json"]["zerver_message"]:
        row["subject"] = row["subject"].replace("How", "✔ How")
    return test_zulip_export.pack(folder / "zulip-export.tar.gz", files)


def _topic(name: str) -> str:
    return "-".join(name.removesuffix(".json").split("-")[:2])


SINGLE = ("jsonl", "csv", "mbox", "events", "accounts")
ROOTS = {"irc": "logs", "stackexchange": "tea.stackexchange.com", "zulip-archive": "our_zulip"}
SHAPES = [
    Shape("jsonl", test_jsonl.sample, {"*": LINES}, {"6": "private"}, frozenset(["nightly bot"])),
    Shape("csv", test_csv.sample, {"*": TABLE}, {"6": "private"}, frozenset(["nightly"])),
    Shape(
        "slack",
        test_slack.sample,
        {"*/*.json": Whole()},
        {
            "G1/1717200007.000100": "private",
            "D1/1717200008.000100": "direct",
            "G2/1717200009.000100": "direct",
        },
        frozenset(["U3"]),
    ),
    Shape(
        "discord",
        discord,
        {"*.json": within("messages")},
        {"300": "direct"},
        frozenset(["503"]),
    ),
    Shape(
        "discourse",
        test_discourse.sample,
        {"t-*.json": Whole(_topic)},
        {"31": "direct"},
        frozenset(["system"]),
    ),
    Shape(
        "github",
        test_github.sample,
        {"issues.json": within(), "comments.json": within(), "*.json": Whole()},
        {"issue-3": "private"},
        frozenset(["ci[bot]"]),
    ),
    Shape(
        "zulip",
        zulip_export,
        {"messages-*.json": within("zerver_message")},
        {"4": "direct", "5": "direct", "6": "private"},
        frozenset(["12", "1"]),
    ),
    Shape("zulip-archive", zulip_archive, {"*/*.json": within()}, {}, frozenset(["build bot"])),
    Shape(
        "mattermost",
        test_mattermost.sample,
        {"posts/*.json": Whole()},
        {"s1": "private", "s2": "private"},
        frozenset(["u3"]),
    ),
    Shape(
        "stackexchange",
        test_stackexchange.sample,
        {"Comments.xml": ELEMENTS},
        {},
        frozenset(["-1"]),
    ),
    Shape("mbox", test_mbox.sample, {"*": LETTERS}, {}, frozenset(["nightly@x.org"])),
    Shape("irc", test_irc.sample, {"*.log": Whole()}, {}, frozenset(["nightlybot"])),
    Shape(
        "convokit",
        test_convokit.sample,
        {"utterances.jsonl": LINES},
        {},
        frozenset(["nightly bot"]),
    ),
    Shape("events", events, {"*": LINES}),
    Shape("accounts", accounts, {"*": LINES}),
]
