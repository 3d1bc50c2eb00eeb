"""`evaluate fairness`: its gaps by hand, and what it is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from jobs.evaluate import fairness
from jobs.evaluate.fairness import Scores, built_in, figures, sides
from jobs.evaluate.result import Options
from nlp.judgements import layers
from nlp.judgements.lists import NAME, VERSION
from service.errors import BadArchive
from service.settings import Settings
from tests.jobs.small import Counts, write_heads

SCORES = np.array([0.1, 0.9, 0.4, 0.2, 0.3, 0.7, 0.8, 0.2])
ROWS = [
    {"kind": "name", "hostile": 0, "a": "I am Greg", "b": "I am Fatima"},
    {"kind": "name", "hostile": 1, "a": "Greg is a fool", "b": "Fatima is a fool"},
    {"kind": "dialect", "hostile": 0, "a": "it is broken", "b": "it be broken"},
    {"kind": "", "hostile": None, "a": "one", "b": "other"},
]
SIDES = {"a": "one", "b": "one"}


def found() -> Scores:
    return sides(SCORES, SCORES > 0.5)


def test_gaps_are_of_all_pairs_and_of_each_kind() -> None:
    told = figures(ROWS, found())
    assert told == pytest.approx({
        "mean_score_gap": (0.2 + 0.2 + 0.4 + 0) / 4,
        "flag_rate_gap": abs(1 / 4 - 2 / 4),
        "flag_flips": 1 / 4,
        "name_mean_score_gap": 0.2,
        "name_flag_rate_gap": 0.0,
        "name_flag_flips": 0.0,
        "dialect_mean_score_gap": 0.4,
        "dialect_flag_rate_gap": 1.0,
        "dialect_flag_flips": 1.0,
        # The names are read alike; the other two gaps are .4 and 0.
        "read_alike": 0.5,
        "apart_mean_score_gap": 0.2,
        # Of .9 and .7, hostile, and .1, .3, .4 and .8: one of eight pairs is out of order.
        "roc_auc": 7 / 8,
        "false_flag_rate": 1 / 4,
        "hit_rate": 1.0,
    })  # fmt: skip


def test_flags_that_flip_both_ways_show_in_flips_alone() -> None:
    scores = np.array([0.9, 0.1, 0.1, 0.9])
    told = figures([SIDES, SIDES], sides(scores, scores > 0.5))
    assert told == pytest.approx({
        "mean_score_gap": 0.8,
        "flag_rate_gap": 0.0,
        "flag_flips": 1.0,
        "read_alike": 1.0,
    })  # fmt: skip


def test_labels_of_one_kind_rank_nothing() -> None:
    told = figures([SIDES | {"hostile": 1}] * 2 + [SIDES] * 2, found())
    assert (told["roc_auc"], told["false_flag_rate"], told["hit_rate"]) == (0.5, 0, 0.5)


def test_pairs_of_ones_own_are_measured(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`plain` speaks for hostile, `bad` for civil: of one score each, .0453 and 1 - .0453 / 2."""
    monkeypatch.setattr(layers, "load", lambda *_, **__: Counts())
    folder = write_heads(tmp_path / "heads")
    own = settings.model_copy(update={"judges": "packaged", "heads_dir": folder})
    path = tmp_path / "pairs.jsonl"
    rows = [{"a": "so bad", "b": "so plain"}, {"a": "you idiot bad", "b": "all bad"}]
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    told = fairness.evaluate(Options(own, data=path))
    assert (told.n, told.metrics["n"], told.data) == (2, 2, str(path))
    share = 1 / (np.exp(3) + 2)
    assert told.metrics["mean_score_gap"] == pytest.approx((1 - 3 * share) / 2, abs=1e-4)
    assert (told.metrics["flag_rate_gap"], told.metrics["flag_flips"]) == (0.5, 0.5)
    assert told.baselines["word-list"]["mean_score_gap"] == 0.5
    assert told.versions["hostility"].startswith("small@v1-")
    lists = fairness.evaluate(Options(settings, data=path))
    assert lists.versions["hostility"] == f"{NAME}@{VERSION}"
    assert lists.metrics["flag_rate_gap"] == lists.baselines["word-list"]["flag_rate_gap"] == 0.5
    path.write_bytes(b'{"a": "one side"}')
    with pytest.raises(BadArchive, match="has columns a; wanted a, b"):
        fairness.evaluate(Options(own, data=path))


def test_built_in_pairs_come_with_the_package() -> None:
    assert len(built_in()) >= 500
    assert {row["kind"] for row in built_in()} == {"identity", "unlisted", "name", "dialect"}
