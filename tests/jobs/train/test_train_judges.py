"""`train judges`: what is known of each text, and heads that are mixed from what was held out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.train import judges
from jobs.train.lessons import HELPERS, Lesson
from nlp.judgements import TASKS, layers
from nlp.judgements.head import read
from nlp.judgements.labels import FALSE, TRUE, UNASKED
from nlp.judgements.layers import LayersCard
from nlp.judgements.tune import Tuned
from tests.conftest import NOW
from tests.jobs.small import WORDS, Counts


def lesson(text: str, *, held: bool = False, asked: Any = None, **given: str) -> Lesson:
    labels = {task: tuple(label.split("/")) for task, label in given.items()}
    return Lesson(text, text, labels, "held" if held else "learned", asked or {}, held=held)


def every() -> list[Lesson]:
    """Return texts of which the tuned head knows "bad" and "good", and of which "odd" is learned.

    Every fourth is held out.
    """
    meant = {"bad": "negative", "good": "positive", "plain": "neutral", "odd": "positive"}
    return [
        lesson(f"{word} {number}", held=number % 4 == 0, sentiment=label)
        for number in range(40)
        for word, label in meant.items()
    ]


def net(task: str) -> tuple[Any, Any]:
    count = len(TASKS[task])
    return np.eye(len(WORDS), count, dtype=np.float32), np.zeros(count, np.float32)


def test_what_is_known_of_each_text() -> None:
    some = [
        lesson("a", hostility="hostile/personal"),
        lesson("b", sentiment="neutral"),
        lesson("c", emotion="joy", asked={"emotion": ("joy", "anger")}),
        lesson("d", irony="ironic"),
    ]
    hostile = judges.known("hostility", some)
    assert hostile.tolist() == [[FALSE, TRUE, TRUE], *[[UNASKED] * 3] * 3]
    emotion = judges.known("emotion", some)[2].tolist()
    assert emotion == [FALSE, TRUE, *[UNASKED] * 6]
    assert judges.known("irony", some)[3].tolist() == [FALSE, TRUE]


def test_a_mixed_head_knows_what_either_knows() -> None:
    head = judges.head_of("sentiment", every(), net("sentiment"), Counts(), "reader-1-ab")
    assert head.card.reader == "reader-1-ab"
    assert head.card.version == f"sentiment-{judges.VERSION}"
    assert head.card.about["held_out"]["texts"] == 40
    assert head.card.about["held_out"]["log_loss"] < 0.4
    np.testing.assert_allclose(head.card.prior, [0.25, 0.25, 0.5], atol=0.02)
    assert head.card.lean[2] == 1 < head.card.lean[0], "macro recall wants rare labels sooner"
    said = head.probabilities(Counts().features(["so bad", "good one", "plain"]))
    assert said.argmax(axis=1).tolist() == [0, 2, 1]
    # The bag of word pieces has learned it, and the mix how far to trust it.
    weights = head.weights
    assert weights.pieces[2_000 + WORDS.index("odd")].argmax() == 2


def test_hostility_is_called_where_it_is_likelier_than_not() -> None:
    some = [
        lesson(f"{word} {number}", held=number % 2 == 0, hostility=label)
        for number in range(20)
        for word, label in (("bad", "civil"), ("plain", "hostile/personal"), ("good", "personal"))
    ]
    head = judges.head_of("hostility", some, net("hostility"), Counts(), "r")
    assert head.card.lean == (1, 1, 1)
    said = head.probabilities(Counts().features(["so bad", "plain"]))
    assert said[:, 0].round().tolist() == [1, 0]


def test_cards_say_of_what_and_under_which_licence() -> None:
    about = judges.about(every(), 5, NOW)
    assert about["date"] == "2026-06-01"
    assert about["texts"] == {"learned": 120}
    assert about["seed"] == 5
    assert about["command"].endswith("--seed 5")
    assert all(data["licence"] and data["source"] for data in about["data"])


def test_a_head_of_each_task_is_written_beside_the_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {task: labels[0] for task, labels in TASKS.items()}
    some = [*every(), *(lesson(f"plain {n}", held=n % 2 == 0, **given) for n in range(12))]
    some.append(lesson("", sentiment="neutral"))
    learned: list[Lesson] = []
    card = LayersCard("reader-1", "encoder@1", "cd" * 32, {})

    def tuned(lessons: list[Lesson], seed: int, log: Any) -> Tuned:
        learned.extend(lessons)
        return Tuned("model", {task: net(task) for task in {**TASKS}})

    monkeypatch.setattr(judges, "lessons", lambda data: some)
    monkeypatch.setattr(judges, "tuned_layers", tuned)
    monkeypatch.setattr(judges, "measured", lambda task, *given: {"of": task})
    monkeypatch.setattr(judges, "confusion", lambda *_: [[1]])
    monkeypatch.setattr(layers, "write", lambda *given: card)
    monkeypatch.setattr(layers, "load", lambda folder: Counts())
    heard: list[str] = []
    path = judges.train(Path("data"), tmp_path / "heads", now=NOW, seed=2, log=heard.append)
    assert path == tmp_path / "heads/reader.safetensors"
    assert heard[0] == "126 texts to learn from, 47 held out"
    assert len(learned) == 126
    assert not any(one.held or not one.text for one in learned)
    for task in TASKS:
        head = read(tmp_path / "heads", task)
        assert head.card.reader == card.key
        assert (head.card.about["seed"], head.card.about["date"]) == (2, "2026-06-01")
        assert head.card.about["figures"] == {"of": task}
        assert head.card.about["held_out"]["texts"] >= 6
    assert HELPERS.keys().isdisjoint(path.stem for path in (tmp_path / "heads").iterdir())


def test_talk_in_threads_teaches_the_head_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = [lesson(f"new {n}", held=True, intent="other") for n in range(30)]
    monkeypatch.setattr(judges, "talk", lambda: talk)
    some = [
        lesson(f"{word} {number}", held=number % 2 == 0, intent=label)
        for number in range(20)
        for word, label in (("bad", "question"), ("plain", "answer"))
    ]
    before = judges.head_of("intent", some, net("intent"), Counts(), "r")
    before.card.about.update(texts={"learned": 20}, seed=7)
    after = judges.talked(before, some, Counts(), 0)
    texts = Counts().features(["new one", "bad one", "plain one"])
    other = TASKS["intent"].index("other")
    assert before.probabilities(texts)[0].argmax() != other
    assert after.probabilities(texts).argmax(axis=1).tolist() == [other, 0, 1]
    assert after.card.prior[other] > 0.4 > before.card.prior[other]
    about = after.card.about
    assert about["texts"] == {"learned": 20, "own:talk": 30}
    assert about["seed"] == 7
    assert about["held_out"]["log_loss"] < about["held_out"]["log_loss_before"]
