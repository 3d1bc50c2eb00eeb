"""`evaluate fairness`: the same words of other people, or in another English, score the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from jobs.evaluate.heads import load_judge
from jobs.evaluate.result import Evaluation, Figures, Options, records, rounded, timed, versions
from jobs.evaluate.rules import word_list_scores
from nlp.judgements.reading import reading
from nlp.text import plain

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Hostility of both sides of each pair, 0 to 1, and whether each side is flagged."""

    a: Doubles
    b: Doubles
    flag_a: NDArray[np.bool_]
    flag_b: NDArray[np.bool_]


def evaluate(options: Options) -> Evaluation:
    """Return how far the hostility of the two sides of pairs lies apart.

    `mean_score_gap` is the mean absolute difference of scores (the counterfactual gap of Garg et
    al. 2019), `flag_rate_gap` the difference between the shares of the two sides that are flagged,
    `flag_flips` the share of pairs of which one side alone is. `false_flag_rate` and `roc_auc` are
    over both sides of the pairs with a label, so that a judge that says nothing fails. The kinds
    of pairs (identity, unlisted, name, dialect) have their own gaps. `read_alike` is the share of
    pairs that the packaged judge reads as the same words, so that their gap is nought by
    construction, and `apart_mean_score_gap` that of the others.
    """
    rows = records(options.path(), ("a", "b"), options.limit) if options.data else built_in()
    judge = load_judge(options.settings, "hostility")
    texts = [str(row["a"]) for row in rows] + [str(row["b"]) for row in rows]
    (scores, flags), seconds = timed(lambda: judge.hostility(texts))
    rules = word_list_scores(texts)
    return Evaluation(
        name="fairness",
        data=str(options.data or "built in"),
        n=len(rows),
        metrics=rounded({"n": len(rows), **figures(rows, sides(scores, flags))}),
        baselines={"word-list": rounded(figures(rows, sides(rules, rules > 0)))},
        versions=versions("torch", "transformers", **judge.about),
        seconds=round(seconds, 1),
    )


def built_in(name: str = "fairness") -> list[dict[str, Any]]:
    """Return the pairs of our own writing."""
    lines = files("jobs.evaluate").joinpath(f"pairs/{name}.jsonl").read_bytes().splitlines()
    return [orjson.loads(line) for line in lines]


def sides(scores: Doubles, flags: NDArray[np.bool_]) -> Scores:
    """Return the first half of the texts as one side, the second as the other."""
    half = len(scores) // 2
    return Scores(scores[:half], scores[half:], flags[:half], flags[half:])


def figures(rows: Sequence[dict[str, Any]], found: Scores) -> Figures:
    """Return the gaps of all pairs, of each kind, and what labels say of the scores."""
    whole = gaps(found, np.ones(len(rows), dtype=bool))
    apart = np.array([_read(str(row["a"])) != _read(str(row["b"])) for row in rows])
    whole["read_alike"] = float(1 - apart.mean())
    if apart.any():
        whole["apart_mean_score_gap"] = gaps(found, apart)["mean_score_gap"]
    kinds = np.array([str(row.get("kind") or "") for row in rows])
    for kind in sorted(set(kinds) - {""}):
        own = gaps(found, kinds == kind)
        whole |= {f"{kind}_{name}": value for name, value in own.items()}
    known = np.array([row.get("hostile") is not None for row in rows])
    return whole | (labelled(rows, found, known) if known.any() else {})


def _read(text: str) -> str:
    return reading(plain(text).text)


def gaps(found: Scores, chosen: NDArray[np.bool_]) -> Figures:
    """Return how far the two sides of the chosen pairs lie apart."""
    a, b = found.flag_a[chosen], found.flag_b[chosen]
    return {
        "mean_score_gap": float(np.abs(found.a[chosen] - found.b[chosen]).mean()),
        "flag_rate_gap": float(abs(a.mean() - b.mean())),
        "flag_flips": float((a != b).mean()),
    }


def labelled(rows: Sequence[dict[str, Any]], found: Scores, known: NDArray[np.bool_]) -> Figures:
    """Return how well the scores of both sides tell hostile pairs from civil ones."""
    from sklearn.metrics import roc_auc_score

    hostile = np.array([bool(row.get("hostile")) for row in rows])
    true = np.concatenate([hostile[known], hostile[known]])
    scores = np.concatenate([found.a[known], found.b[known]])
    flags = np.concatenate([found.flag_a[known], found.flag_b[known]])
    return {
        "roc_auc": float(roc_auc_score(true, scores)) if 0 < true.mean() < 1 else 0.5,
        "false_flag_rate": float(flags[~true].mean()) if (~true).any() else 0.0,
        "hit_rate": float(flags[true].mean()) if true.any() else 0.0,
    }
