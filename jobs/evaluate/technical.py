"""`evaluate technical`: technical talk is not anger, and small words turn a mood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.fairness import Doubles, built_in, sides
from jobs.evaluate.heads import load_judge
from jobs.evaluate.result import Evaluation, Figures, Options, rounded, timed, versions
from jobs.evaluate.rules import word_list_scores
from nlp.judgements.labels import TASKS
from nlp.judgements.lists import sentiments


def evaluate(options: Options) -> Evaluation:
    """Return how a judge fares on minimal pairs of our own writing.

    Of technical pairs: `ordered`, the share in which the heated side scores higher than the calm
    one; `calm_flagged` and `heated_flagged`. Of mood pairs: `moods`, the share of texts whose
    sentiment is right, and `moods_both`, of pairs with both right.
    """
    pairs, moods = built_in("technical"), built_in("moods")
    hostility = load_judge(options.settings, "hostility")
    sentiment = load_judge(options.settings, "sentiment")
    talk = [row["calm"] for row in pairs] + [row["heated"] for row in pairs]
    said = [row["text"] for row in moods] + [row["other"] for row in moods]
    (scores, flags), first = timed(lambda: hostility.hostility(talk))
    chosen, second = timed(lambda: sentiment.chosen(said))
    rules = word_list_scores(talk)
    return Evaluation(
        name="technical",
        data="built in",
        n=len(pairs) + len(moods),
        metrics=rounded(_talk(scores, flags) | _moods(moods, chosen)),
        baselines={
            "word-list": rounded(_talk(rules, rules > 0)),
            "lexicon": rounded(_moods(moods, sentiments(said))),
        },
        versions=versions("torch", "transformers", **hostility.about, **sentiment.about),
        seconds=round(first + second, 1),
    )


def _talk(scores: Doubles, flags: NDArray[np.bool_]) -> Figures:
    found = sides(scores, flags)
    return {
        "pairs": len(found.a),
        "ordered": float((found.b > found.a).mean()),
        "calm_flagged": float(found.flag_a.mean()),
        "heated_flagged": float(found.flag_b.mean()),
    }


def _moods(rows: Sequence[dict[str, Any]], chosen: Sequence[str]) -> Figures:
    gold = [row["sentiment"] for row in rows] + [row["other_sentiment"] for row in rows]
    assert set(gold) <= set(TASKS["sentiment"])
    right = np.array([one == other for one, other in zip(gold, chosen, strict=True)])
    half = len(rows)
    return {
        "mood_pairs": half,
        "moods": float(right.mean()),
        "moods_both": float((right[:half] & right[half:]).mean()),
    }
