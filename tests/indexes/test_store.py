"""Published generations: whole, checked, and never in the way of each other."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from indexes.errors import IndexDamaged, IndexFault, IndexMissing
from indexes.faiss_index import FaissIndex
from indexes.store import MANIFEST, VECTORS, Manifest, publish, read, sweep


@pytest.fixture
def index() -> FaissIndex:
    rows = np.random.default_rng(3).standard_normal((40, 8)).astype(np.float32)
    made = FaissIndex(8)
    made.add(np.arange(40, dtype=np.int64), rows)
    return made


@pytest.fixture
def published(index: FaissIndex, tmp_path: Path) -> Manifest:
    return publish(tmp_path, index, {"encoder": "hashing"})


def test_what_was_published_is_read(published: Manifest, tmp_path: Path) -> None:
    again, manifest = read(tmp_path, published.generation, published.sha256)
    assert len(again) == 40
    assert manifest == published
    assert (manifest.count, manifest.dimensions) == (40, 8)
    assert manifest.about == {"encoder": "hashing"}


def test_nothing_else_is_left_behind(published: Manifest, tmp_path: Path) -> None:
    assert [path.name for path in tmp_path.iterdir()] == [published.generation]
    inside = {path.name for path in (tmp_path / published.generation).iterdir()}
    assert inside == {VECTORS, MANIFEST}


def test_a_failed_build_leaves_nothing(index: FaissIndex, tmp_path: Path) -> None:
    class Full(FaissIndex):
        def save(self, path: Path) -> None:
            path.write_bytes(b"half")
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        publish(tmp_path, Full(8), {})
    assert list(tmp_path.iterdir()) == []


def test_every_truncation_and_flipped_bit_is_noticed(published: Manifest, tmp_path: Path) -> None:
    path = tmp_path / published.generation / VECTORS
    whole = path.read_bytes()
    chance = random.Random(11)
    damages = [whole[: chance.randrange(len(whole))] for _ in range(100)]
    for _ in range(100):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        damages.append(bytes(flipped))
    for damage in damages:
        path.write_bytes(damage)
        with pytest.raises(IndexDamaged):
            read(tmp_path, published.generation, published.sha256)


def test_a_missing_generation_or_file_is_missing(published: Manifest, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        read(tmp_path, "g-other", published.sha256)
    (tmp_path / published.generation / VECTORS).unlink()
    with pytest.raises(IndexMissing):
        read(tmp_path, published.generation, published.sha256)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "faiss-sqfp16"}'])
def test_a_damaged_manifest_is_noticed(published: Manifest, tmp_path: Path, content: str) -> None:
    (tmp_path / published.generation / MANIFEST).write_text(content)
    with pytest.raises(IndexFault):
        read(tmp_path, published.generation, published.sha256)


def test_a_manifest_that_counts_otherwise_is_noticed(published: Manifest, tmp_path: Path) -> None:
    path = tmp_path / published.generation / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"count": 41}))
    with pytest.raises(IndexDamaged):
        read(tmp_path, published.generation, published.sha256)


def test_publishing_mends_a_damaged_generation_of_the_same_name(
    published: Manifest, index: FaissIndex, tmp_path: Path
) -> None:
    (tmp_path / published.generation / VECTORS).write_bytes(b"rotten")
    again = publish(tmp_path, index, {})
    assert again.generation == published.generation
    assert len(read(tmp_path, again.generation, again.sha256)[0]) == 40


def test_sweep_removes_other_generations_and_killed_builds(
    published: Manifest, tmp_path: Path
) -> None:
    (tmp_path / "g-old").mkdir()
    (tmp_path / "building-x" / "generation").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "g-before").mkdir()
    assert sweep(tmp_path, {published.generation, "g-before"}) == 2
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {published.generation, "g-before", "mine"}
