"""`evaluate intent`: what a post wants to do."""

from __future__ import annotations

from jobs.evaluate import heads, rules
from jobs.evaluate.result import Evaluation, Options

MEASURE = heads.Measure(
    name="intent",
    task="intent",
    metrics=("macro_f1", "feature_f1", "accuracy", "ece"),
    rules={"keyword rules": rules.lists, "majority": rules.majority},
    published={
        "SetFit (all-mpnet-base-v2), NLBSE'24": {
            "macro_f1": 0.827,
            "feature_f1": 0.856,
            "source": "https://github.com/nlbse2024/issue-report-classification (test split)",
        }
    },
)


def evaluate(options: Options) -> Evaluation:
    """Return the figures of the intent head, each the mean over the repositories of the data."""
    return heads.evaluate(options, MEASURE)
