"""Tuning: batches of like length, the rate, what coarse labels cost, and that it learns."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.judgements.labels import TASKS, UNASKED, Targets, targets
from nlp.judgements.tune import Lessons, Plan, Tuned, _loss, _Mean, _slope, schedule, tune
from tests.nlp.judgements.tiny import Letters, transformer


@given(
    st.lists(st.tuples(st.integers(1, 128), st.integers(0, 3)), max_size=400),
    st.integers(1, 9),
    st.integers(0, 3),
)
def test_the_schedule_reads_each_text_as_often_as_it_is_to_be(
    texts: list[tuple[int, int]], batch: int, seed: int
) -> None:
    repeats = np.array([count for _, count in texts], dtype=np.int64)
    plan = Plan(batch=batch, seed=seed)
    order = schedule([length for length, _ in texts], repeats, plan)
    read = Counter(row for rows in order for row in rows)
    assert [read[row] for row in range(len(texts))] == repeats.tolist()
    assert all(0 < len(rows) <= batch for rows in order)
    assert order == schedule([length for length, _ in texts], repeats, plan)


def test_texts_of_like_length_are_together() -> None:
    lengths = np.random.default_rng(0).integers(3, 128, size=1_600)
    order = schedule(lengths.tolist(), np.ones(1_600, np.int64), Plan(batch=32))
    spans = [np.ptp(lengths[rows]) for rows in order]
    assert max(spans) < 15
    firsts = [lengths[rows[0]] for rows in order]
    assert firsts != sorted(firsts)


def test_other_seeds_are_other_orders() -> None:
    one, other = (schedule([5] * 64, np.ones(64, np.int64), Plan(8, seed=s)) for s in (0, 1))
    assert one != other


def test_the_rate_rises_over_the_first_tenth_and_falls_to_nothing() -> None:
    slope = _slope(100)
    assert [slope(0), slope(4), slope(9)] == [0.1, 0.5, 1]
    assert [slope(10), slope(55), slope(100), slope(101)] == [1, 0.5, 0, 0]
    assert max(slope(step) for step in range(101)) == 1
    assert _slope(1)(0) == 1
    assert _slope(1)(1) == 0


def _cost(known: Targets, scores: list[list[float]], weights: list[float]) -> float:
    import torch

    class Known(torch.nn.Module):
        def forward(self, vectors: Any) -> Any:
            return vectors

    held = np.array(weights, dtype=np.float32)
    lessons = Lessons([], {"hostility": known}, {"hostility": held}, np.ones(len(known), np.int64))
    found = _loss({"hostility": Known()}, torch.tensor(scores), lessons, list(range(len(known))))
    return float(found)


@pytest.mark.slow
def test_what_coarse_and_unasked_labels_cost_by_hand() -> None:
    known = np.array([[1, 0, 0], [0, 1, 1], [1, 0, UNASKED], [UNASKED] * 3], dtype=np.int8)
    shares = np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.6, 0.2, 0.2], [0.1, 0.1, 0.8]])
    scores = np.log(shares).astype(np.float32).tolist()
    each = -np.log([0.5, 0.8, 0.75])
    assert _cost(known, scores, [1, 1, 1, 1]) == pytest.approx(each.sum() / 4, abs=1e-5)
    assert _cost(known, scores, [2, 1, 0, 9]) == pytest.approx((2 * each[0] + each[1]) / 4, 1e-5)
    assert _cost(known[3:], scores[3:], [1]) == 0


def _tuned(rounds: int, lines: list[str]) -> tuple[Tuned, Lessons]:
    texts = [f"{word} is it {tail}" for word in ("awful", "great") for tail in ("x", "y z", "w")]
    words = [["negative"]] * 3 + [["positive"]] * 3
    rude = [["hostile", "personal"]] * 3 + [["civil"]] * 2 + [None]
    lessons = Lessons(
        texts,
        {
            "sentiment": targets(TASKS["sentiment"], words),
            "hostility": targets(TASKS["hostility"], rude),
        },
        {task: np.ones(6, np.float32) for task in ("sentiment", "hostility")},
        np.full(6, rounds, np.int64),
    )
    plan = Plan(rate=5e-3, batch=6, dropout=0.0)
    return tune(transformer(), Letters(), lessons, plan, lines.append), lessons


def _judged(tuned: Tuned, lessons: Lessons, task: str) -> Any:
    import torch

    from nlp.judgements.tune import pooled

    letters = Letters()
    with torch.inference_mode():
        vectors = pooled(tuned.model, letters.pad(letters(list(lessons.texts)))).numpy()
    weights, bias = tuned.heads[task]
    return vectors @ weights + bias


@pytest.mark.slow
def test_it_learns_and_reports_and_leaves_the_word_embeddings() -> None:
    from nlp.judgements.features import softmax
    from nlp.judgements.labels import loss

    lines: list[str] = []
    before, lessons = _tuned(1, [])
    after, _ = _tuned(201, lines)
    for task in ("sentiment", "hostility"):
        first, last = (
            loss(softmax(_judged(tuned, lessons, task)), lessons.targets[task])
            for tuned in (before, after)
        )
        assert last < 0.1 < 0.5 < first
    words = [
        one.model.embeddings.word_embeddings.weight.numpy(force=True) for one in (before, after)
    ]
    np.testing.assert_array_equal(*words)
    assert not after.model.training
    assert {task: head[0].shape for task, head in after.heads.items()} == {
        "sentiment": (16, 3),
        "hostility": (16, 3),
    }
    assert len(lines) == 1
    assert lines[0].startswith("step 200 of 201: loss 0.")


def test_the_mean_of_the_last_steps_is_put_in_their_place() -> None:
    import torch

    held = [torch.nn.Parameter(torch.tensor([1.0, 5.0])), torch.nn.Parameter(torch.zeros(1))]
    mean = _Mean(held)
    mean.put()
    assert held[0].tolist() == [1, 5]
    for value in (2.0, 3.0, 7.0):
        held[0].data.fill_(value)
        mean.add()
    mean.put()
    assert held[0].tolist() == [4, 4]
    assert held[1].tolist() == [0]


@pytest.mark.slow
def test_settled_weights_are_between_those_of_the_last_steps() -> None:
    texts = ["awful thing", "great thing"] * 8
    known = targets(TASKS["sentiment"], [["negative"], ["positive"]] * 8)
    lessons = Lessons(
        texts,
        {"sentiment": known},
        {"sentiment": np.ones(16, np.float32)},
        np.full(16, 40),
    )
    ends = [
        tune(transformer(), Letters(), lessons, Plan(rate=5e-3, batch=4, settled=s), print)
        for s in (0.0, 0.5)
    ]
    first, other = (one.heads["sentiment"][0] for one in ends)
    assert np.abs(first - other).max() > 1e-4
    assert np.sign(first[:, 0]).tolist() == np.sign(other[:, 0]).tolist()
