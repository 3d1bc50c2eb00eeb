"""`evaluate import` times an import beside a script, and takes what its users have."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from jobs.evaluate import intake
from jobs.evaluate.result import Options
from service.settings import Settings


def rows(count: int) -> list[dict[str, object]]:
    return [
        {
            "id": str(number % (count - 5)),
            "author": f"a{number % 7}",
            "created_at": "2024-06-01T10:00:00Z",
            "text": f"words {number % (count - 5)}",
            "reactions": {"heart": 1},
        }
        for number in range(count)
    ]


def test_the_script_inserts_what_the_file_holds(tmp_path: Path) -> None:
    path = intake._write(tmp_path / "a.jsonl.gz", iter(rows(50)))
    assert intake.script(path, tmp_path / "a.sqlite3") == 50


@pytest.mark.slow
def test_figures_stand_beside_the_script(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "posts.jsonl"
    spoiled = [*rows(200), {"id": "x", "author": "a", "created_at": "never", "text": "t"}]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in spoiled))
    found = intake.evaluate(Options(settings, data=path))
    assert (found.name, found.n) == ("import", 201)
    assert set(found.metrics) == {
        "seconds",
        "posts_per_second",
        "ratio",
        "peak_mb",
        "peak_mb_tenfold",
        "peak_growth",
    }
    assert all(value > 0 for value in found.metrics.values())
    assert found.baselines["json and sqlite3"]["seconds"] > 0
    assert 20 < found.metrics["peak_mb"] < 1_000
