"""`evaluate technical`: its figures by hand."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.evaluate import technical
from jobs.evaluate.result import Options
from nlp.judgements import lists
from service.settings import Settings


class Rules:
    """Lists of words in the place of a judge."""

    def __init__(self, task: str) -> None:
        self.about = {task: "lists@1"}

    def hostility(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        scores = np.array([float(label != "civil") for label in lists.hostilities(texts)])
        return scores, scores > 0

    def chosen(self, texts: list[str]) -> list[str]:
        return lists.sentiments(texts)


def test_talk_is_ordered_and_flagged() -> None:
    scores = np.array([0.1, 0.6, 0.5, 0.9, 0.7, 0.5])
    assert technical._talk(scores, scores > 0.55) == pytest.approx({
        "pairs": 3,
        "ordered": 2 / 3,
        "calm_flagged": 1 / 3,
        "heated_flagged": 2 / 3,
    })  # fmt: skip


def test_moods_are_right_alone_and_in_pairs() -> None:
    rows = [
        {"sentiment": "positive", "other_sentiment": "negative"},
        {"sentiment": "neutral", "other_sentiment": "positive"},
    ]
    told = technical._moods(rows, ["positive", "neutral", "negative", "negative"])
    assert told == {"mood_pairs": 2, "moods": 0.75, "moods_both": 0.5}


def test_a_judge_of_lists_is_its_own_baseline(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(technical, "load_judge", lambda settings, task: Rules(task))
    told = technical.evaluate(Options(settings))
    assert told.n == told.metrics["pairs"] + told.metrics["mood_pairs"] >= 500
    talk = {name: told.metrics[name] for name in told.baselines["word-list"]}
    moods = {name: told.metrics[name] for name in told.baselines["lexicon"]}
    assert (talk, moods) == (told.baselines["word-list"], told.baselines["lexicon"])
    assert talk | moods == told.metrics
    assert talk["calm_flagged"] < talk["heated_flagged"] < 0.7
    assert told.versions["hostility"] == told.versions["sentiment"] == "lists@1"
