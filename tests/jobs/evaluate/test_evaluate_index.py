"""The index measurement: its vectors, its figures by hand, and a run from end to end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest

from jobs import cli
from jobs.evaluate.index import evaluate, figures, mixture
from jobs.evaluate.result import Options
from service.errors import InvalidInput
from service.settings import Settings
from tests.jobs.community import records, write


def test_a_mixture_is_seeded_and_of_unit_rows() -> None:
    real = np.eye(16, dtype=np.float32)
    rows = mixture(real, 200, seed=3)
    assert (rows.shape, rows.dtype) == ((200, 16), np.float32)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(rows, mixture(real, 200, seed=3))
    assert not np.array_equal(rows, mixture(real, 200, seed=4))
    # Two real rows and noise of a quarter's length: most of a row lies on its two largest parts.
    largest = np.sort(rows**2, axis=1)[:, -2:].sum(axis=1)
    assert 0.75 < largest.mean() < 0.97


def test_figures_of_two_queries_by_hand() -> None:
    truth = np.array([np.arange(10), np.arange(10)])
    found = [np.arange(10)[::-1], np.arange(5, 15)]
    assert figures(found, truth, [0.001, 0.003], build=2.5, size=48.0) == pytest.approx(
        {
            "recall_at_10": 0.75,
            "p50_ms": 2.0,
            "p95_ms": 2.9,
            "bytes_per_vector": 48.0,
            "build_seconds": 2.5,
        }
    )


def test_index_from_end_to_end(tmp_path: Path) -> None:
    path = write(tmp_path / "archive.jsonl", records())
    settings = Settings(data_dir=tmp_path, encoder="hashing")
    heard: list[str] = []
    found = evaluate(Options(settings, data=path, n=1_000, log=heard.append))
    flat = found.baselines["FAISS flat"]
    assert (found.name, found.n, found.data) == ("index", 1_000, str(path))
    assert flat["recall_at_10"] > 0.999
    assert found.metrics["recall_at_10"] > 0.98
    assert flat["bytes_per_vector"] == 4 * 256
    assert 2 * 256 < found.metrics["bytes_per_vector"] < 2 * 256 + 32
    assert 0 < found.metrics["p50_ms"] <= found.metrics["p95_ms"]
    assert found.versions["encoder"] == "hashing@crc32-256"
    assert len(heard) == 2
    again = evaluate(Options(settings, data=path, n=1_000))
    assert again.metrics["recall_at_10"] == found.metrics["recall_at_10"]


def test_nothing_to_mix_is_one_line(tmp_path: Path) -> None:
    rows = [{**row, "text": "..."} for row in records(each=3)]
    path = write(tmp_path / "archive.jsonl", rows)
    with pytest.raises(InvalidInput, match="has words"):
        evaluate(Options(Settings(data_dir=tmp_path, encoder="hashing"), data=path, n=1_000))


def test_json_stands_alone_whatever_libraries_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "archive.jsonl", records())
    monkeypatch.setenv("GROUNDSWELL_ENCODER", "hashing")

    def noisy(options: Options) -> object:
        print("from Python")
        os.write(1, b"from C\n")
        subprocess.run([sys.executable, "-c", "print('from a child')"], check=True)
        return evaluate(options)

    monkeypatch.setattr("jobs.evaluate.index.evaluate", noisy)
    arguments = ["evaluate", "index", "--data", str(path), "--n", "1000", "--json"]
    monkeypatch.setattr(sys, "argv", ["groundswell", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, error = capfd.readouterr()
    assert ended.value.code == 0
    assert orjson.loads(out)["metrics"]["recall_at_10"] > 0.98
    assert all(f"from {who}" in error for who in ("Python", "C", "a child"))
