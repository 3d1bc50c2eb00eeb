"""`evaluate conflict`: figures by hand, and heat beside the rules."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from jobs.evaluate import conflict
from jobs.evaluate.forecasts import figures
from jobs.evaluate.result import Options
from service.settings import Settings

HOT = "You did not read it, you people never listen. This is ridiculous."
CALM = "Thanks, maybe it works if you set the port {}."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    rows = []
    for n in range(60):
        label = n % 2
        odds = 0.7 if label else 0.2
        count = int(chance.integers(2, 6))
        texts = [HOT if chance.random() < odds else CALM.format(n) for _ in range(count)]
        rows.append({"context": texts, "label": label})
    path = tmp_path / "talks.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture
def bare(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(conflict, "DRAWS", 2)
    return settings.model_copy(update={"judges": "none"})


def test_figures_by_hand() -> None:
    labels = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    scores = np.array([0.9, 0.4, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert figures(scores, scores > 0.5, labels) == pytest.approx({
        "accuracy": 0.8,
        "f1": 0.5,
        "roc_auc": 15 / 16,
        "precision_at_top_10pct": 1.0,
    })  # fmt: skip


def test_heat_is_learned_fold_by_fold(bare: Settings, data: Path) -> None:
    found = conflict.evaluate(Options(bare, data=data, folds=3))
    assert (found.name, found.n, found.learned_from) == ("conflict", 60, False)
    assert {"accuracy", "f1", "roc_auc", "precision_at_top_10pct"} < set(found.metrics)
    assert found.metrics["roc_auc"] > 0.75
    assert found.metrics["accuracy_no_length"] > 0.65
    assert set(found.baselines) == {"length only", "last post's hostility", "bag of words"}
    assert found.baselines["last post's hostility"]["roc_auc"] == 0.5


def test_same_seed_same_figures(bare: Settings, data: Path) -> None:
    one, other = (conflict.evaluate(Options(bare, data=data, folds=3, seed=1)) for _ in range(2))
    assert (one.metrics, one.baselines) == (other.metrics, other.baselines)


def test_the_weights_in_force_judge_without_folds(bare: Settings, data: Path) -> None:
    found = conflict.evaluate(Options(bare, data=data))
    assert found.metrics["roc_auc"] > 0.7
    assert "accuracy_no_length" in found.metrics
    assert set(found.baselines) == {"length only", "last post's hostility"}
    assert found.learned_from is False
    assert found.versions["heat"].startswith("heat-")
