"""What the packaged judges learn from: labels that there are, and some kept to check with."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs.evaluate.result import records
from jobs.train import lessons
from jobs.train.lessons import HELPERS, Lesson
from nlp.judgements import TASKS
from nlp.text import plain
from service.errors import BadArchive

TWEETS = {
    "sentiment_train_semeval2017A": [{"text": "so good @user", "label": 2}],
    "offensive_train": [{"text": "you fool", "label": 1}, {"text": "hello", "label": 0}],
    "emotion_train": [{"text": "at last", "label": 2}],
    "emotion_val": [{"text": "oh no", "label": 3}],
    "irony_train": [{"text": "great, monday", "label": 1}],
}
OTHERS = {
    "cmu_github_toxicity/comments_A": [{"text": "this is `trash`", "toxic": True}],
    "stackexchange_meta/cstheory_meta_messages": [
        {"text": "w", "thread_title": "T", "kind": "question", "meta_type": "feature-request"},
        {"text": "because", "thread_title": "T", "kind": "answer", "meta_type": None},
        {"text": "chat", "thread_title": "T", "kind": "question", "meta_type": "discussion"},
        {"text": "why", "thread_title": None, "kind": "comment", "meta_type": None},
    ],
    "vader_groundtruth/tweets": [
        {"text": "superb", "mean_valence": 2.9},
        {"text": "meh", "mean_valence": 0.1},
        {"text": "so so", "mean_valence": 0.5},
        {"text": "vile", "mean_valence": -3},
    ],
    "vader_groundtruth/amazon": [{"text": "works", "mean_valence": -0.2}],
}


@pytest.fixture(scope="module")
def own() -> list[Lesson]:
    return lessons.own()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder of small data sets, each under its own name."""
    every = {f"tweeteval/{name}": rows for name, rows in TWEETS.items()} | OTHERS
    for name, rows in every.items():
        save(tmp_path / f"{name}.jsonl.gz", rows)
    return tmp_path


def save(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows)), mtime=0))


def folded(text: str) -> str:
    return " ".join(text.lower().split())


def test_each_example_has_every_label(own: list[Lesson]) -> None:
    for task, labels in TASKS.items():
        assert {len(lesson.given[task]) for lesson in own} == {1}
        assert {lesson.given[task][0] for lesson in own} == set(labels)
    assert all(lesson.given.keys() == TASKS.keys() and not lesson.asked for lesson in own)


def test_every_label_has_enough_examples(own: list[Lesson]) -> None:
    for task, labels in TASKS.items():
        learned = Counter(lesson.given[task][0] for lesson in own if not lesson.held)
        held = Counter(lesson.given[task][0] for lesson in own if lesson.held)
        assert min(learned[label] for label in labels) >= 60
        assert min(held[label] for label in labels) >= 5


def test_no_example_is_there_twice(own: list[Lesson]) -> None:
    texts = Counter(folded(lesson.plain) for lesson in own)
    assert texts.most_common(1)[0][1] == 1
    assert all(lesson.text for lesson in own)
    assert len(own) >= 2_500


def test_talk_in_threads_is_never_read_by_the_tuning(own: list[Lesson]) -> None:
    found = lessons.talk()
    assert len(found) >= 800
    assert all(lesson.held and not lesson.passes and lesson.text for lesson in found)
    texts = {folded(lesson.plain) for lesson in found}
    assert len(texts) == len(found)
    assert not texts & {folded(lesson.plain) for lesson in own}
    for task, labels in TASKS.items():
        assert {lesson.given[task][0] for lesson in found} == set(labels)


def test_what_is_held_out_hangs_on_the_text_alone(own: list[Lesson]) -> None:
    for lesson in own:
        assert lesson.held == (zlib.crc32(lesson.plain.lower().encode()) % 1000 < 150)
    assert 0.12 < sum(lesson.held for lesson in own) / len(own) < 0.18
    assert {lesson.passes for lesson in own} == {4}


def test_posts_are_prepared_as_posts_are() -> None:
    words, read = lessons.prepared("**Fatima**, a Muslim, broke `x` :(")
    assert words == "Fatima, a Muslim, broke x :("
    assert "Fatima" not in read
    assert "Muslim" not in read
    assert read.endswith("broke x :(")


