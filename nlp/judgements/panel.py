"""The judges together: plain texts in, a verdict of every task on each text out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.errors import DamagedHead
from nlp.judgements import head as heads
from nlp.judgements import layers
from nlp.judgements.features import Features, Floats
from nlp.judgements.head import Head, HeadCard
from nlp.judgements.labels import LANGUAGE, TASKS
from nlp.judgements.reading import reading
from nlp.judgements.tongues import CODES, NAME, VERSION

PACKAGED = Path(__file__).parent.parent / "heads"
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


class FeatureReader(Protocol):
    """Turns texts into what heads see."""

    def features(self, texts: Sequence[str]) -> Features:
        """Return a row for each part of each text."""


class Panel:
    """One judge for each task; those with heads of ours share one reading of the text."""

    def __init__(
        self,
        reader: FeatureReader | None,
        own: Mapping[str, Head],
        others: Mapping[str, External],
        detect: Detect,
        least: float,
    ) -> None:
        self._reader = reader
        self._own = own
        self._others = others
        self._detect = detect
        self._least = least

    def judge(self, texts: Sequence[str]) -> dict[str, Verdicts]:
        """Return the verdicts of every task on plain texts; `language` is among them.

        Judges abstain where nothing is said, where they are less sure than the setting, and, but
        for those of other makers, where the language is not one that they have learned.
        """
        spoken = self._detect(texts)
        features = self._reader.features(texts) if self._reader and self._own else None
        said = _said(texts, features)
        known = np.array([code in JUDGED for code, _ in spoken], dtype=bool)
        found = {LANGUAGE: _languages(spoken)}
        for task, head in self._own.items():
            assert features is not None
            probabilities = head.probabilities(features)
            named = head.choice(probabilities)
            found[task] = self._verdicts(card_of(head.card), probabilities, *named, said & known)
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


LANGUAGE_CARD = JudgeCard(LANGUAGE, NAME, VERSION, CODES)


def card_of(card: HeadCard) -> JudgeCard:
    """Return the card of a head as one judge among others: other weights, another version."""
    version = f"{card.version}-{card.sha256[:8]}" if card.sha256 else card.version
    return JudgeCard(card.task, card.name, version, card.labels, card.prior)


def find(folder: Path | None, tasks: Sequence[str] = tuple(TASKS)) -> dict[str, Path]:
    """Return the folder of each task's head: one's own where it holds one, else the packaged."""
    return {
        task: folder if folder and (folder / f"{task}.npz").is_file() else PACKAGED
        for task in tasks
    }


def reader_folder(folder: Path | None) -> Path:
    """Return the folder of the tuned layers: one's own where it holds some, else the packaged."""
    return folder if folder and (folder / layers.CARD).is_file() else PACKAGED


def own_heads(folder: Path | None, tasks: Sequence[str]) -> dict[str, Head]:
    """Return the heads of these tasks.

    Raises DamagedHead, naming the file, for one that is broken or of other tuned layers.
    """
    key = layers.read_card(reader_folder(folder)).key
    found = {task: heads.read(place, task) for task, place in find(folder, tasks).items()}
    for task, head in found.items():
        if head.card.reader != key:
            raise DamagedHead(
                f"{find(folder, tasks)[task] / task}.npz was trained on the tuned layers "
                f"{head.card.reader}, and {key} are in force: train it again"
            )
    return found


def _said(texts: Sequence[str], features: Features | None) -> NDArray[np.bool_]:
    """Return which texts say anything: those with a part, or where nobody read them, a reading."""
    if features is None:
        return np.array([bool(reading(text)) for text in texts], dtype=bool)
    return np.bincount(features.owner, minlength=len(texts)) > 0


def _languages(spoken: list[tuple[str, float]]) -> Verdicts:
    labels = LANGUAGE_CARD.labels
    place = {code: number for number, code in enumerate(labels)}
    chosen = np.array([place[code] for code, _ in spoken], dtype=np.int64)
    sure = np.array([confidence for _, confidence in spoken], dtype=np.float32)
    probabilities = np.zeros((len(spoken), len(labels)), dtype=np.float32)
    probabilities[np.arange(len(spoken)), chosen] = sure
    return Verdicts(LANGUAGE_CARD, probabilities, chosen, sure)
