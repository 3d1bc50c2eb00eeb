"""Tables that no spreadsheet runs, and Parquet with typed columns."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.csv_guard import guard, unguard
from jobs.export import formats
from service.errors import BadSetting
from tests.jobs.export.conftest import ODD, Store, dump

SIGNS = "=+-@＝＋－＠"
MARKS = st.sampled_from("'=+-@＝\t\r\n \u00a0\ufeffa")


@given(st.text(MARKS) | st.text())
def test_a_guarded_cell_is_no_formula_and_loses_nothing(text: str) -> None:
    found = guard(text)
    assert unguard(found) == text
    assert not found.startswith(tuple(f"{SIGNS}\t\r\n"))
    assert not found.strip("\ufeff \u00a0\t\r\n").startswith(tuple(SIGNS))


@pytest.mark.parametrize(
    ("cell", "guarded"),
    [
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("  @sum", "'  @sum"),
        ("\u00a0＝1", "'\u00a0＝1"),
        ("\tx", "'\tx"),
        ("don't", "don't"),
        ("'quoted'", "'quoted'"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_only_risky_cells_are_guarded(cell: str, guarded: str) -> None:
    assert guard(cell) == guarded


def test_no_cell_of_a_table_is_a_formula(full: Store) -> None:
    found = list(csv.DictReader(io.StringIO(dump(full, "csv").decode(), newline="")))
    assert len(found) == 23
    cells = [cell for row in found for cell in row.values()]
    assert not [cell for cell in cells if cell.strip("\ufeff \u00a0\t\r\n")[:1] in set(SIGNS)]
    assert {unguard(row["text"]) for row in found} >= {*ODD, "-2, edited"} - {"-1"}
    assert found[0].keys() == {*formats.ALWAYS, *SOMETIMES}
    ann = next(row for row in found if row["id"] == "p0")
    names = ("created_at", "is_staff", "is_bot", "resolved", "edited_at")
    assert [ann[name] for name in names] == ["2024-06-01T00:00:00Z", "true", "false", "", ""]


SOMETIMES = (
    "reactions",
    "accepted_answer_id",
    "resolved",
    "url",
    "edited_at",
    "flat",
    "truncated",
    "author_name",
    "author_links",
    "is_staff",
    "is_deleted",
)


def test_parquet_holds_the_same_in_typed_columns(full: Store) -> None:
    pytest.importorskip("pyarrow", reason="needs groundswell[parquet]")
    from pyarrow import parquet

    found: list[dict[str, Any]] = parquet.read_table(
        io.BytesIO(dump(full, "parquet", emails=True))
    ).to_pylist()
    by_id = {row["id"]: row for row in found}
    assert len(found) == 23
    assert by_id["p0"]["created_at"] == datetime(2024, 6, 1, tzinfo=UTC)
    assert by_id["p0"]["edited_at"] is None
    assert by_id["p0"]["author_links"] == ["https://ann.example.org", "https://b.example.org"]
    assert by_id["p0"]["reactions"][2] == {"name": "heart", "author": None, "count": 3}
    assert [by_id[f"p{n}"]["text"] for n in (0, 2, 12)] == [ODD[0], ODD[2], ""]
    assert by_id["p4"]["resolved"] is True
    assert dump(full, "parquet") == dump(full, "parquet")


def test_without_pyarrow_the_error_names_the_extra(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(formats, "import_module", missing)
    with pytest.raises(BadSetting, match=r"pip install -e '\.\[parquet\]'"):
        dump(full, "parquet")
