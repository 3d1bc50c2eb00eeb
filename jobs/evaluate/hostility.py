"""`evaluate hostility`: civil, or not."""

from __future__ import annotations

from jobs.evaluate import heads, rules
from jobs.evaluate.result import Evaluation, Options
from jobs.evaluate.sentiment import TWEETEVAL

MEASURE = heads.Measure(
    name="hostility",
    task="hostility",
    metrics=("f1", "macro_f1", "precision", "recall", "roc_auc", "average_precision", "ece"),
    rules={"word-list": rules.lists, "majority": rules.majority},
    published={
        "RoBERTa-base, TweetEval offensive": {"macro_f1": 0.795, "source": TWEETEVAL},
        "ToxiCR, code review": {
            "f1": 0.889,
            "source": "Sarker et al. 2023, https://arxiv.org/abs/2202.13056 (10 folds)",
        },
    },
)


def evaluate(options: Options) -> Evaluation:
    """Return the figures of the hostility head; those of one class are of hostile texts."""
    return heads.evaluate(options, MEASURE)
