"""A head measured: as it is, taught first, in folds; and what cannot be asked together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from jobs.commands.measure import NAMES
from jobs.evaluate import emotion, heads, hostility, intent, sentiment
from jobs.evaluate.heads import averaged, load_judge
from jobs.evaluate.judgements import certain
from jobs.evaluate.labelled import Labelled
from jobs.evaluate.result import Options
from nlp.judgements import TASKS, JudgeCard, external, layers
from nlp.judgements.head import read, write
from nlp.judgements.lists import NAME, VERSION
from service.errors import BadSetting, InvalidInput
from service.settings import Settings
from tests.jobs.small import Counts, write_heads

# By the heads of `small` "bad" is negative, "plain" neutral, "good" positive; "odd" says nothing.
TEXTS = {"negative": "so bad {}", "neutral": "a plain {}", "positive": "good {}"}


@pytest.fixture
def own(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings of heads of one's own that count words."""
    monkeypatch.setattr(layers, "load", lambda *_, **__: Counts())
    folder = write_heads(tmp_path / "heads")
    return settings.model_copy(update={"judges": "packaged", "heads_dir": folder})


def saved(path: Path, rows: Sequence[Any]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def moods(count: int) -> list[dict[str, str]]:
    return [
        {"text": text.format(number), "sentiment": label}
        for number in range(count)
        for label, text in TEXTS.items()
    ]


def test_a_head_is_measured_beside_rules(own: Settings, tmp_path: Path) -> None:
    rows = [*moods(3), {"text": "so bad indeed", "sentiment": "neutral"}]
    told = sentiment.evaluate(Options(own, data=saved(tmp_path / "a.jsonl", rows)))
    assert (told.name, told.n) == ("sentiment", 10)
    assert told.metrics["accuracy"] == 0.9
    assert told.metrics["macro_recall"] == round((1 + 3 / 4 + 1) / 3, 4)
    assert told.baselines.keys() == {"lexicon", "majority", "counting"}
    assert told.baselines["majority"]["accuracy"] == 0.4
    assert told.baselines["lexicon"]["accuracy"] == 0.9
    assert told.published["RoBERTa-base"]["macro_recall"] == 0.713
    assert told.versions["sentiment"].startswith("small@v1-")
    assert told.seconds >= 0


def test_figures_are_means_over_the_repositories(own: Settings, tmp_path: Path) -> None:
    """Of three right in one, one of two in another: the mean of 1 and 1/2, not 4/5."""
    rows = [
        {"title": "odd", "body": "new", "label": "bug", "repo": "a"},
        {"title": "bad", "body": "", "label": "question", "repo": "a"},
        {"title": "good", "body": "", "label": "feature", "repo": "a"},
        {"title": "bad", "body": "", "label": "bug", "repo": "b"},
        {"title": "new", "body": "", "label": "bug", "repo": "b"},
    ]
    told = intent.evaluate(Options(own, data=saved(tmp_path / "a.jsonl", rows)))
    assert told.metrics["accuracy"] == 0.75
    data = Labelled("hostility", ["x"] * 3, (("civil",), ("hostile",)), [0, 0, 1], ["a", "b", "b"])
    assert averaged(certain([0, 1, 1], 2), data, ("accuracy",)) == {"accuracy": 0.75}


def test_judgements_tied_by_id_are_measured(own: Settings, tmp_path: Path) -> None:
    posts = [{"id": str(number), **row} for number, row in enumerate(moods(2))]
    archive = saved(tmp_path / "archive.jsonl", posts)
    said = [{"id": row["id"], "hostility": "civil"} for row in posts[:3]]
    said[0]["hostility"] = "personal"
    links = saved(tmp_path / "links.jsonl", said)
    told = hostility.evaluate(Options(own, data=archive, links=links))
    # "good" is the third label of hostility, personal.
    assert (told.n, told.data) == (3, str(archive))
    assert told.metrics["recall"] == 0
    assert told.baselines["majority"]["recall"] == 0


def test_a_community_without_a_hostile_post_is_measured(own: Settings, tmp_path: Path) -> None:
    posts = [{"id": str(number), "text": "bad"} for number in range(3)]
    archive = saved(tmp_path / "archive.jsonl", [*posts, {"id": "3", "text": "good"}])
    links = saved(tmp_path / "b.jsonl", [{"id": str(n), "hostility": "civil"} for n in range(4)])
    told = hostility.evaluate(Options(own, data=archive, links=links))
    assert (told.metrics["macro_f1"], told.metrics["recall"]) == (0.8571, 0)
    assert not {"roc_auc", "average_precision"} & told.metrics.keys()


def test_teaching_turns_what_a_word_means(own: Settings, tmp_path: Path) -> None:
    """Labels by which "odd" is joy and "new" anger, of which the head knows nothing."""
    turned = [
        {"text": f"{'odd' if number % 2 else 'new'} {number}", "label": number % 2}
        for number in range(60)
    ]
    test, train = saved(tmp_path / "a.jsonl", turned[:20]), saved(tmp_path / "b.jsonl", turned[20:])
    before = emotion.evaluate(Options(own, data=test)).metrics
    heard: list[str] = []
    told = emotion.evaluate(Options(own, data=test, train=(train, train), log=heard.append))
    assert before["accuracy"] < 1 == told.metrics["accuracy"]
    assert heard == ["teaching by 80 texts"]
    assert told.versions["emotion"] == "small@v1, taught"
    again = emotion.evaluate(Options(own, data=test, train=(train, train)))
    assert again.metrics == told.metrics
    folds = emotion.evaluate(Options(own, data=test, folds=4, log=heard.append))
    assert folds.metrics["accuracy"] == 1
    assert [line[:11] for line in heard[1:]] == [f"fold {n} of 4" for n in range(1, 5)]


@pytest.mark.parametrize(
    ("changes", "options", "line"),
    [
        ({}, {"train": ("b.jsonl",), "folds": 2}, "--train and --folds"),
        ({"sentiment_model": "some/model"}, {"folds": 2}, "unset GROUNDSWELL_SENTIMENT_MODEL"),
        ({"sentiment_model": "some/model"}, {"train": ("b",)}, "unset GROUNDSWELL_SENTIMENT_MODEL"),
    ],
)
def test_what_cannot_be_asked_together_is_refused(
    own: Settings, tmp_path: Path, changes: dict[str, str], options: dict[str, Any], line: str
) -> None:
    data = saved(tmp_path / "a.jsonl", moods(3))
    with pytest.raises(InvalidInput, match=line):
        sentiment.evaluate(Options(own.model_copy(update=changes), data=data, **options))
    with pytest.raises(InvalidInput, match="--data PATH"):
        sentiment.evaluate(Options(own))


class Thumbs:
    """A model of other makers that knows of no neutral texts."""

    card = JudgeCard("sentiment", "thumbs", "9", ("negative", "positive"))

    def judge(self, texts: Sequence[str]) -> NDArray[np.float32]:
        good = np.array([text.count("good") for text in texts], dtype=np.float32).clip(0, 1)
        return np.stack([1 - good, good], axis=1)


def test_a_model_of_other_makers_is_measured_as_it_is(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "load", lambda task, name, **_: Thumbs())
    named = own.model_copy(update={"sentiment_model": "some/thumbs"})
    told = sentiment.evaluate(Options(named, data=saved(tmp_path / "a.jsonl", moods(4))))
    assert told.metrics["accuracy"] == round(2 / 3, 4)
    assert told.versions["sentiment"] == "thumbs@9"
    assert told.learned_from is None, "nobody knows what others taught it"
    judge = load_judge(named, "sentiment")
    assert judge.chosen(["**good**", "well"]) == ["positive", "negative"]
    assert judge.probabilities(["good"]).tolist() == [[0, 0, 1]]


def test_lists_are_measured_where_they_are_in_force(own: Settings, tmp_path: Path) -> None:
    """Of what heads of one's own know nothing, lists do."""
    lists = own.model_copy(update={"judges": "lists"})
    rows = [{"text": "thanks, great", "sentiment": "positive"}, {"text": "x", "label": "neutral"}]
    data = saved(tmp_path / "a.jsonl", [*rows, {"text": "awful", "sentiment": "negative"}])
    told = sentiment.evaluate(Options(lists, data=data))
    assert told.versions["sentiment"] == f"{NAME}@{VERSION}"
    assert told.metrics["accuracy"] == told.baselines["lexicon"]["accuracy"] == 1
    assert told.learned_from is False
    scores, flags = load_judge(lists, "hostility").hostility(["you idiot", "hello"])
    assert flags.tolist() == [True, False]
    np.testing.assert_allclose(scores, [0.9, 0.2], atol=1e-6)
    none = own.model_copy(update={"judges": "none"})
    with pytest.raises(BadSetting, match=r"GROUNDSWELL_JUDGES=none.* set it to packaged or lists"):
        sentiment.evaluate(Options(none, data=data))


@pytest.mark.parametrize(
    ("name", "card", "known"),
    [
        ("tweeteval/emotion_train.jsonl.gz", [], True),
        ("tweeteval/emotion_test.jsonl", [], False),
        ("a.jsonl", [{"name": "a.jsonl"}], True),
        ("a.jsonl", [{"name": "b.jsonl"}, "a.jsonl"], False),
    ],
)
def test_data_that_were_learned_from_are_told(
    own: Settings, tmp_path: Path, name: str, card: list[Any], known: bool
) -> None:
    assert own.heads_dir
    found = read(own.heads_dir, "emotion")
    write(replace(found, card=replace(found.card, about={"data": card})), own.heads_dir)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    rows = [{"text": f"{'odd' if n % 2 else 'new'} {n}", "label": n % 2} for n in range(40)]
    data, other = saved(tmp_path / name, rows), saved(tmp_path / "other.jsonl", rows)
    assert emotion.evaluate(Options(own, data=data)).learned_from is known
    # What teaching begins with knows them too, and what it was taught by; folds keep apart.
    assert emotion.evaluate(Options(own, data=data, folds=2)).learned_from is known
    assert emotion.evaluate(Options(own, data=data, train=(other,))).learned_from is known
    again = Path(f"{tmp_path}/./{name}")
    assert emotion.evaluate(Options(own, data=data, train=(again,))).learned_from is True


def test_hostility_is_what_is_not_civil(own: Settings) -> None:
    judge = load_judge(own, "hostility")
    scores, flags = judge.hostility(["`bad` talk", "plain talk", "talk"])
    top = np.exp(3) / (np.exp(3) + 2)
    np.testing.assert_allclose(scores, [1 - top, 1 - (1 - top) / 2, 2 / 3], atol=1e-4)
    assert flags.tolist() == [False, True, True]
    assert judge.about["hostility"].startswith("small@v1-")


def test_every_measure_has_rules_and_a_task() -> None:
    own = {name: import_module(f"jobs.evaluate.{module}") for name, module in NAMES.items()}
    measures = [module.MEASURE for module in own.values() if hasattr(module, "MEASURE")]
    assert {measure.task for measure in measures} == set(TASKS)
    assert all("majority" in measure.rules and len(measure.rules) == 2 for measure in measures)
    assert all(own[measure.name].MEASURE is measure for measure in measures)
    assert isinstance(measures[0], heads.Measure)
