"""Heads of one's own: taught by files and by people, and in force from then on."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import split
from typing import Any

import numpy as np
import orjson
import pytest
import typer
from typer.testing import CliRunner

from jobs import judges
from jobs.commands import measure
from jobs.evaluate.labelled import Labelled
from jobs.train import heads, lessons
from nlp.encoders.hashing import HashingEncoder
from nlp.judgements import TASKS, layers, shelf, sight
from nlp.judgements.features import Features
from nlp.judgements.head import Head, read, read_card, write
from nlp.judgements.panel import card_of
from nlp.judgements.sight import WideReader
from service.errors import BadArchive, InvalidInput
from service.settings import Settings
from tests.conftest import NOW
from tests.jobs.small import Counts, head, write_heads
from tests.nlp.judgements import tiny

LABELS = TASKS["sentiment"]
train = partial(heads.train, now=NOW)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of heads that teaching starts from, by a reader that counts words."""
    monkeypatch.setattr(layers, "load", lambda *_, **__: Counts())
    for place in (sight, judges.encoders):
        monkeypatch.setattr(place, "load", lambda *_, **__: HashingEncoder())
    monkeypatch.setattr(heads, "own", lambda: lessons.own()[:40])
    monkeypatch.setattr(heads, "talk", lambda: lessons.talk()[:10])
    return write_heads(tmp_path / "heads")


def seen(*texts: str) -> Features:
    return WideReader(Counts(), HashingEncoder()).features(texts)


