"""Publishes an index: built beside, checksummed, never written in place.

A generation is a folder named by its own hash. Which one is served is for the caller to say, in
one place that changes atomically: the service keeps that pointer, and the hash, in its database.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from indexes.base import VectorIndex
from indexes.errors import IndexDamaged, IndexMissing
from indexes.exact import ExactIndex
from indexes.faiss_index import FaissIndex

VECTORS = "vectors.index"
MANIFEST = "manifest.json"
READERS: dict[str, Callable[[Path], VectorIndex]] = {
    ExactIndex.kind: ExactIndex.read,
    FaissIndex.kind: FaissIndex.read,
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation holds; `about` is the caller's: encoder, revision, times."""

    generation: str
    kind: str
    dimensions: int
    count: int
    sha256: str
    about: dict[str, str]


def publish(folder: Path, index: VectorIndex, about: Mapping[str, str]) -> Manifest:
    """Write a generation below `folder` and return its manifest; a failure leaves nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=folder) as scratch:
        place = Path(scratch) / "generation"
        place.mkdir()
        index.save(place / VECTORS)
        digest = _sha256(place / VECTORS)
        name = f"g-{digest[:16]}"
        manifest = Manifest(name, index.kind, index.dimensions, len(index), digest, dict(about))
        (place / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2, sort_keys=True))
        for path in (place / VECTORS, place / MANIFEST, place):
            _sync(path)
        _replace(place, folder / name)
    _sync(folder)
    return manifest


def read(folder: Path, generation: str, sha256: str) -> tuple[VectorIndex, Manifest]:
    """Return a published index after checking every byte; raise IndexMissing or IndexDamaged."""
    place = folder / generation
    if not (place / VECTORS).is_file():
        raise IndexMissing(f"the index {generation} is not in its folder")
    if _sha256(place / VECTORS) != sha256:
        raise IndexDamaged(f"the index {generation} is not the file that was published")
    manifest = _manifest(place)
    if manifest.sha256 != sha256 or manifest.kind not in READERS:
        raise IndexDamaged(f"the manifest of {generation} is not of this index")
    index = READERS[manifest.kind](place / VECTORS)
    if len(index) != manifest.count or index.dimensions != manifest.dimensions:
        raise IndexDamaged(f"the index {generation} does not hold what its manifest says")
    return index, manifest


def sweep(folder: Path, keep: Collection[str]) -> int:
    """Remove generations that are not kept and what a killed build left; return how many went."""
    others = [path for path in folder.glob("*") if path.name not in keep and _ours(path)]
    for path in others:
        shutil.rmtree(path, ignore_errors=True)
    return len(others)


def _ours(path: Path) -> bool:
    return path.is_dir() and path.name.startswith(("g-", "building-"))


def _manifest(place: Path) -> Manifest:
    try:
        return Manifest(**json.loads((place / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise IndexDamaged(f"the manifest of {place.name} cannot be read") from error


def _replace(place: Path, target: Path) -> None:
    # A folder of this name holds the same vectors, perhaps served now, unless it is damaged.
    if target.exists():
        if (target / VECTORS).is_file() and _sha256(target / VECTORS) == _sha256(place / VECTORS):
            os.replace(place / MANIFEST, target / MANIFEST)
            return
        shutil.rmtree(target)
    place.rename(target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
