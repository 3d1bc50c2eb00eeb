"""Names of labels: folded, known by other names, given by a setting, or refused."""

from __future__ import annotations

import pytest

from nlp.errors import UnknownModel
from nlp.judgements.labels import TASKS
from nlp.judgements.naming import _NAMES, DROPPED, _folded, mapping, resolve

GO_EMOTIONS = {
    "admiration": "joy",
    "amusement": "joy",
    "anger": "anger",
    "annoyance": "frustration",
    "approval": "none",
    "caring": "joy",
    "confusion": "confusion",
    "curiosity": "none",
    "desire": "optimism",
    "disappointment": "sadness",
    "disapproval": "frustration",
    "disgust": DROPPED,
    "embarrassment": DROPPED,
    "excitement": "joy",
    "fear": DROPPED,
    "gratitude": "gratitude",
    "grief": "sadness",
    "joy": "joy",
    "love": "joy",
    "nervousness": DROPPED,
    "optimism": "optimism",
    "pride": "joy",
    "realization": "none",
    "relief": "joy",
    "remorse": "sadness",
    "sadness": "sadness",
    "surprise": DROPPED,
    "neutral": "none",
}


def test_every_label_of_goemotions_is_known() -> None:
    assert len(GO_EMOTIONS) == 28
    assert (
        dict(zip(GO_EMOTIONS, resolve("emotion", "m", list(GO_EMOTIONS), {}), strict=True))
        == GO_EMOTIONS
    )
    assert set(GO_EMOTIONS.values()) - {DROPPED} == set(TASKS["emotion"])


@pytest.mark.parametrize(
    ("task", "theirs", "ours"),
    [
        ("sentiment", ["NEG", "Neutral", "POSITIVE"], ["negative", "neutral", "positive"]),
        ("sentiment", ["1 star", "3 stars", "5 stars"], ["negative", "neutral", "positive"]),
        ("hostility", ["non-toxic", "Toxic"], ["civil", "hostile"]),
        ("hostility", ["not-offensive", "offensive"], ["civil", "hostile"]),
        ("hostility", ["neither", "hate_speech", "insult"], ["civil", "hostile", "hostile"]),
        ("hostility", ["neutral", "identity_attack"], ["civil", "personal"]),
        ("intent", ["bug", "enhancement"], ["bug_report", "feature_request"]),
        ("intent", ["Feature-Request", "support"], ["feature_request", "question"]),
    ],
)
def test_names_are_known_in_any_case_and_punctuation(
    task: str, theirs: list[str], ours: list[str]
) -> None:
    assert list(resolve(task, "m", theirs, {})) == ours


def test_what_is_given_comes_before_what_is_known() -> None:
    given = mapping(" joy = optimism, FEAR=sadness,other=- ")
    assert given == {"joy": "optimism", "FEAR": "sadness", "other": "-"}
    found = resolve("emotion", "m", ["Joy", "fear", "other", "anger"], given)
    assert found == ("optimism", "sadness", DROPPED, "anger")


def test_labels_of_punctuation_can_be_given() -> None:
    assert resolve("sentiment", "m", ["+", "-"], {"+": "positive", "-": "negative"}) == (
        "positive",
        "negative",
    )


def test_numbered_labels_are_refused_unless_given() -> None:
    theirs = ["LABEL_0", "LABEL_1", "LABEL_2"]
    with pytest.raises(UnknownModel) as refused:
        resolve("sentiment", "cardiffnlp/some", theirs, {"LABEL_0": "negative"})
    assert str(refused.value) == (
        "it is not known what 'LABEL_1', 'LABEL_2' of 'cardiffnlp/some' means: its labels are "
        "LABEL_0, LABEL_1, LABEL_2, and ours negative, neutral, positive; set "
        'GROUNDSWELL_SENTIMENT_LABELS="theirs=ours,theirs=ours" ("-" drops one)'
    )
    given = mapping("LABEL_0=negative,LABEL_1=neutral,LABEL_2=positive")
    assert resolve("sentiment", "m", theirs, given) == ("negative", "neutral", "positive")


def test_what_is_given_must_be_labels_of_both() -> None:
    with pytest.raises(UnknownModel, match=r"'m' has no label 'sad'.*GROUNDSWELL_SENTIMENT_LABELS"):
        resolve("sentiment", "m", ["pos", "neg"], {"sad": "negative"})
    with pytest.raises(UnknownModel, match="sentiment has no label 'bad'"):
        resolve("sentiment", "m", ["pos", "neg"], {"neg": "bad"})


@pytest.mark.parametrize("text", ["", "a", "a=", "=b", "a=b,", "a=b,,c=d", "a=b,a=c"])
def test_a_setting_that_is_no_list_of_pairs_is_refused(text: str) -> None:
    with pytest.raises(UnknownModel, match=r"write (theirs=ours|it once)"):
        mapping(text)


def test_an_equals_sign_may_be_part_of_their_label() -> None:
    assert mapping("score=1=negative") == {"score=1": "negative"}


@pytest.mark.parametrize("task", TASKS)
def test_no_name_means_two_things(task: str) -> None:
    meant: dict[str, set[str]] = {_folded(label): {label} for label in TASKS[task]}
    for ours, names in _NAMES[task].items():
        for name in names.split(","):
            meant.setdefault(_folded(name), set()).add(ours)
    assert [name for name, ours in meant.items() if len(ours) > 1] == []
