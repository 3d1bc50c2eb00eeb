"""`evaluate sentiment`: negative, neutral, positive."""

from __future__ import annotations

from jobs.evaluate import heads, rules
from jobs.evaluate.result import Evaluation, Options

TWEETEVAL = "Barbieri et al. 2020, https://arxiv.org/abs/2010.12421 (test split)"
MEASURE = heads.Measure(
    name="sentiment",
    task="sentiment",
    metrics=("macro_recall", "macro_f1", "accuracy", "ece"),
    rules={"lexicon": rules.lists, "majority": rules.majority},
    shares=True,
    published={"RoBERTa-base": {"macro_recall": 0.713, "source": TWEETEVAL}},
)


def evaluate(options: Options) -> Evaluation:
    """Return the figures of the sentiment head; macro recall is the measure of SemEval."""
    return heads.evaluate(options, MEASURE)
