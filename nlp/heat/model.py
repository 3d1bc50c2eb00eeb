"""An additive model: the logit of heat is a sum of one part per feature.

After logistic regression with a Gaussian prior around given weights, so that few verdicts move
what many threads have taught only a little.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.errors import DamagedHead

WEIGHTS = "heat.json"
# On the scale of spreads, further out counts no more: one odd post is no proof.
FARTHEST = 3.0
STRENGTH = 60.0
# Which way a feature may count: more of what is hot never cools, more courtesy never heats.
COOL = frozenset({"hedge", "courtesy", "reasoning", "code"})
EITHER = frozenset({"question", "exclaim", "named", "refuse", "posts", "words"})
STEPS = 40
SWEEPS = 100
ENOUGH = 1e-7
TINY = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class HeatModel:
    """Weights of standardised features; `mean` and `scale` are those of the threads learned from.

    Heat is comparable where `version` is equal.
    """

    version: str
    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    bias: float

    def heat(self, rows: Floats) -> Floats:
        """Return the heat of each row of features, 0 to 1, [n]."""
        logits = self.parts(rows).sum(axis=1) + self.bias
        heat: Floats = 1 / (1 + np.exp(-logits))
        return heat

    def parts(self, rows: Floats) -> Floats:
        """Return what each feature adds on the logit scale, [n, features]; 0 is as usual."""
        found: Floats = standard(rows, self.mean, self.scale) * self.weights
        return found


def accustomed(model: HeatModel, rows: Floats, *, worth: float = 500.0) -> HeatModel:
    """Return the model of a community in which `rows` are usual, so that its manners are not heat.

    Means move to those of the rows, as far as there are more of them than `worth`; spreads may
    only widen, so that what a community hardly ever does stays a sign.
    """
    share = len(rows) / (len(rows) + worth)
    if not len(rows):
        return model
    mean = model.mean + share * (rows.mean(axis=0) - model.mean)
    scale = np.maximum(model.scale, model.scale + share * (rows.std(axis=0) - model.scale))
    return replace(model, mean=mean, scale=scale)


def standard(rows: Floats, mean: Floats, scale: Floats) -> Floats:
    """Return features in spreads from the mean, cut at FARTHEST."""
    found: Floats = np.clip((rows - mean) / scale, -FARTHEST, FARTHEST)
    return found


def fit(
    rows: Floats,
    labels: Sequence[int] | NDArray[Any],
    *,
    names: Sequence[str],
    version: str,
    prior: HeatModel | None = None,
    strength: float = STRENGTH,
    balanced: bool = True,
    signs: Mapping[str, int] | None = None,
    without: Collection[str] = (),
) -> HeatModel:
    """Return the model of labelled rows (1: heated), with weights drawn to those of the prior.

    `strength` is the precision of the Gaussian around the prior's weights (zero without one), in
    threads; `balanced` gives either label half of the weight; `signs` says of a feature that its
    weight may only be positive (1) or negative (-1); `without` are features whose weights stay
    the prior's. Without a prior, mean and scale are those of
    the rows. The bias is free. Deterministic; raises ValueError where only one label is there.
    """
    found = np.asarray(labels, dtype=np.float64)
    if not 0 < found.sum() < len(found):
        raise ValueError("both labels are needed: heated threads and calm ones")
    mean = prior.mean if prior else rows.mean(axis=0)
    scale = prior.scale if prior else _scale(rows)
    start = prior.weights if prior else np.zeros(len(mean))
    share = found.mean()
    each = np.where(found == 1, 0.5 / share, 0.5 / (1 - share)) if balanced else np.ones(len(found))
    signs = signs or {}
    way = np.array([signs.get(name, 0) for name in names])
    held = np.array([name in without for name in names])
    weights, bias = _climb(standard(rows, mean, scale), found, each, start, strength, way, held)
    return HeatModel(version, tuple(names), mean, scale, weights, bias)


def _scale(rows: Floats) -> Floats:
    """Return the spread of each feature, 1 for one that never differs."""
    spread = rows.std(axis=0)
    found: Floats = np.where(spread > TINY, spread, 1.0)
    return found


def _climb(
    rows: Floats,
    labels: Floats,
    each: Floats,
    start: Floats,
    strength: float,
    way: NDArray[Any],
    held: NDArray[np.bool_],
) -> tuple[Floats, float]:
    """Return weights and bias by Newton's method, in each step the best within the bounds."""
    count = rows.shape[1]
    whole = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    prior = np.append(start, 0.0)
    pull = np.append(np.full(count, strength), 1e-6)
    low = np.append(np.where(way > 0, 0.0, -np.inf), -np.inf)
    high = np.append(np.where(way < 0, 0.0, np.inf), np.inf)
    low[:-1][held] = high[:-1][held] = start[held]
    point = np.clip(prior, low, high)
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(whole @ point, -30, 30)))
        slope = whole.T @ (each * (chance - labels)) + pull * (point - prior)
        bend = (whole * (each * chance * (1 - chance))[:, None]).T @ whole + np.diag(pull)
        step = _bounded(bend, slope, low - point, high - point)
        point = point + step
        if np.abs(step).max() < ENOUGH:
            break
    return point[:-1], float(point[-1])


