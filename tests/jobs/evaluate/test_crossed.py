"""Folds of labelled texts: equal texts on one side, every text judged once."""

from __future__ import annotations

from jobs.evaluate.crossed import folds
from jobs.evaluate.labelled import Labelled


def test_equal_texts_lie_in_one_fold_and_each_is_judged_once() -> None:
    texts = [f"text {number % 25}" for number in range(60)]
    gold = [number % 25 % 2 for number in range(60)]
    data = Labelled("hostility", texts, (("civil",), ("hostile", "personal")), gold, [""] * 60)
    judged: list[int] = []
    for learn, rest in folds(data, 5, 0):
        learned, told = ({texts[row] for row in rows} for rows in (learn, rest))
        assert not learned & told
        assert len(learned) == len(learn), "no text is learned twice"
        assert 4 <= len(told) <= 6
        judged += rest.tolist()
    assert sorted(judged) == list(range(60))
