"""The judges together: plain texts in, a verdict of every task on each text out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.judgements.features import FeatureReader, Features, Floats
from nlp.judgements.head import Head, HeadCard
from nlp.judgements.labels import LANGUAGE
from nlp.judgements.reading import READING, reading
from nlp.judgements.tongues import CODES, NAME, VERSION

# The packaged judges read English; "und" is too short to say, and is judged.
JUDGED = frozenset({"en", "und"})
ABSTAINED = -1

Detect = Callable[[Sequence[str]], list[tuple[str, float]]]


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """Which judge it is: scores are comparable where task, name and version are equal."""

    task: str
    name: str
    version: str
    labels: tuple[str, ...]
    # How often the labels are true where the probabilities are calibrated; empty: nobody knows.
    prior: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What one judge says of n texts.

    `probabilities` [n, labels]; `chosen` [n] numbers the labels and is ABSTAINED where the judge
    names none; `confidence` [n] is the probability of the label that it names or would have named.
    """

    card: JudgeCard
    probabilities: Floats
    chosen: NDArray[np.int64]
    confidence: Floats

    def label(self, row: int) -> str | None:
        """Return the label named of a text; None where the judge abstains."""
        number = int(self.chosen[row])
        return None if number == ABSTAINED else self.card.labels[number]


class External(Protocol):
    """A judge that reads texts by itself."""

    @property
    def card(self) -> JudgeCard:
        """Which judge it is."""

    def judge(self, texts: Sequence[str]) -> Floats:
        """Return probabilities of its labels, float32 [n, labels]."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Heads by task that share one reading of the text."""

    reader: FeatureReader
    heads: Mapping[str, Head]


class Panel:
    """One judge for each task, on benches of ours or by themselves."""

    def __init__(
        self,
        benches: Sequence[Bench],
        others: Mapping[str, External],
        detect: Detect,
        least: float,
    ) -> None:
        self._benches = benches
        self._others = others
        self._detect = detect
        self._least = least

    def judge(self, texts: Sequence[str]) -> dict[str, Verdicts]:
        """Return the verdicts of every task on plain texts; `language` is among them.

        Judges abstain where nothing is said, where they are less sure than the setting, and, but
        for those of other makers, where the language is not one that they have learned.
        """
        spoken = self._detect(texts)
        read = [bench.reader.features(texts) for bench in self._benches]
        said = _said(texts, read)
        known = np.array([code in JUDGED for code, _ in spoken], dtype=bool)
        found = {LANGUAGE: _languages(spoken)}
        for bench, features in zip(self._benches, read, strict=True):
            for task, head in bench.heads.items():
                probabilities = head.probabilities(features)
                named = head.choice(probabilities)
                open_ = said & known
                found[task] = self._verdicts(card_of(head.card), probabilities, *named, open_)
        for task, judge in self._others.items():
            probabilities = judge.judge(texts)
            chosen, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
            found[task] = self._verdicts(judge.card, probabilities, chosen, sure, said)
        return found

    def _verdicts(
        self,
        card: JudgeCard,
        probabilities: Floats,
        chosen: NDArray[np.int64],
        confidence: Floats,
        open_: NDArray[np.bool_],
    ) -> Verdicts:
        named = np.where(open_ & (confidence >= self._least), chosen, ABSTAINED)
        return Verdicts(card, probabilities, named, np.where(open_, confidence, 0).astype("f4"))


def card_of(card: HeadCard) -> JudgeCard:
    """Return the card of a head as one judge among others.

    With other weights, or by another reading of the text, it is another version.
    """
    weights = f"-{card.sha256[:8]}" if card.sha256 else ""
    version = f"{card.version}{weights}.{READING}"
    return JudgeCard(card.task, card.name, version, card.labels, card.prior)


LANGUAGE_CARD = JudgeCard(LANGUAGE, NAME, VERSION, CODES)


def _said(texts: Sequence[str], read: Sequence[Features]) -> NDArray[np.bool_]:
    """Return which texts say anything: those with a part, or where nobody read them, a reading."""
    if not read:
        return np.array([bool(reading(text)) for text in texts], dtype=bool)
    return np.bincount(read[0].owner, minlength=len(texts)) > 0


def _languages(spoken: list[tuple[str, float]]) -> Verdicts:
    labels = LANGUAGE_CARD.labels
    place = {code: number for number, code in enumerate(labels)}
    chosen = np.array([place[code] for code, _ in spoken], dtype=np.int64)
    sure = np.array([confidence for _, confidence in spoken], dtype=np.float32)
    probabilities = np.zeros((len(spoken), len(labels)), dtype=np.float32)
    probabilities[np.arange(len(spoken)), chosen] = sure
    return Verdicts(LANGUAGE_CARD, probabilities, chosen, sure)
