"""Where heads and layers are found: one's own first, and never a head without its layers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nlp.errors import DamagedHead
from nlp.judgements import head as heads
from nlp.judgements import layers, shelf
from nlp.judgements.cues import names
from nlp.judgements.features import Weights
from nlp.judgements.head import Head, HeadCard
from nlp.judgements.labels import TASKS
from nlp.judgements.pieces import WIDTH
from nlp.judgements.shelf import Layers


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that stands for the packaged one, with layers and two heads."""
    folder = tmp_path / "packaged"
    monkeypatch.setattr(shelf, "PACKAGED", folder)
    monkeypatch.setattr(layers, "base", lambda: "encoder@1")
    _write_layers(folder, "a" * 64)
    for task in ("sentiment", "hostility"):
        _write_head(folder, task, "reader-1-aaaaaaaaaaaa")
    return folder


def _write_layers(folder: Path, digest: str, stem: str = "reader") -> None:
    folder.mkdir(exist_ok=True)
    card = {"version": "reader-1", "encoder": "encoder@1", "sha256": digest, "about": {}}
    (folder / f"{stem}.json").write_text(json.dumps(card))


def _write_head(folder: Path, task: str, reader: str, version: str = "v1") -> None:
    labels = len(TASKS[task])
    even = (1 / labels,) * labels
    card = HeadCard(task, f"our {task}", version, TASKS[task], even, (1.0,) * labels, reader)
    blocks = (np.zeros((rows, labels), np.float32) for rows in (1, len(names()), WIDTH))
    heads.write(Head(card, Weights(*blocks, np.zeros(labels, np.float32))), folder)


TWO = ("sentiment", "hostility")


def test_the_packaged_weights_are_found(shipped: Path) -> None:
    assert shelf.find(None, TWO) == dict.fromkeys(TWO, shipped)
    assert shelf.shared_layers(None) == Layers(shipped)
    found = shelf.shelved(None, TWO)
    assert {task: one.layers for task, one in found.items()} == dict.fromkeys(TWO, Layers(shipped))


def test_ones_own_win_where_a_folder_holds_them(shipped: Path, tmp_path: Path) -> None:
    _write_head(tmp_path, "hostility", "reader-1-aaaaaaaaaaaa", version="own")
    assert shelf.find(tmp_path, TWO) == {"sentiment": shipped, "hostility": tmp_path}
    assert shelf.shared_layers(tmp_path) == Layers(shipped)
    found = shelf.shelved(tmp_path, TWO)
    assert {task: one.head.card.version for task, one in found.items()} == {
        "sentiment": "v1",
        "hostility": "own",
    }
    assert found["hostility"].layers == Layers(shipped)


def test_layers_of_one_task_lie_beside_its_head(shipped: Path, tmp_path: Path) -> None:
    _write_layers(tmp_path, "e" * 64, shelf.own_stem("hostility", "earlier"))
    _write_layers(tmp_path, "c" * 64, shelf.own_stem("hostility", "now"))
    _write_head(tmp_path, "hostility", "reader-1-cccccccccccc")
    assert shelf.shared_layers(tmp_path) == Layers(shipped)
    found = shelf.shelved(tmp_path, TWO)
    assert found["hostility"].layers == Layers(tmp_path, "hostility-reader-now")
    assert found["sentiment"].layers == Layers(shipped)


def test_each_head_keeps_to_the_layers_that_it_was_trained_on(
    shipped: Path, tmp_path: Path
) -> None:
    _write_layers(tmp_path, "b" * 64)
    _write_head(tmp_path, "hostility", "reader-1-bbbbbbbbbbbb")
    assert shelf.shared_layers(tmp_path) == Layers(tmp_path)
    found = shelf.shelved(tmp_path, TWO)
    assert found["hostility"].layers == Layers(tmp_path)
    assert found["sentiment"].layers == Layers(shipped)


def test_a_head_without_its_layers_is_refused_by_name(shipped: Path, tmp_path: Path) -> None:
    _write_layers(tmp_path, "b" * 64)
    _write_head(tmp_path, "hostility", "reader-1-dddddddddddd")
    with pytest.raises(DamagedHead) as refused:
        shelf.shelved(tmp_path, TWO)
    assert str(refused.value) == (
        f"{tmp_path}/hostility.npz was trained on the tuned layers reader-1-dddddddddddd, and "
        "there are reader-1-bbbbbbbbbbbb, reader-1-aaaaaaaaaaaa: train it again"
    )


def test_a_head_that_is_missing_is_named(shipped: Path) -> None:
    with pytest.raises(DamagedHead, match=r"packaged/intent\.json is no card of a head"):
        shelf.shelved(None, ["intent"])