def saved(path: Path, rows: list[Any]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def turned(count: int) -> list[dict[str, str]]:
    """Return texts in which "odd" is positive, of which the start knows nothing."""
    words = {"odd": "positive", "bad": "negative", "plain": "neutral"}
    return [
        {"text": f"{word} {number}", "sentiment": label}
        for number in range(count)
        for word, label in words.items()
    ]


def people(texts: list[str], label: str) -> Labelled:
    groups = tuple((name,) for name in LABELS)
    gold = [LABELS.index(label)] * len(texts)
    return Labelled("sentiment", texts, groups, gold, [""] * len(texts))


def test_a_taught_head_wins_and_its_card_says_of_what(
    start: Path, tmp_path: Path, settings: Settings
) -> None:
    data = saved(tmp_path / "mine.jsonl", turned(10))
    heard: list[str] = []
    path = train(
        "sentiment",
        [data],
        people([f"odd post {number}" for number in range(6)], "positive"),
        tmp_path / "own",
        heads=start,
        seed=3,
        log=heard.append,
    )
    assert path == tmp_path / "own/sentiment.npz"
    assert heard[0] == "36 labelled texts"
    assert heard[1].startswith("log loss of texts held out 0.")
    card = read_card(tmp_path / "own", "sentiment")
    assert card.version.startswith("sentiment-")
    assert card.about["texts"] == 36
    assert card.about["seed"] == 3
    assert card.about["date"] == NOW.date().isoformat()
    assert card.about["data"] == [
        {"name": "mine.jsonl", "source": "a file of one's own"},
        {"name": "people's corrections", "texts": 6},
    ]
    held_out = card.about["held_out"]
    assert held_out["log_loss"] < held_out["log_loss_before"]
    np.testing.assert_allclose(sum(card.prior), 1, atol=1e-5)
    assert card.prior[2] == max(card.prior)

    said = read(tmp_path / "own", "sentiment").probabilities(seen("odd one", "bad"))
    assert said.argmax(axis=1).tolist() == [2, 0]
    before = read(start, "sentiment").probabilities(Counts().features(["odd one"]))
    np.testing.assert_allclose(before, 1 / 3, atol=1e-5)

    write_heads(tmp_path / "own", [task for task in TASKS if task != "sentiment"])
    own = settings.model_copy(update={"judges": "packaged", "heads_dir": tmp_path / "own"})
    assert judges.cards(own)["sentiment"] == card_of(card)
    assert judges.panel(own).judge(["such an odd thing"])["sentiment"].label(0) == "positive"


def test_the_same_labels_are_the_same_version(start: Path, tmp_path: Path) -> None:
    data = saved(tmp_path / "a.jsonl", turned(10))
    other = saved(tmp_path / "b.jsonl", [*turned(9), *turned(1)])
    cards = [
        read_card(train("sentiment", [path], None, tmp_path / n, heads=start).parent, "sentiment")
        for n, path in (("one", data), ("two", data), ("three", other))
    ]
    assert cards[0].version == cards[1].version != cards[2].version
    one, two = ((tmp_path / name / "sentiment.npz").read_bytes() for name in ("one", "two"))
    assert one == two


def test_teaching_again_begins_where_teaching_began(start: Path, tmp_path: Path) -> None:
    data = saved(tmp_path / "a.jsonl", turned(10))
    train("sentiment", [data], None, start, heads=start)
    first = read_card(start, "sentiment").version
    said = read(start, "sentiment").probabilities(seen("odd one"))
    assert said[0].argmax() == 2
    rows = [{"text": f"new {n}", "label": n % 3} for n in range(24)]
    more = saved(tmp_path / "b.jsonl", rows)
    train("sentiment", [more], None, start, heads=start)
    assert read_card(start, "sentiment").version != first
    train("sentiment", [more], None, tmp_path / "own", heads=write_heads(tmp_path / "fresh"))
    again, anew = ((f / "sentiment.npz").read_bytes() for f in (start, tmp_path / "own"))
    assert again == anew, "a head is what its card names, whatever was taught before"
    assert json.loads((start / "intent.json").read_bytes())["version"] == "v1"


def test_too_few_labels_are_counted(start: Path, tmp_path: Path) -> None:
    some = saved(tmp_path / "a.jsonl", turned(4))
    for data, corrected, count in (
        ([], None, 0),
        ([some], None, 12),
        ([], people(["odd"] * 7, "neutral"), 7),
        ([some], people(["odd"] * 7, "neutral"), 19),
    ):
        with pytest.raises(InvalidInput, match=f"^{count} labels of sentiment are too few: .* 20$"):
            train("sentiment", data, corrected, tmp_path / "own", heads=start)
    assert not (tmp_path / "own").exists()
    mute = [{"text": "[code]", "sentiment": label} for label in ("neutral", "positive") * 15]
    with pytest.raises(InvalidInput, match=r"^12 labels .* too few \(30 more .* say nothing\): "):
        train("sentiment", [some, saved(tmp_path / "m.jsonl", mute)], None, tmp_path / "own")
    path = saved(tmp_path / "b.jsonl", [{"text": "x", "feeling": 1}])
    with pytest.raises(BadArchive, match="wanted text, sentiment"):
        train("sentiment", [path], None, tmp_path / "own", heads=start)


def test_labels_of_people_alone_may_all_be_one(start: Path, tmp_path: Path) -> None:
    corrected = people([f"odd {number}" for number in range(25)], "positive")
    train("sentiment", [], corrected, tmp_path / "own", heads=start)
    card = read_card(tmp_path / "own", "sentiment")
    assert card.about["data"] == [{"name": "people's corrections", "texts": 25}]


@pytest.mark.parametrize("corrected", [None, people(["odd"], "positive")])
def test_the_command_of_a_card_can_be_run(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, corrected: Labelled | None
) -> None:
    data, out = saved(tmp_path / "my own.jsonl", turned(10)), tmp_path / "heads of mine"
    train("sentiment", [data], corrected, out, heads=start, seed=3)
    program, *arguments = split(read_card(out, "sentiment").about["command"])
    assert program == "groundswell"
    given: dict[str, Any] = {}
    monkeypatch.setattr(measure, "_own", lambda *told: given.update(told=told) or out)
    app = typer.Typer()
    app.command()(measure.train)
    app.command(name="other")(lambda: None)
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, given["told"]) == (
        0,
        ("sentiment", [data], out, 3, corrected is not None),
    )


