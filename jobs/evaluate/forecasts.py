"""What is said of conversations before they end: by heat, and by simple rules, fold by fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.evaluate.result import Figures
from jobs.evaluate.talks import Talk
from nlp.heat import NAMES, HeatModel, Turn, fit
from nlp.heat.beginning import BY_HAND, beginning
from nlp.heat.features import LENGTH, usual_or
from nlp.heat.model import Floats, ways

INNER = 4
TOP = 0.1
# So many more are called heated than there are: a look for nothing costs less than a miss.
MORE = 1.2
LIGHT = 1.0
_SIZES = [NAMES.index(name) for name in LENGTH]

Ints = NDArray[np.int64]
# What is learned of some rows, as scores of all of them: higher is hotter.
Scorer = Callable[[Ints], Floats]


@dataclass(frozen=True, slots=True)
class Shown:
    """n conversations as far as shown: features, text, hostility of the last post, and labels."""

    rows: Floats
    texts: list[str]
    last: Floats
    labels: Ints


def shown(
    found: Sequence[Talk],
    read: Sequence[Sequence[Turn]],
    curves: Sequence[Floats],
    lengths: Sequence[int],
) -> Shown:
    """Return conversations up to so many turns each; `curves` are their rows after every turn."""
    cuts = list(zip(read, lengths, strict=True))
    return Shown(
        np.array([rows[n - 1] for rows, n in zip(curves, lengths, strict=True)]),
        ["\n".join(turn.text for turn in turns[:n]) for turns, n in cuts],
        np.array([[usual_or(turns[n - 1].hostility)] for turns, n in cuts]),
        np.array([talk.label for talk in found], dtype=np.int64),
    )


def crossed(seen: Shown, folds: int, seed: int) -> dict[str, Figures]:
    """Return the figures of heat and of each baseline, all fitted on the same folds."""
    scorers: dict[str, Scorer] = {
        "heat": lambda learn: _heat(seen, learn),
        "length only": lambda learn: _plain(seen.rows[:, _SIZES], seen.labels, learn),
        "last post's hostility": lambda learn: _plain(seen.last, seen.labels, learn),
        "bag of words": _words(seen),
    }
    found = {
        name: figures(*_foretold(scorer, seen.labels, folds, seed), seen.labels)
        for name, scorer in scorers.items()
    }
    bare = _foretold(lambda learn: _heat(seen, learn, LENGTH), seen.labels, folds, seed)
    without = figures(*bare, seen.labels)
    found["heat"] |= {f"{name}_no_length": without[name] for name in ("accuracy", "f1", "roc_auc")}
    return found


def alone(seen: Shown, model: HeatModel) -> dict[str, Figures]:
    """Return the figures of given weights, with half as the threshold."""
    heat = model.heat(seen.rows)
    found = figures(heat, heat >= 0.5, seen.labels)
    parts = model.parts(seen.rows)
    parts[:, _SIZES] = 0.0
    right = (parts.sum(axis=1) + model.bias >= 0) == (seen.labels == 1)
    return {"heat": found | {"accuracy_no_length": float(right.mean())}}


def ranked(seen: Shown) -> dict[str, Figures]:
    """Return how rules that need no fitting rank: longer is hotter, and what is hostile now."""
    rules = {"length only": seen.rows[:, _SIZES[0]], "last post's hostility": seen.last[:, 0]}
    kept = ("roc_auc", "precision_at_top_10pct")
    every = {name: figures(rule, rule > np.inf, seen.labels) for name, rule in rules.items()}
    return {name: {key: one[key] for key in kept} for name, one in every.items()}


def figures(scores: Floats, called: NDArray[np.bool_], labels: Ints) -> Figures:
    """Return the figures of scores and of what is called heated; ties are ranked as they stand."""
    from sklearn.metrics import f1_score, roc_auc_score

    top = np.argsort(-scores, kind="stable")[: max(1, round(len(labels) * TOP))]
    return {
        "accuracy": float((called == (labels == 1)).mean()),
        "f1": float(f1_score(labels, called, zero_division=0.0)),
        "roc_auc": float(roc_auc_score(labels, scores)),
        "precision_at_top_10pct": float(labels[top].mean()),
    }


def _foretold(
    scorer: Scorer, labels: Ints, folds: int, seed: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return scores of rows that were not learned from, and which are called heated.

    Called are MORE times as many as there are in the rows learned from, by a bar set within these.
    """
    scores, called = np.zeros(len(labels)), np.zeros(len(labels), dtype=bool)
    for learn, rest in _folds(labels, folds, seed):
        inner = np.zeros(len(learn))
        for fewer, held in _folds(labels[learn], INNER, seed):
            inner[held] = scorer(learn[fewer])[learn[held]]
        bar = np.quantile(inner, 1 - min(MORE * labels[learn].mean(), 1))
        scores[rest] = scorer(learn)[rest]
        called[rest] = scores[rest] >= bar
    return scores, called


def _folds(labels: Ints, count: int, seed: int) -> Iterator[tuple[Ints, Ints]]:
    from sklearn.model_selection import StratifiedKFold

    drawn = StratifiedKFold(count, shuffle=True, random_state=seed)
    yield from drawn.split(labels, labels)


def _heat(seen: Shown, learn: Ints, without: Sequence[str] = ()) -> Floats:
    model = fit(
        seen.rows[learn],
        seen.labels[learn],
        names=NAMES,
        version="folds",
        prior=beginning(seen.rows[learn]),
        signs=ways(NAMES),
        without=(*without, *BY_HAND),
    )
    return model.heat(seen.rows)


def _plain(rows: Floats, labels: Ints, learn: Ints) -> Floats:
    names = [str(number) for number in range(rows.shape[1])]
    model = fit(rows[learn], labels[learn], names=names, version="rule", strength=LIGHT)
    return model.heat(rows)


def _words(seen: Shown) -> Scorer:
    """Return what learns from the words of the whole text, and from pieces of them: TF-IDF."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    tables = [
        CountVectorizer(ngram_range=(1, 2), min_df=2).fit_transform(seen.texts),
        CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2).fit_transform(seen.texts),
    ]

    def scorer(learn: Ints) -> Floats:
        every: Any = hstack(
            [
                TfidfTransformer(sublinear_tf=True).fit(table[learn]).transform(table)
                for table in tables
            ]
        ).tocsr()
        model = LogisticRegression(class_weight="balanced", solver="liblinear")
        model.fit(every[learn], seen.labels[learn])
        found: Floats = model.decision_function(every)
        return found

    return scorer
