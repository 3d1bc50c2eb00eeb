"""The command line as people and scripts use it: what it prints, and how it ends."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import orjson
import pytest
from sqlalchemy.exc import OperationalError

from jobs import cli
from jobs.commands.look import cut, sparkline
from service.db.queries.audit import newest_first
from service.db.session import open_database
from tests.jobs.community import records, write
from tests.jobs.conftest import Run


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write(tmp_path / "archive.jsonl", records())


def test_import_run_search_trends(groundswell: Run, archive: Path) -> None:
    code, out, _ = groundswell("import", "jsonl", archive)
    assert code == 0
    assert f"archive: {len(records())} added, 0 updated, 0 unchanged, 0 rejected" in out
    assert "0 added" in groundswell("import", "jsonl", archive)[1]

    code, out, _ = groundswell("run", "--json")
    first = orjson.loads(out)
    assert (code, first["idle"]) == (0, False)
    assert first["steps"]["encode"]["posts"] == len(records())
    assert first["steps"]["judge"]["posts"] == len(records())
    assert first["step_seconds"].keys() == first["steps"].keys()
    assert groundswell("run")[1].startswith("nothing to do")

    found = orjson.loads(groundswell("search", "pdf margin", "--limit", "3", "--json")[1])
    assert [hit["channel"] for hit in found["data"]] == ["export-room"] * 3
    assert found["data"][0]["score"] >= found["data"][2]["score"]

    rising = orjson.loads(groundswell("trends", "--json")[1])
    assert rising["trends"][0]["channels"][0][0] == "sync-room"
    out = groundswell("trends")[1]
    assert "people in the last day" in out
    assert "█" in out


def test_search_filters(groundswell: Run, archive: Path) -> None:
    groundswell("import", "jsonl", archive)
    groundswell("run")
    for option, value, key in (
        ("--channel", "theme-room", "channel"),
        ("--author", "sync3", "author"),
    ):
        found = orjson.loads(groundswell("search", "pdf", option, value, "--json")[1])
        assert {hit[key] for hit in found["data"]} == {value}
    early = orjson.loads(groundswell("search", "pdf", "--before", "2024-03-20", "--json")[1])
    assert {hit["created_at"][:10] <= "2024-03-20" for hit in early["data"]} == {True}
    assert groundswell("search", "pdf", "--channel", "nowhere")[1] == "nothing found\n"


def test_dates_of_a_search_are_whole_days(groundswell: Run, tmp_path: Path) -> None:
    days = ("2024-10-04T23:59:59Z", "2024-10-05T00:00:00Z", "2024-10-05T23:59:59Z", "2024-10-06")
    rows = [row | {"created_at": day} for row, day in zip(records(), days, strict=False)]
    groundswell("import", "jsonl", write(tmp_path / "days.jsonl", rows))
    groundswell("run", "--steps", "encode,index")

    def found(*options: str) -> list[str]:
        printed = groundswell("search", str(rows[0]["text"]), *options, "--json")[1]
        return sorted(hit["created_at"][8:13] for hit in orjson.loads(printed)["data"])

    assert found("--after", "2024-10-05") == ["05T00", "05T23", "06T00"]
    assert found("--before", "2024-10-05") == ["04T23", "05T00", "05T23"]
    assert found("--after", "2024-10-05", "--before", "2024-10-05") == ["05T00", "05T23"]
    assert found("--after", "2024-10-05T12:00Z") == ["05T23", "06T00"]
    assert found("--before", "2024-10-05T12:00Z") == ["04T23", "05T00"]


def test_what_became_private_is_named(groundswell: Run, tmp_path: Path) -> None:
    [first, second, *_] = records()
    groundswell("import", "jsonl", write(tmp_path / "one.jsonl", [first, second]))
    rows = [first | {"visibility": "private"}]
    code, out, _ = groundswell("import", "jsonl", write(tmp_path / "one.jsonl", rows))
    assert code == 0
    assert "  1 private posts left out\n  1 posts withdrawn that are private now\n" in out


def test_rejected_records_end_in_3_with_their_places(groundswell: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "mixed.jsonl", records()[:5])
    path.write_bytes(path.read_bytes() + b"{broken\n")
    code, out, _ = groundswell("import", "jsonl", path, "--json")
    result = orjson.loads(out)
    assert (code, result["added"], result["rejected"]) == (3, 5, 1)
    reject = orjson.loads(Path(result["rejects_file"]).read_bytes())
    assert reject["place"] == "line 6"


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("import", "jsonl", "nowhere.jsonl"), 1, "nowhere.jsonl"),
        (("import", "nothing", "x"), 1, "use jsonl"),
        (("import", "jsonl", "."), 1, "folder"),
        (("search", "x"), 1, "groundswell run"),
        (("trends",), 1, "groundswell import"),
        (("trends", "--as-of", "soon"), 2, "2024-10-05"),
        (("trends", "--as-of", "0001-01-02"), 2, "1980 to 2200"),
        (("run", "--as-of", "9999-12-31"), 2, "1980 to 2200"),
        (("search", "x", "--after", "0001-01-01T00:00+05:00"), 2, "1980 to 2200"),
        (("keys", "create", "x", "--days", "99999999"), 2, "36500"),
        (("keys", "create", "local"), 2, "`local`"),
        (("run", "--steps", "dance"), 2, "encode, judge, heat, index"),
        (("evaluate", "nothing"), 2, "emotion, encoder, fairness, hostility"),
        (("evaluate", "encoder"), 2, "GROUNDSWELL_ENCODER"),
        (("keys", "create", "x", "--scopes", "root"), 2, "read"),
        (("serve", "--host", "0.0.0.0", "--port", "0"), 1, "groundswell keys create"),
        (("dance",), 2, "dance"),
    ],
)
def test_errors_are_one_line_that_names_the_fix(
    groundswell: Run, arguments: tuple[str, ...], code: int, line: str
) -> None:
    found, out, error = groundswell(*arguments)
    assert (found, out) == (code, "")
    assert line in error
    assert "Traceback" not in error


def test_a_setting_that_is_none_is_named(groundswell: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_PROT", "1")
    code, _, error = groundswell("run")
    assert (code, error) == (
        2,
        "groundswell: GROUNDSWELL_PROT is no setting of Groundswell; did you mean "
        "GROUNDSWELL_PORT?\n",
    )


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(28, "No space left on device", "x.bin"), "x.bin: No space left on device"),
        (OSError("odd"), "OSError"),
        (
            OperationalError("UPDATE", {}, Exception("database is locked\nDETAIL: words")),
            "the database gave up: database is locked",
        ),
    ],
)
def test_faults_of_the_machine_are_one_line(
    groundswell: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    def fall(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fall)
    expected = f"groundswell: {line}; when that is mended, run it again\n"
    assert groundswell("run") == (1, "", expected)


def test_keys_are_shown_once(groundswell: Run) -> None:
    made = orjson.loads(groundswell("keys", "create", "bot", "--scopes", "read,write", "--json")[1])
    assert made["key"].startswith("gsk_")
    [listed] = orjson.loads(groundswell("keys", "list", "--json")[1])
    assert (listed["name"], listed["revoked_at"]) == ("bot", None)
    assert made["key"] not in groundswell("keys", "list")[1]
    assert groundswell("keys", "revoke", "bot")[0] == 0
    assert orjson.loads(groundswell("keys", "list", "--json")[1])[0]["revoked_at"]
    assert groundswell("keys", "revoke", "nobody")[0] == 1


def test_doctor_says_what_needs_mending(groundswell: Run, archive: Path, tmp_path: Path) -> None:
    assert groundswell("doctor")[0] == 0
    groundswell("import", "jsonl", archive)
    code, out, _ = groundswell("doctor", "--json")
    found = orjson.loads(out)
    assert (code, found["ok"]) == (1, False)
    assert "groundswell run" in found["index"]
    assert found["data_dir"] == str(tmp_path / "data")
    groundswell("run")
    assert groundswell("doctor")[0] == 0
    assert groundswell("rebuild-index", "--json")[0] == 0
    place = f"sqlite:///{tmp_path}/data/groundswell.sqlite3"
    with closing(open_database(place)) as database, database.read() as session:
        entry = newest_first(session, 1)[0]
    assert (entry.actor, entry.action, entry.target) == ("local", "index.rebuild", "hashing")
    assert entry.detail == {"vectors": len(records())}


def test_work_does_what_waits(groundswell: Run) -> None:
    assert groundswell("work", "--once")[1] == "0 jobs done\n"
    assert "is up to date" in groundswell("migrate")[1]


def test_a_sparkline_reaches_its_top() -> None:
    assert sparkline([0, 4, 8]) == " ▄█"
    assert sparkline([]) == ""
    assert cut("one two three", 8) == "one two …"
