"""`groundswell export` as people and scripts use it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import typer

from jobs import cli
from jobs.commands.export import export_archive
from tests.jobs.conftest import Run
from tests.jobs.export.conftest import Store, dump, fill


@pytest.fixture
def shop(new_store: Callable[[], Store], monkeypatch: pytest.MonkeyPatch) -> Store:
    """The full store, named by the environment."""
    store = fill(new_store())
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(store.folder))
    return store


@pytest.fixture
def export(groundswell: Run, shop: Store, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs the command; it gives exit code, output and error output."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(export_archive)
    monkeypatch.setattr(cli, "app", app)
    return groundswell


def test_posts_go_to_standard_output_or_to_a_file(export: Run, shop: Store, tmp_path: Path) -> None:
    code, out, err = export()
    assert (code, err) == (0, "")
    assert out.encode() == dump(shop)
    path = tmp_path / "out.csv"
    assert export("--out", path) == (0, f"wrote 23 posts to {path}\n", "")
    assert path.read_bytes() == dump(shop, "csv")
    code, out, _ = export(
        "--out", path, "--format", "jsonl", "--include-private", "--include-emails", "--json"
    )
    assert (code, orjson.loads(out)) == (
        0,
        {"posts": 26, "format": "jsonl", "out": str(path)},
    )
    assert path.read_bytes() == dump(shop, private=True, emails=True)


def test_every_table_goes_to_a_new_folder(export: Run, tmp_path: Path) -> None:
    code, out, err = export("--all", tmp_path / "all", "--no-raw", "--json")
    assert (code, err) == (0, "")
    assert orjson.loads(out)["rows"]["posts"] == 27
    assert len(list((tmp_path / "all").iterdir())) == 15
    code, out, err = export("--all", tmp_path / "all")
    assert (code, out) == (2, "")
    assert err == (
        f"groundswell: {tmp_path / 'all'} is there and not an empty folder: name a new one\n"
    )
    code, out, _ = export("--all", tmp_path / "again")
    assert code == 0
    assert "27 posts" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--format", "xml"], 2, "no format is called 'xml': use jsonl, csv, parquet"),
        (["--format", "parquet"], 2, "Parquet is no text: name a file with --out"),
        (["--json"], 2, "--json needs --out"),
        (["--all", "x", "--format", "csv"], 2, "--all writes everything"),
        (["--all", "x", "--include-private"], 2, "--all writes everything"),
        (["--out", "/dev/null"], 2, "/dev/null is no regular file"),
        (["--no-raw"], 2, "--no-raw goes with --all DIR"),
        (["--out", "/no/such/x.csv"], 2, "/no/such/x.csv: there is no folder /no/such: make it"),
        (["--all", "/no/such/all"], 2, "/no/such/all: there is no folder /no/such: make it"),
    ],
)
def test_errors_are_one_line(export: Run, arguments: list[str], code: int, message: str) -> None:
    found, out, err = export(*arguments)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert message in err


def test_an_empty_store_gives_no_line(
    groundswell: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = typer.Typer()
    app.command()(export_archive)
    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(store.folder))
    assert groundswell() == (0, "", "")
    assert groundswell("--format", "csv")[1].startswith("id,thread_id,thread_title,")
