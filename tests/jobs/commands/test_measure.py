"""`evaluate` and `train`: what they are asked, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs.commands.measure import HEADS, NAMES
from nlp.judgements import TASKS, layers
from nlp.judgements.head import read_card
from tests.jobs.community import records, write
from tests.jobs.conftest import Run
from tests.jobs.small import Counts, write_heads


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put heads that count words in force; return their folder."""
    folder = write_heads(tmp_path / "heads")
    monkeypatch.setattr(layers, "load", lambda *_, **__: Counts())
    monkeypatch.setenv("GROUNDSWELL_HEADS_DIR", str(folder))
    return folder


def saved(path: Path, rows: list[Any]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def moods(count: int) -> list[dict[str, Any]]:
    words = ("bad", "plain", "good")
    return [{"text": f"{words[n % 3]} {n}", "label": n % 3} for n in range(count)]


@pytest.mark.usefixtures("own")
def test_evaluate_prints_one_document_or_a_table(groundswell: Run, tmp_path: Path) -> None:
    data = saved(tmp_path / "a.jsonl", moods(30))
    code, out, error = groundswell("evaluate", "sentiment", "--data", data, "--json")
    told = orjson.loads(out)
    assert (code, error) == (0, "")
    assert (told["name"], told["n"], told["metrics"]["macro_recall"]) == ("sentiment", 30, 1.0)
    assert told["baselines"].keys() == {"lexicon", "majority", "counting"}
    out = groundswell("evaluate", "sentiment", "--data", data, "--limit", "9")[1]
    assert "(n = 9)" in out
    assert "lexicon" in out
    taught = groundswell("evaluate", "sentiment", "--data", data, "--train", data, "--json")[1]
    assert orjson.loads(taught)["versions"]["sentiment"] == "small@v1, taught"
    folds = groundswell("evaluate", "sentiment", "--data", data, "--folds", "3")
    assert "fold 3 of 3" in folds[2]


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("evaluate", "mood"), 2, "nothing is measured under 'mood'"),
        (("evaluate", "sentiment"), 2, "--data PATH"),
        (("evaluate", "intent", "--data", "nowhere.jsonl"), 1, "nowhere.jsonl"),
        (("evaluate", "intent", "--data", "a.jsonl"), 1, "wanted title, body, label or"),
        (
            ("evaluate", "sentiment", "--data", "a.jsonl", "--train", "a.jsonl", "--folds", "2"),
            2,
            "--train and --folds",
        ),
        (("evaluate", "sentiment", "--data", "a.jsonl", "--folds", "101"), 2, "--folds"),
        (("train", "mood"), 2, "no head is called 'mood': use sentiment, emotion"),
        (("train", "judges"), 2, "`train judges` takes one --data and an --out"),
        (("train", "threads", "--data", "x"), 2, "`train threads` takes one --data and an --out"),
        (("train", "intent"), 2, "0 labels of intent are too few"),
        (("train", "sentiment", "--data", "few.jsonl"), 2, "9 labels of sentiment are too few"),
        (("train", "emotion", "--data", "few.jsonl", "--data", "x.jsonl"), 1, "x.jsonl"),
    ],
)
def test_what_cannot_be_measured_or_taught_is_one_line(
    groundswell: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "a.jsonl", [{"text": "x", "feeling": 1}])
    if "sentiment" in arguments:
        saved(tmp_path / "a.jsonl", moods(30))
    saved(tmp_path / "few.jsonl", moods(9))
    found, out, error = groundswell(*arguments)
    assert (found, out) == (code, "")
    assert line in error
    assert "Traceback" not in error


def test_train_learns_what_people_corrected(groundswell: Run, own: Path, tmp_path: Path) -> None:
    groundswell("import", "jsonl", write(tmp_path / "archive.jsonl", records()[:30]))
    for post in range(1, 25):
        groundswell("correct", str(post), "hostility", "civil" if post % 2 else "hostile")
    code, out, error = groundswell("train", "hostility", "--json")
    assert code == 0
    assert orjson.loads(out) == {"weights": str(own / "hostility.npz")}
    assert "24 labelled texts" in error
    assert read_card(own, "hostility").about["data"][0]["texts"] == 24
    data = saved(tmp_path / "a.jsonl", moods(30))
    other = tmp_path / "other"
    told = groundswell("train", "sentiment", "--data", data, "--out", other)[1]
    assert told == f"wrote {other / 'sentiment.npz'}\n"
    assert read_card(own, "sentiment").version == "v1"


def test_names_are_in_order_and_of_every_task() -> None:
    assert list(NAMES) == sorted(NAMES)
    assert set(TASKS) < set(NAMES)
    assert set(HEADS) == {*TASKS, "judges", "threads"}
