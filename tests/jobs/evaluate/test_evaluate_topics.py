"""`evaluate topics`: what it reads, what every model counts, its figures, and a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.evaluate import bertopics, topics
from jobs.evaluate.result import MeasurementFailed, Options
from nlp.encoders import load
from nlp.topics.coherence import together
from service.errors import BadArchive, InvalidInput
from service.settings import Settings

DATA = Path(__file__).parents[4] / "shared/data"
SUBJECTS = [
    ["sync", "conflict", "laptop", "phone", "merge", "offline", "server", "queue", "battery"],
    ["export", "margin", "page", "font", "print", "heading", "layout", "column", "border"],
    ["plugin", "hook", "manifest", "sandbox", "script", "command", "install", "folder"],
]


def saved(folder: Path, rows: list[dict[str, object]]) -> Options:
    path = folder / "posts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Options(Settings(data_dir=folder, encoder="hashing"), data=path)


def spoken(count: int = 510, column: str = "text") -> list[dict[str, object]]:
    chance = np.random.default_rng(2)
    return [
        {
            column: " ".join(chance.choice(SUBJECTS[row % 3], 8)),
            "author": f"member {row % 40}",
            "thread_id": f"{row % 3}-{row % 60}",
        }
        for row in range(count)
    ]


def answered(
    documents: Sequence[Sequence[str]], rows: np.ndarray, sizes: Sequence[int], seed: int
) -> dict[str, Any]:
    mixed = [[words[0] for words in SUBJECTS], [words[1] for words in SUBJECTS]]
    return {"auto": mixed, "sizes": [mixed] * 5, "outlier_share": 0.4, "seconds": 3.0}


def test_words_that_count() -> None:
    assert topics.words("The iPhone's sync_queue: v2, ÉTÉ and 3 apps!") == [
        *("iphone", "sync", "queue", "été", "apps")
    ]


def test_the_vocabulary_is_of_words_in_most_documents() -> None:
    documents = [["b", "b", "a"], ["c", "b"], ["c", "d", "d", "d"]]
    assert topics.frequent(documents, 2) == ["b", "c"]
    assert topics.frequent(documents, None) == ["a", "b", "c", "d"]


def test_the_order_of_the_file_changes_nothing(tmp_path: Path) -> None:
    encoder, rows = load("hashing"), spoken()
    first = topics.read(saved(tmp_path, rows), encoder)
    again = topics.read(saved(tmp_path, rows[::-1]), encoder)
    assert first.documents == again.documents
    assert first.vocabulary == again.vocabulary == sorted({*chain(*SUBJECTS)})
    np.testing.assert_array_equal(first.posts.vectors, again.posts.vectors)
    assert len(np.unique(first.posts.authors)) == 40
    assert len(np.unique(first.posts.threads)) == 60
    assert first.threaded


def test_tokens_are_taken_as_they_are(tmp_path: Path) -> None:
    rows = [
        {"tokens": f"{row['tokens']} an x{n % 2}"} for n, row in enumerate(spoken(column="tokens"))
    ]
    corpus = topics.read(saved(tmp_path, rows), load("hashing"))
    assert {"an", "x0", "x1"} < {*corpus.vocabulary}
    assert not corpus.threaded
    assert len(np.unique(corpus.posts.threads)) == len(corpus.documents)


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    encoder = load("hashing")
    with pytest.raises(BadArchive, match="has columns body; wanted text or tokens"):
        topics.read(saved(tmp_path, [{"body": "a"}]), encoder)
    with pytest.raises(InvalidInput, match="9 texts are too few for 50 topics"):
        topics.read(saved(tmp_path, spoken(9)), encoder)


def test_figures_are_means_over_numbers_of_topics() -> None:
    seen = together([["a", "b"], ["a", "b"], ["c", "d"], ["c"]], ["a", "b", "c", "d"])
    good, bad = [["a", "b"]], [["a", "c"], ["a", "d"]]
    found = topics.figures(topics.Model([good, bad], good, 0.2, {"seconds": 1.5}), seen, seen)
    assert (found["k"], found["k_auto"], found["seconds"]) == (1.5, 1, 1.5)
    assert (found["diversity"], found["diversity_auto"]) == (0.875, 1)
    assert found["npmi_auto"] == pytest.approx(1)
    assert found["npmi"] < 0.5
    assert found["outlier_share"] == 0.2


def test_a_run_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bertopics, "found", answered)
    monkeypatch.setattr(topics, "SIZES", (3, 4))
    found = topics.evaluate(saved(tmp_path, spoken()))
    assert (found.name, found.n, found.published) == ("topics", 510, {})
    theirs = found.baselines[topics.DEFAULTS]
    assert found.baselines[topics.IN_CONTEXT] == theirs
    assert theirs["outlier_share"] == 0.4
    assert found.metrics["npmi"] > theirs["npmi"]
    assert found.metrics["diversity"] > 0.85
    assert found.metrics["outlier_share"] < 0.15
    assert {"seconds", "seconds_described", "npmi_document"} < {*found.metrics}
    assert {*theirs} < {*found.metrics}


def test_a_process_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bertopics.sys, "executable", "false")
    with pytest.raises(MeasurementFailed, match="exit code 1: its own messages say why"):
        bertopics.found([["a"]] * 3, np.eye(3, dtype=np.float32), (), seed=0)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")
def test_topics_of_newsgroups_are_ahead_of_bertopic() -> None:
    path = DATA / "newsgroups20/20news_bydate.jsonl.gz"
    found = topics.evaluate(Options(Settings(), data=path, limit=3_000))
    theirs = found.baselines[topics.DEFAULTS]
    assert found.metrics["npmi"] > theirs["npmi"]
    assert found.metrics["diversity"] > theirs["diversity"]
    assert found.metrics["outlier_share"] < min(0.15, theirs["outlier_share"])
    assert found.published["BERTopic with MiniLM"]["npmi"] == 0.159
