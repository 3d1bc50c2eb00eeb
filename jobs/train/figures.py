"""What the cards of the packaged heads say of how good they are: validation data, judged posts."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from jobs.evaluate.judgements import Judged, figures, grouped
from jobs.evaluate.labelled import Labelled, labelled, linked
from jobs.evaluate.result import records, rounded
from jobs.evaluate.rules import lists, majority
from nlp.judgements.head import Head
from nlp.judgements.labels import TASKS
from nlp.judgements.reader import Reader
from nlp.text import plain

VALIDATION: Mapping[str, str] = {
    "sentiment": "tweeteval/sentiment_val.jsonl.gz",
    "hostility": "tweeteval/offensive_val.jsonl.gz",
    "emotion": "tweeteval/emotion_test.jsonl.gz",
}
NAMES: Mapping[str, tuple[str, ...]] = {
    "sentiment": ("macro_recall", "macro_f1", "accuracy", "ece"),
    "hostility": ("macro_f1", "f1", "precision", "recall", "roc_auc", "ece"),
    "emotion": ("macro_f1", "accuracy", "ece"),
    "intent": ("macro_f1", "accuracy", "ece"),
}
# Of the posts judged by hand, where hardly any is hostile.
JUDGED = ("lean_zulip", "stackexchange_quantum")
PLAIN = ("accuracy", "macro_f1", "ece")


def measured(task: str, head: Head, reader: Reader, data: Path) -> dict[str, Any]:
    """Return figures of a head beside those of lists of words and of the commonest label.

    On the task's validation data, and on posts of two communities that were judged by hand, by
    label too: of how many, how many it names (`named`) and finds (`found`).
    """
    told: dict[str, Any] = {}
    if task in VALIDATION:
        given = labelled(data / VALIDATION[task], task, None)
        told[VALIDATION[task]] = _beside(_said(head, reader, given), given, NAMES[task])
    for name in JUDGED:
        with as_file(files("jobs.evaluate") / f"judged/{name}.jsonl") as links:
            given = linked(data / name / "messages.jsonl.gz", links, task, None)
        names = ("accuracy",) if task == "hostility" else PLAIN
        said = _said(head, reader, given)
        told[f"{name}, judged by hand"] = {
            **_beside(said, given, names),
            "by_label": _by_label(said, given),
        }
    return told


def _said(head: Head, reader: Reader, given: Labelled) -> Judged:
    found = head.probabilities(reader.features(given.texts))
    return grouped(found, head.card.lean, given)


def _beside(said: Judged, given: Labelled, names: tuple[str, ...]) -> dict[str, Any]:
    rules = {"head": said, "lists": lists(given), "majority": majority(given)}
    return {
        "texts": len(given.texts),
        **{
            name: rounded(figures(one, given.gold, names, given.groups))
            for name, one in rules.items()
        },
    }


def _by_label(said: Judged, given: Labelled) -> dict[str, dict[str, int]]:
    rows: dict[str, dict[str, int]] = {}
    for number, group in enumerate(given.groups):
        there = [gold == number for gold in given.gold]
        named = (said.chosen == number).tolist()
        rows["/".join(group)] = {
            "posts": sum(there),
            "named": sum(named),
            "found": sum(a and b for a, b in zip(there, named, strict=True)),
        }
    return rows


def confusion(task: str, head: Head, reader: Reader, data: Path) -> list[list[int]]:
    """Return how many posts judged by hand are of each label (rows) and called each (columns).

    It says how unsure the head's error rates are on posts such as those that it will meet.
    """
    labels = TASKS[task]
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    for name in JUDGED:
        rows = {str(row["id"]): row[task] for row in _judged(name)}
        posts = records(data / name / "messages.jsonl.gz", ("id", "text"), None)
        held = [row for row in posts if str(row["id"]) in rows]
        features = reader.features([plain(row["text"]).text for row in held])
        chosen, _ = head.choice(head.probabilities(features))
        for row, number in zip(held, chosen, strict=True):
            counts[labels.index(rows[str(row["id"])]), number] += 1
    found: list[list[int]] = counts.tolist()
    return found


def _judged(name: str) -> list[dict[str, Any]]:
    with as_file(files("jobs.evaluate") / f"judged/{name}.jsonl") as path:
        return records(path, ("id",), None)
