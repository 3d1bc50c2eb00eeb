"""Which sources are synced, by the command too: errors, exit codes, locks, the next time."""

from __future__ import annotations

import sys
from collections.abc import Callable

import orjson
import pytest
import typer
from sqlalchemy import text

from jobs import output
from jobs.commands.sync import sync as command
from jobs.lock import hold
from jobs.sync.run import _lock
from jobs.sync.store import tidy
from service.db.queries import sources
from service.db.session import Database
from service.errors import Busy, GroundswellError, InvalidInput
from service.ingest.records import Deletion, PostRecord, Reject
from service.settings import Settings
from tests.conftest import NOW
from tests.jobs.conftest import Import
from tests.jobs.sync.conftest import Rows, Serve, Sync
from tests.jobs.sync.forum import Forum
from tests.jobs.sync.local import Reply

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `sync` and returns exit code, output and error output."""
    monkeypatch.setattr("jobs.commands.sync.clock", lambda: NOW)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(command)

    def run_it(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sync", *arguments])
        code = 0
        try:
            app()
        except GroundswellError as error:
            output.complain(f"groundswell: {error}")
            code = error.exit_code
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capfd.readouterr()

    return run_it


def forum(topics: int) -> Forum:
    """Return a forum of topics of two posts."""
    found = Forum()
    for topic in range(1, topics + 1):
        found.add(topic)
    return found


def test_a_source_is_made_and_then_all_are_synced(serve: Serve, run: Run, rows: Rows) -> None:
    first, second = forum(1), forum(2)
    one, two = serve(first.answer), serve(second.answer)
    code, out, _ = run("discourse", one.url)
    assert (code, "127.0.0.1: 2 added" in out) == (0, True)
    code, out, _ = run("discourse", two.url, "--source", "second", "--json")
    report = orjson.loads(out)["sources"]
    assert (code, len(report)) == (0, 1)
    assert report[0]["source"] == "second"
    assert report[0]["error"] is None
    assert report[0]["imported"]["added"] == 4
    first.add(5)
    second.add(6)
    code, out, _ = run("--json")
    report = orjson.loads(out)["sources"]
    assert [(one["source"], one["imported"]["added"]) for one in report] == [
        ("127.0.0.1", 2),
        ("second", 2),
    ]
    assert rows("SELECT count(*) FROM post") == [(10,)]
    code, out, _ = run("discourse", two.url)
    assert (code, "second: 0 added" in out) == (0, True)


def test_one_that_fails_does_not_stop_the_others(serve: Serve, run: Run, rows: Rows) -> None:
    first, second = forum(1), forum(1)
    one, two = serve(first.answer), serve(second.answer)
    run("discourse", one.url, "--source", "first")
    run("discourse", two.url, "--source", "second")
    one.fail(Reply(status=404), "/latest.json")
    second.add(2)
    code, out, err = run()
    assert (code, "second: 2 added" in out) == (1, True)
    assert err == (
        f"groundswell: first: {one.url[7:]} has no /latest.json: check the address and what "
        "GROUNDSWELL_DISCOURSE_TOKEN may read\n"
    )


def test_refused_records_are_counted_by_the_exit_code(serve: Serve, run: Run) -> None:
    found = forum(1)
    found.topics[1].append({"id": 7})
    code, out, _ = run("discourse", serve(found.answer).url)
    assert (code, "1 rejected" in out, "rejected records, with place" in out) == (3, True, True)


def test_what_came_before_an_error_is_shown(serve: Serve, run: Run) -> None:
    server = serve(forum(2).answer)
    server.fail(Reply(status=401), "/t/2.json")
    code, out, err = run("discourse", server.url)
    assert (code, "127.0.0.1: 2 added" in out) == (1, True)
    assert "to nobody without a token: set GROUNDSWELL_DISCOURSE_TOKEN" in err
    assert err.count("\n") == 1


def test_a_dead_address_shows_the_error_alone(serve: Serve, run: Run) -> None:
    server = serve(forum(1).answer)
    for _ in range(2):
        server.fail(Reply(status=404), "/latest.json")
        code, out, err = run("discourse", server.url)
        assert (code, out, err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no source is synced yet"),
        (("discourse",), "write `groundswell sync KIND ADDRESS`"),
        (("smoke", "signals"), "no live source is called 'smoke': use discourse, github"),
        (("discourse", "x.org", "--source", " "), "a source needs a name"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], words: str, run: Run) -> None:
    code, _, err = run(*arguments)
    assert (code, words in err) == (2, True)


def test_a_token_never_shows(
    serve: Serve, run: Run, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_DISCOURSE_TOKEN", "s3cret-key")
    monkeypatch.setenv("GROUNDSWELL_DISCOURSE_USER", "robot")
    server = serve(forum(1).answer)
    server.fail(Reply({"errors": ["s3cret-key is no key"]}, 403), "/latest.json")
    code, out, err = run("discourse", server.url)
    assert (code, server.asked[0].headers["api-key"]) == (1, "s3cret-key")
    assert "s3cret" not in out + err
    code, out, err = run("discourse", server.url, "--json")
    tables = [table for (table,) in rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    stored = [row for table in tables for row in rows(f'SELECT * FROM "{table}"')]
    assert code == 0
    assert "s3cret" not in out + err + str(stored)


def test_two_syncs_of_one_source_do_not_run_together(
    serve: Serve, pull: Sync, settings: Settings
) -> None:
    server = serve(forum(1).answer)
    with hold(_lock(settings.data_dir, "127.0.0.1")), pytest.raises(Busy):
        pull("discourse", server.url)
    assert server.asked == []
    with hold(_lock(settings.data_dir, "another")):
        assert pull("discourse", server.url).error is None


def test_names_and_addresses_belong_together(serve: Serve, pull: Sync) -> None:
    one, two = serve(forum(1).answer), serve(forum(1).answer)
    pull("discourse", one.url)
    with pytest.raises(InvalidInput, match=f"127.0.0.1 is synced from {one.url}"):
        pull("discourse", two.url)
    with pytest.raises(InvalidInput, match=r"is synced as 127.0.0.1: leave out --source"):
        pull("discourse", one.url, name="other")


def test_a_wrong_address_leaves_nothing(serve: Serve, pull: Sync, rows: Rows) -> None:
    server = serve(lambda asked: Reply({"not": "a forum"}, 404))
    assert "has no /latest.json" in (pull("discourse", server.url).error or "")
    assert rows("SELECT count(*) FROM source") == [(0,)]
    assert rows("SELECT count(*) FROM audit_entry") == [(0,)]


def test_a_damaged_cursor_begins_anew(
    serve: Serve, pull: Sync, rows: Rows, database: Database
) -> None:
    server = serve(forum(2).answer)
    pull("discourse", server.url)
    for broken in ("{", "[1]", '{"topics": [1, [2]], "bumped_at": 7}'):
        with database.write() as session:
            session.execute(text("UPDATE source SET cursor = :cursor"), {"cursor": broken})
        result = pull("discourse", server.url)
        assert (result.error, result.imported.unchanged) == (None, 4)


def test_a_source_that_was_imported_goes_on_live(
    serve: Serve, pull: Sync, bring: Import, rows: Rows
) -> None:
    bring([{"id": "1000", "author": "user1", "timestamp": "2026-05-01T10:40:00Z", "text": "old"}])
    result = pull("discourse", serve(forum(1).answer).url, name="archive")
    assert (result.error, result.imported.added, result.imported.updated) == (None, 1, 1)
    assert rows("SELECT name, kind FROM source") == [("archive", "discourse")]


def test_a_crash_before_the_cursor_is_written_repeats_the_page(
    serve: Serve, pull: Sync, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(forum(2).answer)

    def crash(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sources, "advance", crash)
        with pytest.raises(KeyboardInterrupt):
            pull("discourse", server.url)
    assert rows("SELECT count(*) FROM post") == [(2,)]
    assert rows("SELECT cursor FROM source") == [(None,)]
    result = pull("discourse", server.url)
    assert (result.imported.added, result.imported.unchanged) == (2, 2)


def test_of_a_post_that_comes_twice_in_a_page_the_last_counts() -> None:
    def post(id_: str, words: str) -> PostRecord:
        return PostRecord(id_, "ada", NOW, words, source="elsewhere")

    reject = Reject("a line", "no post")
    items = [post("1", "a"), Deletion("2", "elsewhere"), reject, post("1", "b"), post("3", "c")]
    found = tidy([*items, Deletion("3")])
    assert found == [
        PostRecord("1", "ada", NOW, "b"),
        Deletion("2"),
        Deletion("3"),
        reject,
    ]
