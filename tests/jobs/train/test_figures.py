"""What the cards of the packaged heads say of how good they are."""

from __future__ import annotations

import gzip
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs.train import figures
from jobs.train.figures import JUDGED, VALIDATION, measured
from nlp.judgements import TASKS
from service.errors import BadArchive
from tests.jobs.small import Counts, head

# What each label of hostility and sentiment is to the heads of `small`.
WORDS = {"civil": "bad", "negative": "bad", "neutral": "plain", "positive": "good"}


def judged(name: str) -> list[dict[str, Any]]:
    lines = files("jobs.evaluate").joinpath(f"judged/{name}.jsonl").read_bytes().splitlines()
    return [orjson.loads(line) for line in lines]


def save(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows)), mtime=0))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return data sets in which every post says its sentiment but the first, which says "good"."""
    save(
        tmp_path / VALIDATION["sentiment"],
        [{"text": "bad", "label": 0}] * 3 + [{"text": "good", "label": 2}],
    )
    for name in JUDGED:
        rows = [{"id": row["id"], "text": WORDS[row["sentiment"]]} for row in judged(name)]
        save(tmp_path / name / "messages.jsonl.gz", [{**rows[0], "text": "good"}, *rows[1:]])
    return tmp_path


def test_figures_stand_beside_those_of_rules(data: Path) -> None:
    told = measured("sentiment", head("sentiment"), Counts(), data)
    assert list(told) == [VALIDATION["sentiment"], *(f"{name}, judged by hand" for name in JUDGED)]
    first = told[VALIDATION["sentiment"]]
    assert (first["texts"], first["head"]["accuracy"], first["majority"]["accuracy"]) == (
        4,
        1,
        0.75,
    )
    for name in JUDGED:
        rows = judged(name)
        found = told[f"{name}, judged by hand"]
        assert found["texts"] == len(rows)
        wrong = rows[0]["sentiment"] != "positive"
        assert wrong
        assert found["head"]["accuracy"] == round(1 - 1 / len(rows), 4)
        counts = Counter(row["sentiment"] for row in rows)
        assert {label: row["posts"] for label, row in found["by_label"].items()} == counts
        positive = found["by_label"]["positive"]
        assert positive["named"] == positive["found"] + 1 == positive["posts"] + 1


def test_a_community_without_a_hostile_post_is_still_measured(data: Path) -> None:
    told = measured("hostility", head("hostility"), Counts(), _with_tweets(data))
    for name in JUDGED:
        found = told[f"{name}, judged by hand"]
        assert found["head"].keys() == {"accuracy"}
        assert list(found["by_label"]) == ["civil", "hostile/personal"]
        hostile = sum(row["hostility"] != "civil" for row in judged(name))
        assert found["by_label"]["hostile/personal"]["posts"] == hostile


def _with_tweets(data: Path) -> Path:
    rows = [{"text": "bad", "label": 0}, {"text": "good", "label": 1}]
    save(data / VALIDATION["hostility"], rows)
    return data


def test_data_that_are_missing_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="offensive_val"):
        measured("hostility", head("hostility"), Counts(), tmp_path)


def test_figures_are_of_known_tasks() -> None:
    assert VALIDATION.keys() < TASKS.keys() == figures.NAMES.keys()
    for name in JUDGED:
        rows = judged(name)
        assert len({row["id"] for row in rows}) == len(rows) >= 100
        for row in rows:
            assert row.keys() == {"id", "how", *TASKS}
            assert all(row[task] in labels for task, labels in TASKS.items())
