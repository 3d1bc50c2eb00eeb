"""What a measurement is: options in, one JSON object out."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from nlp.encoders import Encoder
from nlp.encoders.hashing import HashingEncoder
from service.errors import BadArchive, GroundswellError, InvalidInput
from service.settings import Settings

Figures = dict[str, float]


class MeasurementFailed(GroundswellError):
    """What was timed did not do the work that its seconds stand for."""

    code = "measurement_failed"
    title = "Measurement failed"


@dataclass(frozen=True, slots=True)
class Options:
    """What a measurement is given; `log` hears a line of progress.

    `train` are files to teach the head first, `folds` the parts to cross-validate the data in, and
    `links` what ties records to others, where a measurement knows these.
    """

    settings: Settings
    data: Path | None = None
    limit: int | None = None
    n: int = 200_000
    seed: int = 0
    train: tuple[Path, ...] = ()
    folds: int = 0
    links: Path | None = None
    log: Callable[[str], None] = lambda line: None

    def path(self) -> Path:
        """Return the data file; raise InvalidInput where none was named."""
        if self.data is None:
            raise InvalidInput("this measurement needs --data PATH")
        return self.data


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures beside those of the baselines of the same run, and published ones.

    `learned_from` says whether what is measured has learned from the data; None: nobody knows.
    """

    name: str
    data: str
    n: int
    metrics: Figures
    baselines: dict[str, Figures]
    versions: dict[str, str]
    seconds: float
    published: dict[str, dict[str, Any]] = field(default_factory=dict)
    learned_from: bool | None = None


def records(path: Path, wanted: tuple[str, ...], limit: int | None) -> list[dict[str, Any]]:
    """Return the first records of a JSON Lines file.

    Raises BadArchive, with the line, where one is no object or lacks a value in a wanted column.
    """
    rows: list[dict[str, Any]] = []
    try:
        with _open(path) as lines:
            for number, line in enumerate(lines, start=1):
                if limit is not None and len(rows) == limit:
                    break
                if line.strip():
                    rows.append(_record(f"{path}, line {number}", line, wanted))
    except (OSError, EOFError, zlib.error) as error:
        raise BadArchive(f"cannot read {path}: {error}") from error
    if not rows:
        raise BadArchive(f"{path} holds no record")
    return rows


def _record(place: str, line: bytes, wanted: tuple[str, ...]) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadArchive(f"{place} is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise BadArchive(f"{place} is no JSON object; wanted one with {', '.join(wanted)}")
    found = [name for name, value in row.items() if value is not None]
    if set(wanted) - set(found):
        columns = ", ".join(sorted(found)) or "nothing"
        raise BadArchive(f"{place} has columns {columns}; wanted {', '.join(wanted)}")
    return row


@contextmanager
def _open(path: Path) -> Iterator[Iterator[bytes]]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        yield iter(gzip.GzipFile(fileobj=file) if packed else file)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns, and its seconds of wall time."""
    started = time.perf_counter()
    value = work()
    return value, time.perf_counter() - started


def versions(*packages: str, **more: str) -> dict[str, str]:
    """Return the versions that figures depend on."""
    return {"groundswell": version("groundswell"), **{p: version(p) for p in packages}, **more}


def encoder_versions(encoder: Encoder) -> dict[str, str]:
    """Return which encoder ran, and in how many threads and which numbers if torch ran it."""
    about = {"encoder": f"{encoder.card.name}@{encoder.card.revision}"}
    if encoder.card.name == HashingEncoder.card.name:
        return about
    import torch

    from nlp.encoders.sentence import has_bfloat16

    dtype = "bfloat16" if has_bfloat16() else "float32"
    return {**about, "torch_threads": str(torch.get_num_threads()), "dtype": dtype}


def own_place(text: str) -> bytes:
    """Return what a text is sorted by, so that the order of a file decides nothing: its hash."""
    return sha256(text.encode("utf-8", "replace")).digest()


def rounded(figures: Mapping[str, float], digits: int = 4) -> Figures:
    """Return figures with as many decimals as anyone reads."""
    return {name: round(float(value), digits) for name, value in figures.items()}
