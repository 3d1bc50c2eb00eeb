"""`evaluate` and `train`: what they are asked, and what they refuse."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs.commands.context import clock, opened
from jobs.commands.measure import HEADS, LEARNED, NAMES
from nlp.judgements import TASKS, layers
from nlp.judgements.head import read_card
from service.judgements import Given, correct
from tests.jobs.community import records, write
from tests.jobs.conftest import Run
from tests.jobs.small import Counts, write_heads


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put heads that count words in force; return their folder."""
    folder = write_heads(tmp_path / "heads")
    monkeypatch.setattr(layers, "load", lambda *_, **__: Counts())
    monkeypatch.setenv("GROUNDSWELL_JUDGES", "packaged")
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
    assert LEARNED not in out


def test_data_that_were_learned_from_are_said(groundswell: Run, own: Path, tmp_path: Path) -> None:
    (tmp_path / "tweeteval").mkdir()
    data = saved(tmp_path / "tweeteval/emotion_val.jsonl.gz", moods(30))
    code, out, _ = groundswell("evaluate", "sentiment", "--data", data)
    assert (code, out.splitlines()[0]) == (0, LEARNED)
    told = groundswell("evaluate", "sentiment", "--data", data, "--json")[1]
    assert orjson.loads(told)["learned_from"] is True
    other = saved(tmp_path / "a.jsonl", moods(30))
    told = groundswell("evaluate", "sentiment", "--data", other, "--json")[1]
    assert orjson.loads(told)["learned_from"] is False


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
    card = read_card(own, "hostility").about
    assert card["data"][0]["texts"] == 24
    assert card["command"] == f"groundswell train hostility --corrections --out {own} --seed 0"
    assert "kept for measuring" not in error
    data = saved(tmp_path / "a.jsonl", moods(30))
    other = tmp_path / "other"
    told = groundswell("train", "sentiment", "--data", data, "--out", other)[1]
    assert told == f"wrote {other / 'sentiment.npz'}\n"
    assert read_card(own, "sentiment").version == "v1"


def test_labels_of_the_random_sample_are_counted_and_not_learned(
    groundswell: Run, own: Path, tmp_path: Path
) -> None:
    groundswell("import", "jsonl", write(tmp_path / "archive.jsonl", records()[:30]))
    with opened() as context, context.database.write() as session:
        for post in range(1, 26):
            label = "civil" if post % 2 else "hostile"
            correct(session, post, Given("hostility", label, None, post <= 4), clock(), "ann")
    code, _, error = groundswell("train", "hostility")
    assert code == 0
    assert "4 labels of the random sample are kept for measuring" in error
    assert "21 labelled texts" in error
    code, _, error = groundswell("train", "hostility", "--no-corrections")
    assert (code, "0 labels of hostility are too few" in error) == (2, True)
    assert "kept for measuring" not in error


@pytest.mark.parametrize(
    ("head", "times"),
    [("heat", {"now", "settings"}), ("judges", {"now"}), ("threads", set())],
)
def test_heads_of_whole_data_sets_are_told_the_time(
    groundswell: Run, monkeypatch: pytest.MonkeyPatch, head: str, times: set[str]
) -> None:
    heard: dict[str, Any] = {}

    def make(data: Path, out: Path, **given: Any) -> Path:
        heard.update(given, data=data)
        return out / "weights"

    monkeypatch.setattr(f"jobs.train.{head}.train", make)
    code, out, _ = groundswell("train", head, "--data", "a", "--out", "b", "--seed", "2")
    assert (code, out) == (0, f"wrote {Path('b/weights')}\n")
    assert (heard.keys(), heard["seed"]) == ({"data", "seed", "log", *times}, 2)
    assert "now" not in times or heard["now"].tzinfo is UTC


def test_names_are_in_order_and_of_every_task() -> None:
    assert list(NAMES) == sorted(NAMES)
    assert set(TASKS) < set(NAMES)
    assert set(HEADS) == {*TASKS, "heat", "judges", "threads"}
