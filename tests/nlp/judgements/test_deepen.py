"""Layers tuned to one task: what is learned, what is held out, and what the card says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nlp.judgements import teach
from nlp.judgements.cues import names
from nlp.judgements.deepen import HELD, Deepened, _lessons, _mean, deepen
from nlp.judgements.features import Weights
from nlp.judgements.head import Head, HeadCard
from nlp.judgements.labels import TASKS, targets
from nlp.judgements.pieces import WIDTH
from nlp.judgements.reading import parts
from nlp.judgements.tune import Tuned
from tests.nlp.judgements.tiny import WIDE, Letters, transformer

LABELS = TASKS["sentiment"]
TEXTS = [f"{word} thing number {n}" for n in range(28) for word in ("awful", "plain", "great")]
KNOWN = targets(LABELS, [[LABELS[row % 3]] for row in range(len(TEXTS))])


def _start() -> Head:
    even = (1 / 3,) * 3
    card = HeadCard("sentiment", "ours", "v1", LABELS, even, (1.0,) * 3, "r1")
    sizes = (WIDE, len(names()), WIDTH)
    blocks = (np.zeros((size, 3), np.float32) for size in sizes)
    return Head(card, Weights(*blocks, np.zeros(3, np.float32)))


def _deepened(seed: int = 0) -> Deepened:
    return deepen(transformer(), Letters(), TEXTS, KNOWN, _start(), seed=seed)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transformer of one layer that knows nothing learns faster and longer."""
    monkeypatch.setattr("nlp.judgements.deepen.RATE", 5e-3)
    monkeypatch.setattr("nlp.judgements.deepen.MOST", 20)


def test_each_text_is_read_equally_often_and_long_ones_in_several_parts() -> None:
    long = " ".join(["word"] * 900)
    lessons = _lessons(["one", long, ""], KNOWN[:3], "sentiment")
    assert lessons.texts[0] == "one"
    assert lessons.repeats[0] == lessons.repeats[1:].sum() == 20
    assert lessons.repeats[1] > 1 == lessons.repeats[2]
    assert len(lessons.texts) == 1 + len(parts(long))
    np.testing.assert_array_equal(lessons.targets["sentiment"][:2], KNOWN[:2])
    assert (lessons.targets["sentiment"][2:] == KNOWN[1]).all()


@pytest.mark.parametrize(("count", "passes"), [(10, 20), (400, 10), (1_000, 4), (9_000, 4)])
def test_few_texts_are_read_more_often(count: int, passes: int) -> None:
    lessons = _lessons(["one"] * count, KNOWN[[0] * count], "sentiment")
    assert set(lessons.repeats.tolist()) == {passes}


@pytest.mark.slow
def test_it_tells_new_texts_apart_and_says_how_well() -> None:
    found = _deepened()
    new: list[Any] = ["awful mess", "plain box", "great day"]
    said = found.head.probabilities(found.reader.features(new))
    assert said.argmax(axis=1).tolist() == [0, 1, 2]
    held = found.head.card.about["held_out"]
    rest = next(teach.folds(KNOWN, HELD, 0))[1]
    assert held["texts"] == len(rest) == 9
    assert 0 < held["log_loss"] < np.log(3) / 4
    assert found.head.card.prior == pytest.approx((1 / 3,) * 3, abs=0.01)
    assert found.head.card.version == "v1"


@pytest.mark.slow
def test_the_same_seed_teaches_the_same() -> None:
    one, two, other = _deepened(), _deepened(), _deepened(1)
    np.testing.assert_array_equal(one.head.weights.vectors, two.head.weights.vectors)
    assert not np.array_equal(one.head.weights.vectors, other.head.weights.vectors)


def test_tunings_are_averaged_and_whole_numbers_stay() -> None:
    import torch

    models = [transformer(), transformer()]
    for number, model in enumerate(models):
        for held in model.parameters():
            held.data.fill_(number + 1.0)
    heads = [{"sentiment": (np.full((WIDE, 3), n), np.arange(3) * n)} for n in (1.0, 4.0)]
    found = _mean([Tuned(*one) for one in zip(models, heads, strict=True)])
    assert all((held == 1.5).all() for held in found.model.parameters())
    weights, bias = found.heads["sentiment"]
    assert (weights == 2.5).all()
    assert bias.tolist() == [0, 2.5, 5]
    kinds = {held.dtype for held in found.model.state_dict().values()}
    assert kinds <= {torch.float32, torch.int64}
