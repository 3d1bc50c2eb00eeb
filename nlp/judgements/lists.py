"""Judges that a person can compute: lists of words. For tests, baselines and small machines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.cues import cues, names
from nlp.judgements.features import Floats
from nlp.judgements.labels import TASKS
from nlp.judgements.panel import JudgeCard
from nlp.judgements.reading import reading

NAME, VERSION = "groundswell-lists", "lists-1"
# What a rule is sure of that knows no doubt.
SURE = 0.8
ASKED = re.compile(r"\?|\b(?:how|why|what|where|when|who|which|anyone|help)\b", re.IGNORECASE)
WANTED = re.compile(
    r"would be (?:nice|great|good|useful|helpful)|feature request|please (?:add|support|allow)"
    r"|is there (?:a|any) way|\bwish\b|\+1\b|could (?:we|you) (?:have|add|support)"
    r"|\b(?:support for|add support|proposal|enhancement|suggestion)\b|\[feature\]|\bfeature\b",
    re.IGNORECASE,
)
BROKEN = re.compile(
    r"\b(?:bug|crash\w*|error|exception|fail\w*|broken|regression|wrong|incorrect|reproduce"
    r"|doesn'?t work|not working|stack ?trace|segfault|freez\w*|hang\w*)\b",
    re.IGNORECASE,
)


class ListJudge:
    """A judge of one task by lists of words, always equally sure."""

    def __init__(self, task: str) -> None:
        self.card = JudgeCard(task, NAME, VERSION, TASKS[task])

    def judge(self, texts: Sequence[str]) -> Floats:
        """Return SURE for the label of each text and the rest spread, float32 [n, labels]."""
        labels = self.card.labels
        rows = np.full((len(texts), len(labels)), (1 - SURE) / (len(labels) - 1), dtype=np.float32)
        for row, label in zip(rows, RULES[self.card.task](texts), strict=True):
            row[labels.index(label)] = SURE
        return rows


def sentiments(texts: Sequence[str]) -> list[str]:
    """Return the side with more mood words, negation counted; neutral where they are even."""
    sums = _sums(texts)
    better = sums["positive"] + sums["negated negative"] + sums["happy emoticons"]
    worse = sums["negative"] + sums["negated positive"] + sums["sad emoticons"]
    side = {-1: "negative", 0: "neutral", 1: "positive"}
    return [side[int(np.sign(value))] for value in np.round(better - worse, 6)]


def emotions(texts: Sequence[str]) -> list[str]:
    """Return gratitude for thanks, joy or frustration for mood words, else none."""
    thanked = _sums(texts)["thanks"] > 0
    mood = {"positive": "joy", "negative": "frustration", "neutral": "none"}
    sides = sentiments(texts)
    return ["gratitude" if t else mood[side] for t, side in zip(thanked, sides, strict=True)]


def hostilities(texts: Sequence[str]) -> list[str]:
    """Return personal for texts that hold an insult, hostile for a profanity, else civil."""
    sums = _sums(texts)
    pairs = zip(sums["insult"] > 0, sums["profanity"] > 0, strict=True)
    return ["personal" if insult else "hostile" if rude else "civil" for insult, rude in pairs]


def intents(texts: Sequence[str]) -> list[str]:
    """Return the intent that most phrases of a text speak for."""
    return [_intent(text) for text in texts]


def _intent(text: str) -> str:
    wanted, broken = len(WANTED.findall(text)), len(BROKEN.findall(text))
    if wanted and wanted >= broken:
        return "feature_request"
    if broken:
        return "bug_report"
    return "question" if ASKED.search(text) else "other"


def _sums(texts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
    found = cues(texts, [reading(text) for text in texts])
    return {name: found[:, column] for column, name in enumerate(names())}


RULES: Mapping[str, Callable[[Sequence[str]], list[str]]] = {
    "sentiment": sentiments,
    "emotion": emotions,
    "hostility": hostilities,
    "intent": intents,
}
