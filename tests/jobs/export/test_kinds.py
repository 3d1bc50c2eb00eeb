"""What any importer brought in goes out, comes in again, and goes out equal."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from jobs.importers.registry import KINDS
from jobs.refill.store import refill
from tests.jobs.export.conftest import NOW, Store, dump, dump_all

New = Callable[[], Store]
MODULES = {"zulip": "zulip_export"}


@pytest.mark.parametrize("kind", [*KINDS])
def test_every_kind_survives_the_round_trip(kind: str, new_store: New, tmp_path: Path) -> None:
    name = MODULES.get(kind, kind.replace("-", "_"))
    try:
        sample = import_module(f"tests.jobs.importers.test_{name}").sample
    except (ModuleNotFoundError, AttributeError):
        pytest.skip(f"{kind} has no sample of posts")
    (tmp_path / "sample").mkdir()
    archive = sample(tmp_path / "sample")
    first = new_store()
    if kind == "groundswell":
        refill(first.database, archive, now=NOW, actor="tester")
    else:
        first.read(archive, kind=kind, include_private=True)
    wanted = dump(first, private=True, emails=True)
    assert wanted.count(b"\n") >= 6
    for format in ("jsonl", "csv"):
        path = tmp_path / f"out.{format}"
        path.write_bytes(dump(first, format, private=True, emails=True))
        other = new_store()
        assert other.read(path, kind=format, include_private=True).rejected == 0
        assert dump(other, private=True, emails=True) == wanted
    every = dump_all(first, tmp_path / "all")
    last = new_store()
    refill(last.database, tmp_path / "all", now=NOW, actor="tester")
    assert dump_all(last, tmp_path / "again") == every
