"""The lean: rare labels are named sooner, as far as counts and probabilities say it helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from nlp.judgements.features import softmax
from nlp.judgements.labels import UNASKED, Targets
from nlp.judgements.lean import _Groups, lean
from tests.nlp.judgements.drawn import card as _card
from tests.nlp.judgements.drawn import drawn as _drawn
from tests.nlp.judgements.drawn import numbered as _targets


def _skewed(task: str, shares: list[float], seed: int = 2) -> tuple[NDArray[np.float32], Targets]:
    """Return calibrated probabilities of labels of which some are rare, and what was true."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(4_000, len(shares)), scale=1.2)
    found = softmax((np.log(shares) + noise).astype(np.float32))
    return found, _targets(task, _drawn(found, random))


def test_the_lean_names_rare_labels_sooner() -> None:
    from sklearn.metrics import balanced_accuracy_score as recall

    found, known = _skewed("sentiment", [0.04, 0.9, 0.06])
    card = replace(_card("sentiment"), prior=(0.05, 0.8, 0.15))
    weights = lean(found, known, card)
    assert weights == (16.0, 1.0, 5.3333)
    true = known.argmax(axis=1)
    plain = recall(true, found.argmax(axis=1))
    assert recall(true, (found * np.array(weights)).argmax(axis=1)) > plain + 0.1


def test_the_lean_betters_macro_f1() -> None:
    shares = [0.6, 0.2, 0.03, 0.03, 0.04, 0.04, 0.03, 0.02, 0.01]
    found, known = _skewed("intent", shares)
    weights = np.array(lean(found, known, _card("intent")))
    groups = _Groups.of(found, known)
    assert groups.macro(weights) > groups.macro(np.ones(len(shares))) + 0.02


def test_of_hostility_only_whether_there_is_any_is_weighed() -> None:
    found, known = _skewed("hostility", [0.93, 0.04, 0.03])
    weights = lean(found, known, _card("hostility"))
    assert weights[0] < 1
    assert weights[1:] == (1.0, 1.0)


def test_no_labels_and_one_label_have_no_lean() -> None:
    found, known = _skewed("hostility", [0.3, 0.4, 0.3])
    assert lean(found, np.full_like(known, UNASKED), _card("hostility")) == (1.0, 1.0, 1.0)
    only = _targets("hostility", np.zeros(50, np.int64))
    assert lean(found[:50] * 0 + np.float32(1 / 3), only, _card("hostility"))[1:] == (1.0, 1.0)


def test_macro_scores_by_hand() -> None:
    from sklearn.metrics import f1_score

    found, known = _skewed("sentiment", [0.3, 0.5, 0.2])
    true, named = known.argmax(axis=1), found.argmax(axis=1)
    counted = f1_score(true, named, average="macro")
    named = np.eye(3)[named]
    hits, sums = (named * found).sum(axis=0), named.sum(axis=0) + found.sum(axis=0)
    expected = (2 * hits / sums).mean()
    assert abs(counted - expected) < 0.03, "the probabilities are calibrated"
    macro = _Groups.of(found, known).macro(np.ones(3))
    assert macro == pytest.approx((counted + expected) / 2)


def test_a_lucky_count_does_not_outweigh_what_is_expected() -> None:
    """Two of forty calm texts turned out rude: naming all that look so would find both."""
    rude = np.full(40, 0.02, dtype=np.float32)
    rude[:20] = 0.12
    found = np.stack([1 - rude, rude, 0 * rude], axis=1)
    numbers = np.zeros(40, np.int64)
    numbers[:2] = 1
    groups = _Groups.of(found, _targets("hostility", numbers))
    named = groups.macro(np.array([0.1, 1.0, 1.0]))
    by_hand = [2 * 20 / (20 + 38), 2 * 19.6 / (20 + 37.2), 2 * 2 / (20 + 2), 2 * 2.4 / (20 + 2.8)]
    assert named == pytest.approx(np.mean(by_hand), abs=1e-4)


def test_a_sentiment_that_no_text_has_keeps_its_weight() -> None:
    found, _ = _skewed("sentiment", [0.4, 0.2, 0.4])
    known = _targets("sentiment", np.arange(len(found)) % 2 * 2)
    card = replace(_card("sentiment"), prior=(0.6, 0.001, 0.399))
    assert lean(found, known, card) == (1.0, 1.0, 1.5038)