@pytest.fixture
def tuned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return heads on layers that can be tuned in a second; from 30 labels on they are."""
    monkeypatch.setattr(layers, "untuned", lambda: (tiny.transformer(), tiny.Letters()))
    for place in (sight, judges.encoders):
        monkeypatch.setattr(place, "load", lambda *_, **__: HashingEncoder())
    monkeypatch.setattr(heads, "LEAST", 30)
    monkeypatch.setattr("nlp.judgements.deepen.RATE", 5e-3)
    folder = tmp_path / "heads"
    key = layers.write(tiny.transformer(), folder, "tiny-1", {}).key
    for task in TASKS:
        known = head(task, key)
        vectors = np.zeros((tiny.WIDE, len(TASKS[task])), np.float32)
        write(Head(known.card, replace(known.weights, vectors=vectors)), folder)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if "reader" in path.name)


@pytest.mark.slow
def test_many_labels_teach_the_layers_and_few_leave_them(
    tuned: Path, tmp_path: Path, settings: Settings
) -> None:
    own = tmp_path / "own"
    data = saved(tmp_path / "a.jsonl", turned(30))
    train("sentiment", [data], None, own, heads=tuned, log=lambda line: None)
    first = names(own)
    version = read_card(own, "sentiment").version.removeprefix("sentiment-")
    assert first == [f"sentiment-reader-{version}.{end}" for end in ("json", "safetensors")]
    held = read_card(own, "sentiment").about["held_out"]
    assert 0 < held["log_loss"] < np.log(3)
    shared = {"judges": "packaged", "heads_dir": own}
    for name in ("reader.json", "reader.safetensors"):
        (own / name).write_bytes((tuned / name).read_bytes())
    for task in ("emotion", "hostility", "intent"):
        for end in ("json", "npz"):
            (own / f"{task}.{end}").write_bytes((tuned / f"{task}.{end}").read_bytes())
    said = judges.panel(settings.model_copy(update=shared)).judge(["odd one", "bad one"])
    chosen = said["sentiment"].probabilities.argmax(axis=1)
    assert [LABELS[number] for number in chosen] == ["positive", "negative"]
    np.testing.assert_allclose(said["emotion"].probabilities, 1 / len(TASKS["emotion"]), atol=1e-3)

    more = saved(tmp_path / "b.jsonl", turned(31))
    train("sentiment", [more], None, own, heads=tuned, log=lambda line: None)
    assert len(names(own)) == 4
    assert first[0] not in names(own), "those of the earlier head are gone"
    few = saved(tmp_path / "c.jsonl", turned(9))
    train("sentiment", [few], None, own, heads=tuned, log=lambda line: None)
    assert names(own) == ["reader.json", "reader.safetensors"]
    assert judges.panel(settings.model_copy(update=shared)).judge(["odd one"])


@pytest.mark.slow
def test_few_labels_after_many_begin_with_a_head_whose_layers_stay(
    tuned: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one folder: the layers of the taught head go with it, so that none may rest on them."""
    monkeypatch.setattr(heads, "PACKAGED", packaged := tmp_path / "packaged")
    monkeypatch.setattr(shelf, "PACKAGED", packaged)
    for path in tuned.iterdir():
        packaged.mkdir(exist_ok=True)
        (packaged / path.name).write_bytes(path.read_bytes())
    for count in (30, 9):
        data = saved(tmp_path / f"{count}.jsonl", turned(count))
        train("sentiment", [data], None, tuned, heads=tuned, log=lambda line: None)
    assert names(tuned) == ["reader.json", "reader.safetensors"]
    own = settings.model_copy(update={"judges": "packaged", "heads_dir": tuned})
    assert judges.panel(own).judge(["odd one"])["sentiment"].card.version


@pytest.mark.slow
def test_a_training_that_is_cut_leaves_the_head_in_force(
    tuned: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.model_copy(update={"judges": "packaged", "heads_dir": tuned})
    before = judges.panel(own).judge(["odd one"])["sentiment"]

    def cut(*_: Any) -> Path:
        raise OSError("no space left")

    monkeypatch.setattr(heads, "write", cut)
    with pytest.raises(OSError, match="no space"):
        train("sentiment", [saved(tmp_path / "a.jsonl", turned(30))], None, tuned, heads=tuned)
    after = judges.panel(own).judge(["odd one"])["sentiment"]
    assert after.card == before.card
    np.testing.assert_array_equal(after.probabilities, before.probabilities)


def test_what_a_person_says_wins_over_a_file(start: Path, tmp_path: Path) -> None:
    file = [{"text": f"odd  {number}", "sentiment": "negative"} for number in range(30)]
    corrected = people([f"odd {number}" for number in range(30)], "positive")
    data = saved(tmp_path / "a.jsonl", [*file, {"text": "plain", "sentiment": "neutral"}])
    path = train("sentiment", [data], corrected, tmp_path / "own", heads=start)
    said = read(path.parent, "sentiment").probabilities(seen("odd 7"))
    assert LABELS[said[0].argmax()] == "positive"


def test_equal_texts_are_one_whatever_the_blanks_between() -> None:
    assert heads.distinct(["a b", "c", "a  b\n", "A b"]) == ([0, 1, 3], [0, 1, 0, 2])
