"""Two small networks that score candidate parents, and the files they come in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from nlp.threads.features import Block, positions
from nlp.threads.words import Floats, Ints

VERSION = "threads-1"
WEIGHTS = "threads.npz"
LAYERS = ("w1", "b1", "w2", "b2", "w3", "b3")


@dataclass(frozen=True, slots=True)
class Net:
    """Two hidden layers of rectified units and one score; `w1` is [features, units]."""

    w1: Floats
    b1: Floats
    w2: Floats
    b2: Floats
    w3: Floats
    b3: Floats

    def scores(self, b: Block, queries: Ints, steps: Ints, pairs: Floats) -> Floats:
        """Return the score of each candidate, [queries, candidates].

        The first rows of `w1` are for the features of a pair, the rest for those of the query
        by itself and of the candidate by itself, which are projected once per message.
        """
        size, single = pairs.shape[-1], b.single.shape[1]
        _, j = positions(queries, steps)
        own = b.single[queries] @ self.w1[size : size + single] + self.b1
        theirs = b.single @ self.w1[size + single :]
        hidden = pairs.reshape(-1, size) @ self.w1[:size]
        hidden = hidden.reshape(*j.shape, -1)
        hidden += own[:, None]
        hidden += theirs[j] * (j != queries[:, None])[..., None]
        np.maximum(hidden, 0, out=hidden)
        deep = hidden.reshape(-1, hidden.shape[-1]) @ self.w2
        deep += self.b2
        np.maximum(deep, 0, out=deep)
        scores: Floats = (deep @ self.w3 + self.b3).reshape(j.shape)
        return scores


@dataclass(frozen=True, slots=True)
class ThreadModel:
    """What `link` needs: word weights, the net of the first look and those of the second."""

    idf: Floats
    first: Net
    second: tuple[Net, ...]


@lru_cache(maxsize=1)
def load_model() -> ThreadModel:
    """Return the model that comes with this package."""
    with as_file(files("nlp.heads") / WEIGHTS) as path:
        return read_model(path)


def read_model(path: Path) -> ThreadModel:
    """Return a model that `write_model` wrote."""
    with np.load(path) as saved:
        tables = {name: saved[name].astype(np.float64) for name in saved.files}
    count = sum(name.endswith(".w1") for name in tables) - 1
    nets = [Net(**{x: tables[f"net{n}.{x}"] for x in LAYERS}) for n in range(count + 1)]
    return ThreadModel(idf=tables["idf"], first=nets[0], second=tuple(nets[1:]))


def write_model(model: ThreadModel, path: Path) -> None:
    """Write a model in half (words) and single precision (nets)."""
    tables: dict[str, Any] = {"idf": model.idf.astype(np.float16)}
    for number, net in enumerate((model.first, *model.second)):
        for name in LAYERS:
            tables[f"net{number}.{name}"] = getattr(net, name).astype(np.float32)
    with path.open("wb") as file:
        np.savez_compressed(file, **tables)