def test_labels_of_public_data_are_ours(data: Path) -> None:
    found = lessons.lessons(data)
    told = [(lesson.source, lesson.text, dict(lesson.given)) for lesson in found]
    public = [row for row in told if not row[0].startswith("own:")]
    assert public == [
        ("tweeteval sentiment", "so good user", {"sentiment": ("positive",)}),
        ("tweeteval offensive", "you fool", {"hostility": ("hostile", "personal")}),
        ("tweeteval offensive", "hello", {"hostility": ("civil",)}),
        ("tweeteval emotion", "at last", {"emotion": ("optimism",)}),
        ("tweeteval emotion", "oh no", {"emotion": ("sadness",)}),
        ("cmu_github_toxicity", "this is trash", {"hostility": ("hostile", "personal")}),
        ("stackexchange_meta", "T w", {"intent": ("feature_request",)}),
        ("stackexchange_meta", "because", {"intent": ("answer",)}),
        ("tweeteval irony", "great, monday", {"irony": ("ironic",)}),
        ("vader_groundtruth", "superb", {"valence": ("positive",)}),
        ("vader_groundtruth", "meh", {"valence": ("neutral",)}),
        ("vader_groundtruth", "vile", {"valence": ("negative",)}),
        ("vader_groundtruth", "works", {"valence": ("neutral",)}),
    ]
    assert len(found) - len(public) == len(lessons.own())


def test_validation_is_held_out_and_never_tuned_on(data: Path) -> None:
    held = [lesson for lesson in lessons.lessons(data) if lesson.text == "oh no"]
    assert [(lesson.held, lesson.passes) for lesson in held] == [(True, 0)]
    assert held[0].asked == {"emotion": lessons.TWEET_EMOTIONS}


def test_helpers_are_no_judgements() -> None:
    assert not HELPERS.keys() & TASKS.keys()


def test_a_data_set_that_is_missing_is_named(data: Path) -> None:
    (data / "tweeteval/irony_train.jsonl.gz").unlink()
    with pytest.raises(BadArchive, match="irony_train"):
        lessons.lessons(data)


def test_what_is_learned_from_is_known_by_name(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file that is read counts as learned from, and none that is not."""
    read: list[Path] = []

    def reading(path: Path, *given: Any) -> list[dict[str, Any]]:
        read.append(path)
        return records(path, *given)

    monkeypatch.setattr(lessons, "records", reading)
    lessons.lessons(data)
    assert [path.relative_to(data).as_posix() for path in read] == list(lessons.PUBLIC)
    assert all(lessons.learned(path) for path in read)
    assert lessons.learned(data / "cmu_github_toxicity/comments_A.jsonl")
    monkeypatch.chdir(data / "tweeteval")
    assert lessons.learned(Path("emotion_val.jsonl.gz"))
    examples = Path(lessons.__file__).parent / "examples"
    assert all(lessons.learned(path) for path in examples.iterdir())
    assert len(list(examples.iterdir())) == len((*lessons.EXAMPLES, *lessons.TALK))
    for name in ("tweeteval/emotion_test.jsonl.gz", "mine/comments_A.jsonl.gz", "emotion.jsonl"):
        assert not lessons.learned(tmp_path / name)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["lean_zulip", "stackexchange_quantum"])
def test_no_example_is_a_post_that_was_judged_by_hand(
    own: list[Lesson], shared_data: Path, name: str
) -> None:
    links = Path(lessons.__file__).parents[1] / f"evaluate/judged/{name}.jsonl"
    judged = {str(row["id"]) for row in records(links, ("id",), None)}
    posts = records(shared_data / name / "messages.jsonl.gz", ("id", "text"), None)
    texts = [str(row["text"]) for row in posts if str(row["id"]) in judged]
    assert len(texts) == len(judged)
    known = {folded(lesson.plain) for lesson in own + lessons.talk()}
    known |= {
        folded(row["text"]) for row, *_ in lessons._examples((*lessons.EXAMPLES, *lessons.TALK))
    }
    assert not known & {folded(text) for text in texts}
    assert not known & {folded(plain(text).text) for text in texts}
