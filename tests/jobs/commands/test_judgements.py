"""`judge` and `correct` as people and scripts use them."""

from __future__ import annotations

import io
from pathlib import Path

import orjson
import pytest

from nlp.judgements import TASKS
from service.db.queries import audit, corrections
from service.db.session import open_database
from tests.jobs.community import records, write
from tests.jobs.conftest import Run


def test_judge_says_what_a_run_would(groundswell: Run) -> None:
    texts = ("Would be **nice** to have tabs", "it `crashes`, what an awful bug", "")
    found = orjson.loads(groundswell("judge", *texts, "--json")[1])["data"]
    assert [row["intent"]["label"] for row in found] == ["feature_request", "bug_report", None]
    assert [row["sentiment"]["label"] for row in found] == ["positive", "negative", None]
    assert [row["parts"] for row in found] == [1, 1, 0]
    for row in found:
        assert row.keys() == {"parts", "language", *TASKS}
        for task, labels in TASKS.items():
            assert row[task]["probabilities"].keys() == set(labels)
            assert sum(row[task]["probabilities"].values()) == pytest.approx(1, abs=0.01)
            assert (row[task]["model"], row[task]["version"]) == ("groundswell-lists", "lists-1")
    assert found[0]["intent"]["confidence"] == 0.8
    assert found[2]["intent"]["confidence"] == 0
    assert found[0]["language"]["label"] == "en"
    rude = found[1]["hostility"]
    assert rude["score"] == pytest.approx(1 - rude["probabilities"]["civil"], abs=1e-3)
    assert [found[1][task]["score"] for task in ("intent", "language")] == [None, None]


def test_judge_prints_a_line_a_task(groundswell: Run) -> None:
    code, out, _ = groundswell("judge", "the **sync** is\nawful " + "so bad " * 120)
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("the sync is awful so bad")
    assert (len(lines[0]), lines[0][-1]) == (100, "…")
    assert [line.split()[0] for line in lines[1:6]] == ["language", *TASKS]
    assert lines[2].split("  ")[-2:] == ["negative", "(negative 0.80, neutral 0.10, positive 0.10)"]
    assert lines[6] == "  judged in 3 parts"


def test_judge_reads_standard_input_as_one_text(
    groundswell: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("thanks a lot\n\nso great\n"))
    [found] = orjson.loads(groundswell("judge", "--json")[1])["data"]
    assert found["emotion"]["label"] == "gratitude"


def test_judge_without_judges_says_nothing_of_a_text(
    groundswell: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = groundswell("judge", "")
    assert code == 0
    assert "no label" in out
    monkeypatch.setenv("GROUNDSWELL_SENTIMENT_MODEL", "nobody/nothing")
    code, out, error = groundswell("judge", "hello")
    assert (code, out) == (2, "")
    assert "hf download nobody/nothing" in error


def test_a_correction_wins_and_is_on_record(groundswell: Run, tmp_path: Path) -> None:
    groundswell("import", "jsonl", write(tmp_path / "archive.jsonl", records()[:60]))
    groundswell("run", "--steps", "judge")
    told = groundswell("correct", "1", "sentiment", "negative", "--note", "said so")
    assert told == (0, "post 1: sentiment is negative\n", "")
    again = groundswell("correct", "1", "sentiment", "negative", "--note", "said so")
    assert again == (0, "post 1: sentiment is negative, as it was\n", "")
    with open_database(f"sqlite:///{tmp_path}/data/groundswell.sqlite3").read() as session:
        [row] = corrections.history(session, 1)
        entry = audit.newest_first(session, 1)[0]
    assert (row.label, row.note, row.actor, row.sampled) == ("negative", "said so", "local", False)
    assert (row.model, row.model_label) == ("groundswell-lists", "neutral")
    assert (entry.action, entry.target) == ("judgement.correct", "post 1")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("999", "sentiment", "negative"), 1, "there is no post 999"),
        (("1", "mood", "negative"), 2, "tasks are sentiment, emotion"),
        (("1", "sentiment", "angry"), 2, "labels are negative, neutral, positive"),
        (("1", "language", "english"), 2, "ISO 639-1"),
        (("one", "sentiment", "negative"), 2, "integer"),
    ],
)
def test_corrections_that_cannot_be_are_one_line(
    groundswell: Run, arguments: tuple[str, ...], code: int, line: str
) -> None:
    found, out, error = groundswell("correct", *arguments)
    assert (found, out) == (code, "")
    assert line in error
    assert "Traceback" not in error