def _bounded(bend: Floats, slope: Floats, low: Floats, high: Floats) -> Floats:
    """Return the step that lowers a quadratic the most within bounds, one coordinate at a time."""
    step: Floats = np.clip(np.linalg.solve(bend, -slope), low, high)
    left = slope + bend @ step
    for _ in range(SWEEPS):
        most = 0.0
        for place in range(len(step)):
            wanted = min(
                max(step[place] - left[place] / bend[place, place], low[place]), high[place]
            )
            change = wanted - step[place]
            if change != 0.0:
                left += bend[:, place] * change
                step[place] = wanted
                most = max(most, abs(change))
        if most < ENOUGH:
            break
    return step


@lru_cache(maxsize=4)
def load_model(folder: Path | None = None) -> HeatModel:
    """Return the model of a folder, or the one that comes with this package.

    Raises DamagedHead, naming the file.
    """
    if folder is not None and (folder / WEIGHTS).is_file():
        return read_model(folder / WEIGHTS)
    with as_file(files("nlp.heads") / WEIGHTS) as path:
        return read_model(path)


def read_card(folder: Path | None = None) -> dict[str, Any]:
    """Return what is said of the model in force: data, licence, figures, limits."""
    if folder is not None and (folder / WEIGHTS).is_file():
        return dict(json.loads((folder / WEIGHTS).read_text(encoding="utf-8")))
    return dict(json.loads(files("nlp.heads").joinpath(WEIGHTS).read_text(encoding="utf-8")))


def ways(names: Sequence[str]) -> dict[str, int]:
    """Return which way each feature may count, as `fit` takes it."""
    free = [name for name in names if name in EITHER or name.startswith("opening_")]
    return {name: -1 if name in COOL else 1 for name in names if name not in free}


def read_model(path: Path) -> HeatModel:
    """Return a model that `write_model` wrote; raise DamagedHead, naming the file."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        table = card["features"]
        return HeatModel(
            version=str(card["version"]),
            names=tuple(table),
            mean=np.array([one["mean"] for one in table.values()], dtype=np.float64),
            scale=np.array([one["scale"] for one in table.values()], dtype=np.float64),
            weights=np.array([one["weight"] for one in table.values()], dtype=np.float64),
            bias=float(card["bias"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedHead(f"{path} is damaged: train it again") from error


def write_model(model: HeatModel, card: Mapping[str, Any], path: Path) -> None:
    """Write a model and what its card says of it, one file."""
    columns = zip(model.names, model.mean, model.scale, model.weights, strict=True)
    table = {
        name: {"mean": round(m, 6), "scale": round(s, 6), "weight": round(w, 6)}
        for name, m, s, w in columns
    }
    whole = {
        "name": "heat",
        "version": model.version,
        **card,
        "bias": round(model.bias, 6),
        "features": table,
    }
    path.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
