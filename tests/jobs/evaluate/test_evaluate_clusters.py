"""`evaluate clusters`: what it reads, its figures by hand, its baselines, and a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from jobs.evaluate.clusters import evaluate, k_means, labelled, leaders, likeness
from jobs.evaluate.result import Options
from nlp.vectors import unit
from service.errors import BadArchive, InvalidInput
from service.settings import Settings

DATA = Path(__file__).parents[4] / "shared/data"


def saved(folder: Path, rows: list[dict[str, object]]) -> Options:
    path = folder / "texts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Options(Settings(data_dir=folder, encoder="hashing"), data=path)


def spoken(each: int = 30) -> list[dict[str, object]]:
    subjects = {
        "sync": "the calendar sync stops on my phone",
        "export": "please export every page to markdown files",
        "price": "what does the yearly plan cost for a school",
    }
    return [
        {"text": f"{text} {number}", "intent": label}
        for label, text in subjects.items()
        for number in range(each)
    ]


def test_figures_by_hand() -> None:
    gold = np.array([0, 0, 0, 1, 1, 1])
    assert likeness(gold, gold[::-1].copy()) == {"accuracy": 1.0, "nmi": 1.0, "ari": 1.0}
    found = likeness(gold, np.array([0, 0, 1, 1, 1, 1]))
    assert found["accuracy"] == pytest.approx(5 / 6)
    assert found["ari"] == pytest.approx(1 / 3, abs=0.01)
    # Three clusters: of those of one label only the largest is matched.
    assert likeness(gold, np.array([0, 0, 2, 1, 1, 1]))["accuracy"] == pytest.approx(5 / 6)
    assert likeness(gold, np.zeros(6, dtype=np.int64))["nmi"] == 0


def test_leaders_are_the_first_of_their_kind() -> None:
    rows = unit(np.array([[1, 0], [0.9, 0.1], [0, 1], [0.6, 0.6], [0.1, 1]], dtype=np.float32))
    assert leaders(rows, 0.8).tolist() == [0, 0, 1, 2, 1]
    assert leaders(rows, -1).tolist() == [0] * 5


def test_k_means_is_seeded() -> None:
    chance = np.random.default_rng(3)
    rows = unit(chance.standard_normal((80, 6)).astype(np.float32))
    np.testing.assert_array_equal(k_means(rows, 5, 1), k_means(rows, 5, 1))


def test_the_order_of_the_file_changes_nothing(tmp_path: Path) -> None:
    rows = spoken(20)
    texts, gold = labelled(saved(tmp_path, rows))
    again, other = labelled(saved(tmp_path, rows[::-1]))
    assert texts == again
    assert gold.tolist() == other.tolist()
    assert np.bincount(gold).tolist() == [20, 20, 20]


def test_what_cannot_be_clustered_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="columns mood, text; wanted text and one of intent, "):
        labelled(saved(tmp_path, [{"text": "a", "mood": "glad"}]))
    with pytest.raises(BadArchive, match="line 2 has columns text; wanted text, intent"):
        labelled(saved(tmp_path, [{"text": "a", "intent": "b"}, {"text": "c"}]))
    with pytest.raises(InvalidInput, match="30 texts of 1 labels are too few"):
        labelled(saved(tmp_path, spoken()[:30]))
    with pytest.raises(InvalidInput, match="60 texts of 1 labels are too few"):
        labelled(saved(tmp_path, [{"text": f"text {n}", "label": 1} for n in range(60)]))


def test_a_run_from_end_to_end(tmp_path: Path) -> None:
    found = evaluate(saved(tmp_path, spoken()))
    assert (found.name, found.n, found.published) == ("clusters", 90, {})
    assert found.metrics["accuracy"] == found.metrics["nmi"] == 1
    assert found.metrics["accuracy_by_vectors"] == found.metrics["nmi_by_vectors"] == 1
    assert {"ari", "nmi_auto", "k_auto", "seconds"} < set(found.metrics)
    assert set(found.baselines) == {
        "k-means",
        "k-means on words alone",
        "cosine of 0.6 to a first text",
    }


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_labelled_questions_are_found_better_than_by_k_means() -> None:
    path = DATA / "banking77/test.jsonl.gz"
    found = evaluate(Options(Settings(), data=path))
    theirs = found.baselines["k-means"]
    assert found.n == 3_080
    assert found.metrics["accuracy"] > max(0.67, theirs["accuracy"])
    assert found.metrics["nmi"] > max(0.82, theirs["nmi"])
    assert found.published["ClusterLLM (Instructor and ChatGPT)"]["accuracy"] == 0.71
