"""Neighbours that two encodings share, by values that a person can count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jobs.evaluate import encoder
from jobs.evaluate.encoder import default_folder, evaluate, neighbour_recall
from jobs.evaluate.result import Options
from service.errors import InvalidInput
from service.settings import Settings


def circle(count: int, turn: float = 0.0) -> np.ndarray:
    """Return unit rows evenly around a circle, a little uneven so that no two are as near."""
    angles = turn + 2 * np.pi * (np.arange(count) + 0.1 * np.sin(np.arange(count))) / count
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_equal_encodings_share_every_neighbour() -> None:
    rows = circle(60)
    assert neighbour_recall(rows, rows) == 1.0
    assert neighbour_recall(circle(60, turn=1.0), rows) == 1.0


def test_a_known_permutation_shares_what_can_be_counted() -> None:
    # Two groups of 11, far apart: a row's ten nearest are the others of its group.
    groups = np.repeat(np.eye(2, dtype=np.float32), 11, axis=0)
    jitter = np.random.default_rng(0).normal(0, 0.01, groups.shape).astype(np.float32)
    theirs = groups + jitter
    swapped = theirs.copy()
    swapped[[0, 11]] = theirs[[11, 0]]
    # The two that changed places share none; the twenty others lose one neighbour of ten each.
    assert neighbour_recall(swapped, theirs) == pytest.approx(20 * 9 / (22 * 10))
    assert neighbour_recall(theirs[::-1], theirs) == 1.0


def test_copies_are_counted_once() -> None:
    rows = circle(20)
    copied = np.concatenate([rows, rows, rows])
    assert neighbour_recall(copied, copied) == 1.0
    with pytest.raises(InvalidInput, match="10 distinct posts are too few"):
        neighbour_recall(np.tile(circle(10), (5, 1)), np.tile(circle(10), (5, 1)))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(1)
    ours, theirs = (chance.standard_normal((64, 8)).astype(np.float32) for _ in range(2))
    whole = neighbour_recall(ours, theirs)
    truth = np.argsort(-(theirs @ theirs.T) + np.diag([np.inf] * 64), axis=1)[:, :10]
    mine = np.argsort(-(ours @ ours.T) + np.diag([np.inf] * 64), axis=1)[:, :10]
    shared = sum(len(set(a) & set(b)) for a, b in zip(truth.tolist(), mine.tolist(), strict=True))
    assert whole == pytest.approx(shared / 640)
    monkeypatch.setattr(encoder, "BLOCK", 7)
    assert neighbour_recall(ours, theirs) == whole


def test_hashing_has_no_default_to_compare_with(tmp_path: Path) -> None:
    options = Options(Settings(data_dir=tmp_path, encoder="hashing"), data=tmp_path / "unread")
    with pytest.raises(InvalidInput, match="GROUNDSWELL_ENCODER=all-MiniLM-L6-v2") as caught:
        evaluate(options)
    assert "\n" not in str(caught.value)
    assert (default_folder("all-MiniLM-L6-v2") / "modules.json").is_file()
