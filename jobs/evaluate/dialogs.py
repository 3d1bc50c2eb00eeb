"""`evaluate request-dialogs`: chats that hold a feature request."""

from __future__ import annotations

from jobs.evaluate import heads, rules
from jobs.evaluate.result import Evaluation, Options

MEASURE = heads.Measure(
    name="request-dialogs",
    task="intent",
    metrics=("f1", "precision", "recall", "roc_auc", "average_precision"),
    rules={"keyword rules": rules.lists, "majority": rules.majority},
    published={
        "FRMiner": {
            "f1": 0.885,
            "source": "Shi et al. 2020, ICSE (3 folds by project; unchecked)",
        }
    },
    schema="request-dialogs",
)


def evaluate(options: Options) -> Evaluation:
    """Return the figures of finding dialogs with a feature request."""
    return heads.evaluate(options, MEASURE)
