"""`train heat`: weights and card from conversations."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from jobs.train import heat
from nlp.heat import NAMES, load_model
from nlp.heat.beginning import BY_HAND
from nlp.heat.model import read_card
from service.settings import Settings

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOT = "You did not read it, you people never listen. This is ridiculous."
CALM = "Thanks, maybe it works if you set the port {}."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [
        {"context": [HOT if n % 2 else CALM.format(n), CALM.format(n)], "label": n % 2}
        for n in range(20)
    ]
    path = tmp_path / "own.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_weights_and_card_are_one_file(settings: Settings, data: Path, tmp_path: Path) -> None:
    bare = settings.model_copy(update={"judges": "none"})
    path = heat.train(data, tmp_path / "heads", settings=bare, now=NOW)
    model, card = load_model(path.parent), read_card(path.parent)
    weights = dict(zip(model.names, model.weights, strict=True))
    assert model.names == NAMES
    assert (weights["bitter"] > 0, weights["courtesy"] <= 0) == (True, True)
    assert all(weights[name] == 0 for name in heat.LEFT_OUT)
    assert all(weights[name] == weight for name, (weight, _) in BY_HAND.items())
    assert model.version == card["version"]
    assert model.version.startswith("heat-20261123-")
    assert card["date"] == "2026-11-23"
    assert card["data"][0]["file"] == "own.jsonl"
    assert card["threads"] == {"derailed": 10, "calm": 10}
    assert card["licence"] == heat.OWN["licence"]


def test_same_seed_same_weights(settings: Settings, data: Path, tmp_path: Path) -> None:
    bare = settings.model_copy(update={"judges": "none"})
    for name in ("a", "b"):
        heat.train(data, tmp_path / name, settings=bare, now=NOW, seed=3)
    one, other = (load_model(tmp_path / name).weights for name in ("a", "b"))
    assert np.array_equal(one, other)
