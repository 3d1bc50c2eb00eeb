"""The judges together: who abstains when, and whose weights are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from nlp.judgements.features import Features, Weights
from nlp.judgements.head import Head, HeadCard
from nlp.judgements.labels import TASKS
from nlp.judgements.panel import ABSTAINED, LANGUAGE_CARD, Bench, JudgeCard, Panel
from nlp.judgements.reading import reading

LOG9 = float(np.log(9))
# How positive each word is, as a score against nothing.
WORDS = {"great": LOG9 + np.log(2), "awful": -LOG9, "so": 0.1}


class Words:
    """A reader of one column: what WORDS says of a text."""

    def __init__(self) -> None:
        self.calls = 0

    def features(self, texts: Sequence[str]) -> Features:
        self.calls += 1
        owner = [row for row, text in enumerate(texts) if reading(text)]
        sums = [sum(WORDS.get(word, 0) for word in texts[row].split()) for row in owner]
        return Features(
            np.array(sums, dtype=np.float32).reshape(-1, 1),
            np.zeros((len(owner), 1), np.float32),
            csr_array((len(owner), 1), dtype=np.float32),
            np.array(owner, dtype=np.int64),
            len(texts),
        )


class Stars:
    """A judge of other makers that counts stars."""

    card = JudgeCard("sentiment", "stars", "v9", ("negative", "positive"))

    def judge(self, texts: Sequence[str]) -> NDArray[np.float32]:
        share = np.array([text.count("*") / 10 for text in texts], dtype=np.float32)
        return np.stack([1 - share, share], axis=1)


def _head(task: str = "sentiment", reader: str = "r1") -> Head:
    """Return a head in which the reader's column speaks for the last label."""
    labels = len(TASKS[task])
    vectors = np.zeros((1, labels), np.float32)
    vectors[0, -1] = 1
    even = (1 / labels,) * labels
    card = HeadCard(task, f"our {task}", "v1", TASKS[task], even, (1.0,) * labels, reader)
    blank = (np.zeros((1, labels), np.float32), np.zeros((1, labels), np.float32))
    return Head(card, Weights(vectors, *blank, np.zeros(labels, np.float32)))


def _spoken(texts: Sequence[str]) -> list[tuple[str, float]]:
    return [
        ("de", 0.8) if "ich" in text.split() else ("en", 0.9) if text else ("und", 0.0)
        for text in texts
    ]


def _panel(least: float = 0.6, **others: Stars) -> Panel:
    benches = [] if others else [Bench(Words(), {"sentiment": _head()})]
    return Panel(benches, others, _spoken, least)


def test_a_judge_names_what_it_is_sure_of() -> None:
    found = _panel().judge(["great", "so", "great"])["sentiment"]
    assert [found.label(row) for row in range(3)] == ["positive", None, "positive"]
    assert found.confidence[[0, 2]].tolist() == pytest.approx([0.9, 0.9])
    np.testing.assert_allclose(found.probabilities[0], [0.05, 0.05, 0.9], atol=1e-6)


def test_below_the_threshold_it_abstains_and_tells_how_sure_it_was() -> None:
    found = _panel(0.6).judge(["so"])["sentiment"]
    sure = np.exp(0.1) / (2 + np.exp(0.1))
    assert found.chosen.tolist() == [ABSTAINED]
    assert found.confidence.tolist() == pytest.approx([sure])
    assert _panel(0.3).judge(["so"])["sentiment"].label(0) == "positive"
    exact = _panel(float(found.confidence[0])).judge(["so"])["sentiment"]
    assert exact.label(0) == "positive"


def test_where_nothing_is_said_it_abstains_whatever_the_threshold() -> None:
    found = _panel(0.0).judge(["", "[code]", "great"])["sentiment"]
    assert found.chosen.tolist() == [ABSTAINED, ABSTAINED, 2]
    assert found.confidence[:2].tolist() == [0, 0]


def test_it_abstains_in_languages_that_it_has_not_learned() -> None:
    found = _panel(0.0).judge(["ich great", "great"])["sentiment"]
    assert [found.label(0), found.label(1)] == [None, "positive"]


def test_a_language_too_short_to_tell_is_judged() -> None:
    short = Panel([Bench(Words(), {"sentiment": _head()})], {}, lambda texts: [("und", 0.0)], 0.6)
    assert short.judge(["great"])["sentiment"].label(0) == "positive"


def test_judges_of_other_makers_read_every_language() -> None:
    found = _panel(sentiment=Stars()).judge(["ich *********", "******", "*****", ""])["sentiment"]
    assert [found.label(row) for row in range(4)] == ["positive", "positive", None, None]
    assert found.confidence.tolist() == pytest.approx([0.9, 0.6, 0.5, 0])
    assert found.card == Stars.card


def test_the_language_is_a_verdict_that_is_never_withheld() -> None:
    found = _panel(0.99).judge(["great", "ich", ""])["language"]
    assert [found.label(row) for row in range(3)] == ["en", "de", "und"]
    assert found.confidence.tolist() == pytest.approx([0.9, 0.8, 0])
    place = LANGUAGE_CARD.labels.index("de")
    assert found.probabilities[1, place] == pytest.approx(0.8)
    assert found.probabilities[1].sum() == pytest.approx(0.8)


def test_one_reading_serves_every_head_and_rows_stay_in_order() -> None:
    reader = Words()
    own = {task: _head(task) for task in ("intent", "sentiment", "emotion")}
    texts = ["so", "great great", "", "awful", "great great"]
    found = Panel([Bench(reader, own)], {"hostility": _hostile()}, _spoken, 0.6).judge(texts)
    assert reader.calls == 1
    assert list(found) == ["language", "intent", "sentiment", "emotion", "hostility"]
    for task, last in (("intent", "other"), ("sentiment", "positive"), ("emotion", "none")):
        assert [found[task].label(row) for row in (1, 4)] == [last, last]
        assert found[task].card.name == f"our {task}"
        assert found[task].card.prior == pytest.approx((1 / len(TASKS[task]),) * len(TASKS[task]))
    assert {len(verdict.chosen) for verdict in found.values()} == {5}


def test_heads_of_other_layers_have_a_reading_of_their_own() -> None:
    first, second = Words(), Words()
    benches = [
        Bench(first, {"sentiment": _head()}),
        Bench(second, {"intent": _head("intent"), "emotion": _head("emotion")}),
    ]
    found = Panel(benches, {}, _spoken, 0.4).judge(["great", "awful"])
    assert (first.calls, second.calls) == (1, 1)
    assert [found[task].label(0) for task in ("sentiment", "intent", "emotion")] == [
        "positive",
        "other",
        "none",
    ]


def _hostile() -> Stars:
    return Stars()


def test_without_heads_of_ours_nothing_is_read() -> None:
    found = Panel([], {"sentiment": Stars()}, _spoken, 0.6).judge(["**********"])
    assert found["sentiment"].label(0) == "positive"


def test_no_texts_have_no_verdicts() -> None:
    found = _panel().judge([])
    assert {task: verdict.probabilities.shape for task, verdict in found.items()} == {
        "language": (0, len(LANGUAGE_CARD.labels)),
        "sentiment": (0, 3),
    }
