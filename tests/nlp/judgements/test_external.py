"""Models of other makers: made here, saved, and loaded by the code of transformers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp.errors import UnknownModel
from nlp.judgements.external import ExternalJudge, describe, load
from nlp.judgements.reading import parts

WORDS = "the sync is so slow great thanks broken again why does it stop love hate you all".split()  # noqa: SIM905
TEXTS = [
    "why does it stop",
    "great thanks",
    "the sync is so slow again " * 30,
    "",
    "love it",
    "you all hate the sync",
    "great thanks",
    " \n",
    "unseen pieces!",
]
SENTIMENT = ("Negative", "NEUTRAL", "pos")

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return what makes a tiny classifier with these labels and gives its folder."""
    return lambda *labels, **more: _made(tmp_path / "model", labels, **more)


def _made(folder: Path, labels: tuple[str, ...], *, seed: int = 0, kind: str = "bert", **more: Any):
    import torch
    import transformers as hf

    folder.mkdir(exist_ok=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokenizer = hf.BertTokenizerFast(
        vocab={word: number for number, word in enumerate(vocabulary)}, model_max_length=10**30
    )
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = (hf.RobertaConfig if kind == "roberta" else hf.BertConfig)(
        vocab_size=len(vocabulary),
        intermediate_size=32,
        max_position_embeddings=44,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        pad_token_id=0,
        initializer_range=0.5,
        **sizes,
        **more,
    )
    torch.manual_seed(seed)
    classifier = hf.AutoModelForSequenceClassification.from_config(config)
    classifier.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _plainly(folder: Path, text: str, most: int = 44) -> np.ndarray:
    """Return the logits of one text by a plain call of transformers."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        read = tokenizer(text, truncation=True, max_length=most, return_tensors="pt")
        return model(**read).logits[0].double().numpy()


def _mean(folder: Path, text: str, most: int = 44) -> np.ndarray:
    """Return the mean of the logits of a text's parts; nine tenths of the window, less its ends."""
    logits = [_plainly(folder, part, most) for part in parts(text.strip(), (most - 2) * 9 // 10)]
    return np.mean(logits, axis=0)


def _softmax(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum()


def _fake(folder: Path, config: dict[str, Any], weights: str | None = "model.safetensors") -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    if weights:
        (folder / weights).write_bytes(b"none")
    return folder


@pytest.mark.slow
def test_probabilities_are_those_of_a_plain_call_for_each_text(make: Make) -> None:
    folder = make(*SENTIMENT)
    rows = load("sentiment", str(folder), batch_tokens=64).judge(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape == (len(TEXTS), 3)
    for row, text in zip(rows, TEXTS, strict=True):
        expected = _softmax(_mean(folder, text)) if text.strip() else np.zeros(3)
        np.testing.assert_allclose(row, expected, atol=2e-6)
    assert np.ptp(rows[[0, 1, 2, 4, 5]], axis=0).min() > 0.05


@pytest.mark.slow
def test_a_row_does_not_depend_on_its_company_or_the_batch(make: Make) -> None:
    folder = make(*SENTIMENT)
    judge = load("sentiment", str(folder))
    together = judge.judge(TEXTS)
    alone = np.concatenate([judge.judge([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(judge.judge(TEXTS[::-1])[::-1], together, atol=1e-6)
    small = load("sentiment", str(folder), batch_tokens=8).judge(TEXTS)
    np.testing.assert_allclose(small, together, atol=1e-6)
    np.testing.assert_array_equal(judge.judge(TEXTS), together)
    assert judge.judge([]).shape == (0, 3)


@pytest.mark.slow
def test_columns_are_in_our_order_whatever_the_model_has(make: Make) -> None:
    folder = make("positive", "negative", "neutral")
    judge = load("sentiment", str(folder))
    assert judge.card.labels == ("negative", "neutral", "positive")
    expected = _softmax(_plainly(folder, "love it"))
    np.testing.assert_allclose(judge.judge(["love it"])[0], expected[[1, 2, 0]], atol=2e-6)


@pytest.mark.slow
def test_labels_of_one_meaning_are_summed_and_dropped_ones_leave_doubt(make: Make) -> None:
    folder = make("love", "joy", "anger", "surprise")
    judge = load("emotion", str(folder))
    own = _softmax(_plainly(folder, "great thanks"))
    assert judge.card.labels == ("anger", "joy")
    assert judge.dropped == ("surprise",)
    row = judge.judge(["great thanks"])[0]
    np.testing.assert_allclose(row, [own[2], own[0] + own[1]], atol=2e-6)
    assert row.sum() == pytest.approx(1 - own[3], abs=1e-5)


@pytest.mark.slow
def test_a_model_of_many_labels_is_as_hostile_as_its_likeliest(make: Make) -> None:
    folder = make(
        "toxic", "severe_toxic", "identity_hate", problem_type="multi_label_classification"
    )
    judge = load("hostility", str(folder))
    assert judge.card.labels == ("civil", "hostile", "personal")
    for text in ("great thanks", "you all hate the sync", "love it"):
        own = 1 / (1 + np.exp(-_plainly(folder, text)))
        civil, hostile, personal = judge.judge([text])[0]
        assert civil == pytest.approx(1 - own.max(), abs=1e-5)
        assert civil + hostile + personal == pytest.approx(1, abs=1e-5)
        assert hostile / personal == pytest.approx(max(own[:2]) / own[2], rel=1e-4)


@pytest.mark.slow
def test_no_part_is_longer_than_the_model_can_read(make: Make) -> None:
    """RoBERTa keeps positions for padding, so that it reads fewer tokens than it has positions."""
    folder = make(*SENTIMENT, kind="roberta")
    judge = load("sentiment", str(folder))
    for text in ("sync " * 42, "sync " * 500, "is " * 300 + "love it"):
        row = judge.judge([text])[0]
        np.testing.assert_allclose(row, _softmax(_mean(folder, text, 43)), atol=2e-6)
    fits = " ".join(["love"] * 41)
    np.testing.assert_allclose(
        judge.judge([fits])[0], _softmax(_plainly(folder, fits, 43)), atol=2e-6
    )


@pytest.mark.slow
def test_the_end_of_a_long_text_is_read_and_equal_parts_once(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = load("sentiment", str(make(*SENTIMENT)))
    read: list[int] = []
    forward = judge._forward

    def counted(features: dict[str, Any], longest: int) -> np.ndarray:
        read.append(len(features["input_ids"]))
        return forward(features, longest)

    monkeypatch.setattr(judge, "_forward", counted)
    calm = "the sync is so slow again \n" * 30
    one, other = judge.judge([calm, calm + "love it"])
    assert np.abs(one - other).max() > 1e-3
    assert sum(read) < 2 * 8


@pytest.mark.slow
def test_of_hostility_the_worst_part_counts(make: Make) -> None:
    folder = make("civil", "hostile")
    judge = load("hostility", str(folder))
    text = "great thanks " * 40 + "you all hate the sync " * 20
    rows = judge.judge(parts(text.strip(), 37))
    assert np.ptp(rows[:, 1]) > 1e-3
    np.testing.assert_allclose(judge.judge([text])[0], rows[rows[:, 1].argmax()], atol=1e-6)


@pytest.mark.slow
def test_the_version_follows_weights_and_meaning(make: Make) -> None:
    folder = str(make("LABEL_0", "LABEL_1"))
    one = {"LABEL_0": "negative", "LABEL_1": "positive"}
    other = {"LABEL_0": "positive", "LABEL_1": "negative"}
    card = describe("sentiment", folder, one)
    assert load("sentiment", folder, labels=one).card == card
    assert (card.task, card.name, len(card.version)) == ("sentiment", folder, 16)
    assert describe("sentiment", folder, other).version != card.version
    make("LABEL_0", "LABEL_1", seed=1)
    assert describe("sentiment", folder, one).version != card.version


@pytest.mark.slow
def test_half_precision_weights_are_run_in_full(make: Make) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    folder = make(*SENTIMENT)
    half = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float16)
    half.save_pretrained(folder)
    judge: ExternalJudge = load("sentiment", str(folder))
    assert {weights.dtype for weights in judge._model.parameters()} == {torch.float32}


@pytest.mark.slow
def test_a_model_that_was_not_trained_to_classify_is_refused(make: Make) -> None:
    from transformers import AutoModel

    folder = make(*SENTIMENT)
    AutoModel.from_pretrained(folder).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = dict(enumerate(SENTIMENT))
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnknownModel, match=r"no text classifier: it lacks classifier\.bias"):
        load("sentiment", str(folder))


@pytest.mark.slow
def test_damaged_weights_are_refused_in_one_line(make: Make) -> None:
    folder = make(*SENTIMENT)
    (folder / "model.safetensors").write_bytes(b"\x08" + b"\x00" * 40)
    with pytest.raises(UnknownModel, match="transformers cannot load") as refused:
        load("sentiment", str(folder))
    assert "\n" not in str(refused.value)


def test_weights_in_a_pickle_are_not_read(tmp_path: Path) -> None:
    folder = _fake(tmp_path / "model", {"id2label": {"0": "neg"}}, "pytorch_model.bin")
    with pytest.raises(UnknownModel, match=r"a pickle, which can run code.*safetensors/convert"):
        load("sentiment", str(folder))


def test_a_model_that_is_not_here_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="`hf download nobody/no-such-model`"):
        load("sentiment", "nobody/no-such-model")
    with pytest.raises(UnknownModel, match="no model '!!'"):
        load("sentiment", "!!")
    with pytest.raises(UnknownModel, match=r"no config\.json"):
        load("sentiment", str(tmp_path))
    folder = _fake(tmp_path / "model", {}, None)
    with pytest.raises(UnknownModel, match="without its weights"):
        load("sentiment", str(folder))


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({}, r"what 'LABEL_0', 'LABEL_1' of .*GROUNDSWELL_SENTIMENT_LABELS"),
        ({"num_labels": 3}, "'LABEL_2'"),
        ({"id2label": {"0": "neg", "1": "Negative"}}, "tells nothing apart.*it has negative"),
        ({"problem_type": "regression"}, "gives a number and no labels"),
        ({"num_labels": "x"}, r"config\.json of .* num_labels is 'x' and no count: mend it"),
        ({"num_labels": 0}, "num_labels is 0 and no count"),
        ({"id2label": ["neg", "pos"]}, r"config\.json of .* id2label does not number labels"),
        ({"id2label": {"a": "neg", "b": "pos"}}, "id2label does not number labels"),
        ({"id2label": {"1": "neg", "2": "pos"}}, "id2label does not number labels"),
    ],
)
def test_a_model_without_labels_of_ours_is_refused(
    tmp_path: Path, config: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UnknownModel, match=reason):
        describe("sentiment", str(_fake(tmp_path / "model", config)))


@pytest.mark.slow
def test_a_config_that_transformers_refuses_is_refused_in_one_line(make: Make) -> None:
    folder = make(*SENTIMENT)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": "x"}))
    with pytest.raises(UnknownModel, match=r"transformers cannot load .*hidden_size"):
        load("sentiment", str(folder))


@pytest.mark.parametrize("text", ["{", "[]", "5", "null"])
def test_a_damaged_config_is_refused(tmp_path: Path, text: str) -> None:
    folder = _fake(tmp_path / "model", {})
    (folder / "config.json").write_text(text)
    with pytest.raises(UnknownModel, match=r"config\.json of .* is damaged"):
        describe("sentiment", str(folder))
