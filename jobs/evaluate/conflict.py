"""`evaluate conflict`: which conversations derail after what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from jobs import judges
from jobs.evaluate import planted
from jobs.evaluate.forecasts import Shown, alone, crossed, ranked, shown
from jobs.evaluate.result import Evaluation, Figures, Options, records, rounded, timed, versions
from jobs.evaluate.talks import anonymous, cut, judged, talks
from jobs.train.heat import fitted, learned_digest
from nlp.heat import HeatModel, load_model, prefixes
from nlp.heat.model import read_card
from nlp.heat.turns import READ

# Folds are drawn so many times, and the figures averaged: one draw may be lucky.
DRAWS = 10
CONVOKIT = "ConvoKit docs/source/forecaster.rst: fitted on the training split, whole conversations"
PUBLISHED: Mapping[str, Mapping[str, Any]] = {
    "CRAFT, CGA-CMV-large test": {"accuracy": 0.628, "f1": 0.685, "source": CONVOKIT},
    "RoBERTa-large, CGA-CMV-large test": {"accuracy": 0.686, "f1": 0.7, "source": CONVOKIT},
    "LLM summaries, derailed GitHub threads": {
        "f1": 0.7,
        "source": "Imran et al. 2025, https://arxiv.org/abs/2503.02191 (202 and 696 threads)",
    },
}


def evaluate(options: Options) -> Evaluation:
    """Return how well heat tells what derails, beside simple rules, from text and order alone.

    With `folds` all is fitted on the other folds, thresholds included; without, the weights in
    force judge, or those that `train` makes, with half as the threshold, and the rules only rank.
    Figures are means over DRAWS draws of folds and of where calm threads are cut.
    `accuracy_no_length` leaves out the features that carry length: `posts` and `words`. An archive
    is measured by planting in it (`jobs.evaluate.planted`).
    """
    if _archive(options.path()):
        return planted.evaluate(options)
    found = anonymous(talks(options.path(), options.limit))
    model = _model(options)
    read, seconds = timed(lambda: judged(options.settings, [talk.turns for talk in found]))
    curves = [prefixes(turns) for turns in read]
    every = []
    for seed in range(options.seed, options.seed + DRAWS):
        options.log(f"draw {seed - options.seed + 1} of {DRAWS}")
        seen = shown(found, read, curves, cut(found, seed))
        every.append(_told(seen, model, options.folds, seed))
    mean = {
        name: {key: fmean(one[name][key] for one in every) for key in every[0][name]}
        for name in every[0]
    }
    cards = judges.cards(options.settings)
    about = {task: f"{cards[task].name}@{cards[task].version}" for task in READ if task in cards}
    return Evaluation(
        name="conflict",
        data=str(options.path()),
        n=len(found),
        metrics=rounded(mean.pop("heat")),
        baselines={name: rounded(figures) for name, figures in mean.items()},
        published={name: dict(value) for name, value in PUBLISHED.items()},
        versions=versions("scikit-learn", heat=model.version, **about),
        seconds=round(seconds, 1),
        learned_from=_learned(options),
    )


def _archive(path: Path) -> bool:
    """Return whether a file has posts of a community rather than conversations."""
    if path.is_dir():
        return False
    [first] = records(path, (), 1)
    return {"thread_id", "created_at"} <= first.keys()


def _model(options: Options) -> HeatModel:
    """Return the weights in force, or those that the files to train on make."""
    if not options.train:
        return load_model(options.settings.heads_dir)
    learned = [talk for path in options.train for talk in talks(path)]
    read = judged(options.settings, [talk.turns for talk in learned])
    return fitted(learned, [prefixes(turns) for turns in read], options.seed)


def _told(seen: Shown, model: HeatModel, folds: int, seed: int) -> dict[str, Figures]:
    """Return the figures of heat and of the rules on one draw."""
    return crossed(seen, folds, seed) if folds else alone(seen, model) | ranked(seen)


def _learned(options: Options) -> bool:
    """Return whether the weights that judge have learned from the data; in folds none has."""
    if options.train:
        return not options.folds and options.path() in options.train
    card = read_card(options.settings.heads_dir)
    known = {one.get("sha256") for one in card.get("data", ())} - {""}
    return not options.folds and learned_digest(options.path()) in known
