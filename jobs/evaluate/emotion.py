"""`evaluate emotion`: the strongest emotion of a text."""

from __future__ import annotations

from jobs.evaluate import heads, rules
from jobs.evaluate.result import Evaluation, Options
from jobs.evaluate.sentiment import TWEETEVAL

MEASURE = heads.Measure(
    name="emotion",
    task="emotion",
    metrics=("macro_f1", "accuracy", "ece"),
    rules={"word-list": rules.lists, "majority": rules.majority},
    shares=True,
    published={"RoBERTa-base": {"macro_f1": 0.761, "source": TWEETEVAL}},
)


def evaluate(options: Options) -> Evaluation:
    """Return the figures of the emotion head among the emotions that the data tell apart."""
    return heads.evaluate(options, MEASURE)
