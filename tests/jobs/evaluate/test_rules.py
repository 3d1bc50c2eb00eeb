"""Rules that judgements are measured against."""

from __future__ import annotations

from jobs.evaluate.labelled import HOSTILE, Labelled
from jobs.evaluate.rules import lists, majority, word_list_scores


def test_the_commonest_label_always() -> None:
    data = Labelled("hostility", ["x"] * 5, (("civil",), HOSTILE), [1, 0, 1, 1, 0], [""] * 5)
    found = majority(data)
    assert found.chosen.tolist() == [1] * 5
    assert (found.probabilities == 0.5).all()


def test_lists_of_words_choose_among_what_the_data_tell_apart() -> None:
    texts = ["please add a dark theme", "it crashes with an error", "hello all"]
    groups = (("bug_report",), ("feature_request",), ("question",))
    found = lists(Labelled("intent", texts, groups, [1, 0, 2], [""] * 3))
    assert found.chosen.tolist() == [1, 0, 2]
    dialogs = (("question", "answer", "other", "bug_report"), ("feature_request",))
    found = lists(Labelled("intent", texts, dialogs, [1, 0, 0], [""] * 3))
    assert found.chosen.tolist() == [1, 0, 0]
    moods = Labelled("sentiment", ["great", "a wall"], (("negative",), ("positive",)), [1, 0], [])
    assert lists(moods).chosen.tolist() == [1, 1]


def test_insults_and_profanities_are_hostile() -> None:
    assert word_list_scores(["you idiot", "damn", "kill the process"]).tolist() == [1, 1, 0]
