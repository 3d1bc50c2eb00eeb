"""Which judges the settings name, and what is wrong with a setting by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs import judges
from nlp.judgements import TASKS, JudgeCard, external, layers
from nlp.judgements.lists import NAME, VERSION, ListJudge
from nlp.judgements.panel import ABSTAINED, LANGUAGE_CARD
from service.errors import BadSetting
from service.settings import Settings
from tests.jobs.small import Counts, write_heads


@pytest.fixture
def packaged(settings: Settings, tmp_path: Path) -> Settings:
    """Return settings of heads of one's own."""
    folder = write_heads(tmp_path / "heads")
    return settings.model_copy(update={"judges": "packaged", "heads_dir": folder})


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put a reader that counts words in the place of tuned layers; return how it was loaded."""
    asked: dict[str, Any] = {}

    def load(folder: Path, stem: str, **options: Any) -> Counts:
        asked.update(options, folder=folder, stem=stem)
        return Counts()

    monkeypatch.setattr(layers, "load", load)
    return asked


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the folder of a classifier of other makers, as far as its card goes."""
    folder = tmp_path / "model"
    folder.mkdir()
    labels = {"0": "NEG", "1": "LABEL_1", "2": "pos"}
    (folder / "config.json").write_text(json.dumps({"id2label": labels}), encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_lists_are_judges_of_every_task(settings: Settings) -> None:
    cards = judges.cards(settings)
    assert list(cards) == ["language", *TASKS]
    assert cards["language"] is LANGUAGE_CARD
    assert cards["intent"] == JudgeCard("intent", NAME, VERSION, TASKS["intent"])
    text = "please add dark mode, it would be great"
    found = judges.panel(settings).judge([text, "damn idiot", ""])
    assert found.keys() == cards.keys()
    assert [found["intent"].label(row) for row in range(3)] == ["feature_request", "other", None]
    assert [found["hostility"].label(row) for row in range(3)] == ["civil", "personal", None]
    assert {task: verdicts.card for task, verdicts in found.items()} == cards


def test_only_the_judges_of_some_tasks_are_loaded(
    settings: Settings, packaged: Settings, reader: dict[str, Any]
) -> None:
    text = ["please add dark mode"]
    assert judges.panel(settings, ["intent"]).judge(text).keys() == {"language", "intent"}
    assert judges.panel(packaged, ["language"]).judge(text).keys() == {"language"}
    gone = packaged.model_copy(update={"intent_model": "gone"})
    assert judges.panel(gone, ["language"]).judge(text).keys() == {"language"}
    assert reader == {}


def test_no_judges_are_none(settings: Settings) -> None:
    assert judges.cards(settings.model_copy(update={"judges": "none"})) == {}


def test_heads_of_ones_own_share_a_reader(packaged: Settings, reader: dict[str, Any]) -> None:
    cards = judges.cards(packaged)
    assert list(cards) == ["language", *TASKS]
    assert {cards[task].name for task in TASKS} == {"small"}
    assert all(cards[task].version.startswith("v1-") for task in TASKS)
    options = packaged.model_copy(update={"threads": 2, "encode_tokens": 512})
    found = judges.panel(options).judge(["the good good one", "so bad", "plain words"])
    labels = [found["sentiment"].label(row) for row in range(3)]
    assert labels == ["positive", "negative", "neutral"]
    assert reader == {
        "folder": packaged.heads_dir,
        "stem": "reader",
        "threads": 2,
        "batch_tokens": 512,
    }


def test_what_is_less_sure_than_the_setting_gets_no_label(
    packaged: Settings, reader: dict[str, Any]
) -> None:
    texts = ["the good one", "the good bad one"]
    for least, chosen in ((0.45, [2, 0]), (0.6, [2, ABSTAINED]), (0.95, [ABSTAINED] * 2)):
        options = packaged.model_copy(update={"judge_confidence": least})
        found = judges.panel(options).judge(texts)["sentiment"]
        assert found.chosen.tolist() == chosen
        np.testing.assert_allclose(found.confidence, [0.9094, 0.4879], atol=2e-4)


@pytest.mark.parametrize(
    ("name", "kept", "line"),
    [
        ("intent.json", -40, r"intent\.json is no card of a head"),
        ("intent.json", 0, r"intent\.json is no card of a head"),
        ("intent.npz", -40, r"intent\.npz is not what its card describes"),
        ("reader.json", -40, r"reader\.json is no card of tuned layers"),
        ("intent.npz", None, r"intent\.npz cannot be read: train it again"),
        ("reader.json", None, r"was trained on the tuned layers .*, and there are \S+: train"),
    ],
)
def test_a_damaged_head_is_named(
    packaged: Settings, name: str, kept: int | None, line: str
) -> None:
    assert packaged.heads_dir
    path = packaged.heads_dir / name
    whole = path.read_bytes()
    path.unlink()
    if kept is not None:
        path.write_bytes(whole[:kept])
    with pytest.raises(BadSetting, match=line) as refused:
        judges.panel(packaged)
    assert "train" in str(refused.value)
    if path.suffix == ".json" and name != "reader.json":
        with pytest.raises(BadSetting, match=line):
            judges.cards(packaged)


def test_a_head_of_other_layers_is_named(packaged: Settings) -> None:
    assert packaged.heads_dir
    card = json.loads((packaged.heads_dir / "reader.json").read_text(encoding="utf-8"))
    changed = json.dumps({**card, "sha256": "cd" * 32})
    (packaged.heads_dir / "reader.json").write_text(changed, encoding="utf-8")
    line = (
        "sentiment.npz was trained on the tuned layers small-1-abababababab, and "
        "there are small-1-cdcdcdcdcdcd"
    )
    with pytest.raises(BadSetting, match=line):
        judges.panel(packaged)


def test_a_model_of_other_makers_is_described(packaged: Settings, model: Path) -> None:
    named = packaged.model_copy(
        update={"sentiment_model": str(model), "sentiment_labels": "LABEL_1=neutral"}
    )
    cards = judges.cards(named)
    assert (cards["sentiment"].name, cards["sentiment"].labels) == (str(model), TASKS["sentiment"])
    assert cards["intent"].name == "small"
    (model / "model.safetensors").write_bytes(b"others")
    assert judges.cards(named)["sentiment"].version != cards["sentiment"].version
    assert judges.external_names(named) == {"sentiment": str(model)}
    lists = named.model_copy(update={"judges": "lists"})
    assert judges.cards(lists)["sentiment"].name == str(model)
    assert judges.cards(lists)["emotion"].name == NAME


def test_a_model_of_other_makers_judges_beside_heads(
    packaged: Settings, reader: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def load(task: str, name: str, **options: Any) -> ListJudge:
        asked.update(options, task=task, name=name)
        return ListJudge(task)

    monkeypatch.setattr(external, "load", load)
    named = packaged.model_copy(
        update={"emotion_model": "some/model", "emotion_labels": "LABEL_0=joy", "threads": 3}
    )
    found = judges.panel(named).judge(["thanks, so good"])
    assert asked == {
        "task": "emotion",
        "name": "some/model",
        "threads": 3,
        "batch_tokens": named.encode_tokens,
        "labels": {"LABEL_0": "joy"},
    }
    assert (found["emotion"].label(0), found["emotion"].card.name) == ("gratitude", NAME)
    assert (found["sentiment"].label(0), found["sentiment"].card.name) == ("positive", "small")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "LABEL_1.*GROUNDSWELL_SENTIMENT_LABELS"),
        ({"sentiment_labels": "LABEL_1"}, "write theirs=ours"),
        ({"sentiment_labels": "LABEL_1=meh"}, "sentiment has no label 'meh'"),
        ({"sentiment_model": "nobody/nothing"}, "hf download nobody/nothing"),
    ],
)
def test_a_setting_that_names_no_model_is_refused(
    settings: Settings, model: Path, changes: dict[str, str], line: str
) -> None:
    named = settings.model_copy(update={"sentiment_model": str(model), **changes})
    with pytest.raises(BadSetting, match=line) as refused:
        judges.cards(named)
    assert "\n" not in str(refused.value)
    with pytest.raises(BadSetting, match=line):
        judges.panel(named)
