"""What the packaged judges learn from: public data whose licence allows it, and own examples.

Each source says what its labels mean in ours. Texts go through the same preparation as posts.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from jobs.evaluate.result import records
from nlp.judgements.labels import TASKS
from nlp.judgements.reading import reading
from nlp.text import plain

Given = tuple[str, ...]
Row = dict[str, Any]
SENTIMENTS = TASKS["sentiment"]
TWEET_EMOTIONS = ("anger", "joy", "optimism", "sadness")
META: Mapping[str, Given] = {
    "feature-request": ("feature_request",),
    "bug": ("bug_report",),
    "support": ("question",),
}
# Macro recall weighs the three sentiments alike; tweets are mostly neutral or positive.
SENTIMENT_WEIGHTS = {"negative": 1.5, "neutral": 0.75, "positive": 0.85}
# Tasks that only help to tune the layers: no head of theirs is kept.
HELPERS: dict[str, tuple[str, ...]] = {
    "irony": ("plain", "ironic"),
    "valence": ("negative", "neutral", "positive"),
}
EXAMPLES = ("emotion", "hostility", "intent_voice", "intent_work")
# What is said inside threads: kept from the tuning, as labels of a user's own would be.
TALK = ("talk",)
OWN = "examples/{}.jsonl"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One labelled text: by task the labels that may be true, and those that were asked about.

    `passes` is how often the tuning reads it; `held` keeps it out, to mix and to calibrate with.
    """

    text: str
    plain: str
    given: Mapping[str, Given]
    source: str
    asked: Mapping[str, Given]
    passes: int = 1
    held: bool = False
    weight: float = 1.0


def lessons(data: Path) -> list[Lesson]:
    """Return every lesson below the folder of the public data sets; raise BadArchive."""
    found: list[Lesson] = []
    for name, read in PUBLIC.items():
        found += read(data / name)
    return found + own()


def learned(path: Path) -> bool:
    """Return whether lessons come from a file: by its name and its folder's, packed or not."""
    names = [*PUBLIC, *(f"train/{OWN.format(name)}" for name in (*EXAMPLES, *TALK))]
    ends = tuple(f"/{_unpacked(name)}" for name in names)
    places = (path.absolute(), path.resolve())
    return any(_unpacked(place.as_posix()).endswith(ends) for place in places)


def _unpacked(path: str) -> str:
    return path.removesuffix(".gz")


def own() -> list[Lesson]:
    """Return the examples of our own writing, every seventh or so held out."""
    return [
        _lesson(row["text"], given, source, passes=4, share=0.15)
        for row, given, source in _examples(EXAMPLES)
    ]


def talk() -> list[Lesson]:
    """Return the examples that the tuning never reads: heads are taught by them afterwards."""
    return [
        _lesson(row["text"], given, source, passes=0, share=1.0)
        for row, given, source in _examples(TALK)
    ]


def _examples(names: Sequence[str]) -> Iterator[tuple[Row, dict[str, Given], str]]:
    for name in names:
        lines = files("jobs.train").joinpath(OWN.format(name)).read_bytes().splitlines()
        for row in map(orjson.loads, lines):
            yield row, {task: (row[task],) for task in TASKS}, f"own:{name}"


def prepared(text: str) -> tuple[str, str]:
    """Return the plain text of a post and what the judges read of it."""
    words = plain(text).text
    return words, reading(words)


def _lesson(
    text: str,
    given: Mapping[str, Given],
    source: str,
    *,
    asked: Mapping[str, Given] | None = None,
    passes: int = 1,
    share: float = 0.0,
    weight: float = 1.0,
) -> Lesson:
    words, read = prepared(text)
    held = zlib.crc32(words.lower().encode()) % 1000 < share * 1000
    return Lesson(read, words, given, source, asked or {}, passes, held, weight)


def _sentiments(path: Path) -> Iterator[Lesson]:
    for row in records(path, ("text", "label"), None):
        label = SENTIMENTS[row["label"]]
        weight = SENTIMENT_WEIGHTS[label]
        yield _lesson(
            row["text"],
            {"sentiment": (label,)},
            "tweeteval sentiment",
            passes=2,
            share=0.06,
            weight=weight,
        )


def _offences(path: Path) -> Iterator[Lesson]:
    for row in records(path, ("text", "label"), None):
        given = {"hostility": ("hostile", "personal") if row["label"] else ("civil",)}
        yield _lesson(row["text"], given, "tweeteval offensive", passes=2, share=0.08)


def _emotions(path: Path, passes: int, share: float) -> Iterator[Lesson]:
    for row in records(path, ("text", "label"), None):
        yield _lesson(
            row["text"],
            {"emotion": (TWEET_EMOTIONS[row["label"]],)},
            "tweeteval emotion",
            asked={"emotion": TWEET_EMOTIONS},
            passes=passes,
            share=share,
        )


def _comments(path: Path) -> Iterator[Lesson]:
    for row in records(path, ("text", "toxic"), None):
        given = {"hostility": ("hostile", "personal") if row["toxic"] else ("civil",)}
        yield _lesson(row["text"], given, "cmu_github_toxicity", passes=2, share=0.15)


def _meta(path: Path) -> Iterator[Lesson]:
    for row in records(path, ("text",), None):
        title = row.get("thread_title") if row.get("kind") == "question" else None
        given = ("answer",) if row.get("kind") == "answer" else META.get(row.get("meta_type") or "")
        if given:
            text = f"{title}\n\n{row['text']}" if title else row["text"]
            yield _lesson(text, {"intent": given}, "stackexchange_meta", share=0.15)


def _irony(path: Path) -> Iterator[Lesson]:
    for row in records(path, ("text", "label"), None):
        given = {"irony": (HELPERS["irony"][row["label"]],)}
        yield _lesson(row["text"], given, "tweeteval irony", passes=2)


def _valence(path: Path) -> Iterator[Lesson]:
    """Yield texts whose mean rating leaves no doubt; their scale is not SemEval's."""
    for row in records(path, ("text", "mean_valence"), None):
        rating = row["mean_valence"]
        if abs(rating) < 0.3 or abs(rating) > 1.0:
            label = "neutral" if abs(rating) < 1 else "positive" if rating > 0 else "negative"
            yield _lesson(row["text"], {"valence": (label,)}, "vader_groundtruth")


# Every file of others that is learned from, below the folder of the public data sets, and how.
PUBLIC: Mapping[str, Callable[[Path], Iterator[Lesson]]] = {
    "tweeteval/sentiment_train_semeval2017A.jsonl.gz": _sentiments,
    "tweeteval/offensive_train.jsonl.gz": _offences,
    "tweeteval/emotion_train.jsonl.gz": partial(_emotions, passes=4, share=0.0),
    "tweeteval/emotion_val.jsonl.gz": partial(_emotions, passes=0, share=1.0),
    "cmu_github_toxicity/comments_A.jsonl.gz": _comments,
    "stackexchange_meta/cstheory_meta_messages.jsonl.gz": _meta,
    "tweeteval/irony_train.jsonl.gz": _irony,
    "vader_groundtruth/tweets.jsonl.gz": _valence,
    "vader_groundtruth/amazon.jsonl.gz": _valence,
}
